@echo off
rem Runs the tests: all of them, or the parts that are named (test --help lists them). Sets up first where needed.
setlocal
set DOTNET_NOLOGO=1
set DOTNET_CLI_TELEMETRY_OPTOUT=1
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0build\setup.ps1"
if errorlevel 1 exit /b 1
if exist "%~dp0.dotnet\dotnet.exe" set "PATH=%~dp0.dotnet;%PATH%"
dotnet run --project "%~dp0build\Parley.Tasks" -c Release -v quiet -- test %*
