@echo off
rem The terminal client: parley join LINK, parley, parley send @name "hi". Sets up and builds first where needed.
setlocal
set DOTNET_NOLOGO=1
set DOTNET_CLI_TELEMETRY_OPTOUT=1
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0build\setup.ps1" -Build
if errorlevel 1 exit /b 1
if exist "%~dp0.dotnet\dotnet.exe" set "PATH=%~dp0.dotnet;%PATH%"
dotnet "%~dp0artifacts\bin\Parley.Terminal\release\parley.dll" %*
