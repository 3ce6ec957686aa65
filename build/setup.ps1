# Called by run.cmd, parley.cmd, test.cmd and bench.cmd: finds the .NET 10 SDK or installs it, and with -Build builds what
# has changed. The twin of build/setup.sh.
param([switch] $Build)
$ErrorActionPreference = 'Stop'
$root = Split-Path -Parent $PSScriptRoot
$channel = '10.0'
$stamp = Join-Path $root 'artifacts/built'
Set-Location $root

if (Test-Path '.dotnet/dotnet.exe') { $env:PATH = "$root\.dotnet;$env:PATH" }

# Is an SDK there that global.json accepts?
function Test-Sdk {
    if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) { return $false }
    cmd /c 'dotnet --version >nul 2>&1' # Windows PowerShell takes a redirected error stream for an error.
    return $LASTEXITCODE -eq 0
}

function Install-Sdk {
    Write-Host "Parley needs the .NET $channel SDK, and none was found. Installing it, once, into .dotnet (about 250 MB) ..."
    try {
        New-Item -ItemType Directory -Force '.dotnet' | Out-Null
        [Net.ServicePointManager]::SecurityProtocol = 'Tls12'
        Invoke-WebRequest -UseBasicParsing 'https://dot.net/v1/dotnet-install.ps1' -OutFile '.dotnet/dotnet-install.ps1'
        & '.dotnet/dotnet-install.ps1' -Channel $channel -InstallDir "$root\.dotnet" -NoPath
    } catch {
        Write-Host "The .NET $channel SDK could not be installed: $($_.Exception.Message)"
        Write-Host "Install it with 'winget install Microsoft.DotNet.SDK.10', or from https://dotnet.microsoft.com/download, and run this again."
        exit 1
    }
    $env:PATH = "$root\.dotnet;$env:PATH"
    if (-not (Test-Sdk)) { Write-Host 'The .NET SDK was installed but does not start.'; exit 1 }
}

function Find-Changed {
    if (-not (Test-Path $stamp)) { return 'the first build' }
    $built = (Get-Item $stamp).LastWriteTimeUtc
    $sources = @(Get-Item 'Directory.*', 'global.json') + @(Get-ChildItem 'src', 'build' -Recurse -File)
    return ($sources | Where-Object { $_.LastWriteTimeUtc -gt $built } | Select-Object -First 1).Name
}

if ($Build) {
    $changed = Find-Changed
    if (-not $changed) { exit 0 }
}
if (-not (Test-Sdk)) { Install-Sdk }
if ($Build) {
    Write-Host "Building Parley ($changed). The first time takes a minute or two ..."
    $started = (Get-Date).ToUniversalTime()
    Remove-Item $stamp -ErrorAction SilentlyContinue
    foreach ($project in 'Parley.Server', 'Parley.Terminal') {
        dotnet build "src/$project" -c Release -v quiet --nologo
        if ($LASTEXITCODE -ne 0) { Write-Host "The build of $project failed: the reason stands above."; exit 1 }
    }
    # Dates the stamp from before the build, so that what is edited during it counts as newer.
    New-Item -ItemType File -Force $stamp | Out-Null
    (Get-Item $stamp).LastWriteTimeUtc = $started
}
exit 0
