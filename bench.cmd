@echo off
rem Runs the benchmarks: bench mls --json FILE, bench server --json FILE. Sets up first where needed.
setlocal
set DOTNET_NOLOGO=1
set DOTNET_CLI_TELEMETRY_OPTOUT=1
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0build\setup.ps1"
if errorlevel 1 exit /b 1
if exist "%~dp0.dotnet\dotnet.exe" set "PATH=%~dp0.dotnet;%PATH%"
dotnet run --project "%~dp0benchmarks\Parley.Bench" -c Release -v quiet -- %*
