@echo off
rem Starts a Parley server: installs what is missing, builds, and prints how the next person joins. Options go to the server.
setlocal
set DOTNET_NOLOGO=1
set DOTNET_CLI_TELEMETRY_OPTOUT=1
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0build\setup.ps1" -Build
if errorlevel 1 exit /b 1
if exist "%~dp0.dotnet\dotnet.exe" set "PATH=%~dp0.dotnet;%PATH%"
set data=--data "%~dp0.parley\server"
echo %* | findstr /C:"--data" >nul && set data=
if defined PARLEY_DATABASE set data=
dotnet "%~dp0artifacts\bin\Parley.Server\release\parley-server.dll" run --print-invite %data% %*
