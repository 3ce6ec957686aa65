# Sourced by run, parley, test, bench and .ci/run: finds the .NET 10 SDK or installs it, and builds what has changed.
# Everything with more logic than this stands in build/Parley.Tasks, which Windows shares. build/setup.ps1 is the twin.
# Written for the bash 3.2 of macOS as well.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sdk_channel=10.0
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true
# The SDK then needs no ICU, which a bare Debian lacks. Parley itself is built invariant.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

# An SDK that an earlier call installed for this repository comes first.
if [[ -x $root/.dotnet/dotnet ]]; then
    export DOTNET_ROOT="$root/.dotnet" PATH="$root/.dotnet:$PATH"
fi

say() { printf '%s\n' "$*" >&2; }

# Is an SDK there that global.json accepts?
sdk_ready() { (cd "$root" && dotnet --version) >/dev/null 2>&1; }

ensure_sdk() {
    sdk_ready && return
    say "Parley needs the .NET $sdk_channel SDK, and none was found. Installing it, once ..."
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        install_sdk_from_debian
    fi
    sdk_ready || install_sdk_from_microsoft
    sdk_ready && return
    say "The .NET SDK was installed but does not start. What it says:"
    (cd "$root" && dotnet --version) >&2 || true
    exit 1
}

# Takes the SDK from Debian's own feed where that has it. Otherwise brings what Microsoft's build needs to start.
install_sdk_from_debian() {
    apt update || say "  The package lists could not be updated; going on with those that are there."
    if [[ -n $(apt-cache search --names-only "^dotnet-sdk-$sdk_channel\$") ]]; then
        say "  from the package dotnet-sdk-$sdk_channel"
        apt install -y "dotnet-sdk-$sdk_channel" || say "  The package could not be installed."
    else
        apt install -y --no-install-recommends --no-upgrade ca-certificates curl libstdc++6 openssl ||
            say "  The packages curl and openssl could not be installed."
    fi
}

# apt-get without questions; what it prints is shown only if it fails.
apt() {
    local printed
    printed=$(DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" 2>&1 </dev/null) && return
    say "$printed"
    return 1
}

# Microsoft's install script needs no root and touches nothing outside .dotnet.
install_sdk_from_microsoft() {
    local script="$root/.dotnet/dotnet-install.sh" url=https://dot.net/v1/dotnet-install.sh
    say "  with Microsoft's dotnet-install into .dotnet (about 250 MB)"
    mkdir -p "$root/.dotnet"
    if ! download "$url" "$script" || ! bash "$script" --channel "$sdk_channel" --install-dir "$root/.dotnet" --no-path >&2; then
        say ""
        say "The .NET $sdk_channel SDK could not be installed: $url or what it fetches was not reached."
        say "Without a network, bring the SDK yourself and run this again:"
        say "  1. On a machine with a network, download the .NET $sdk_channel SDK (a .tar.gz) from https://dotnet.microsoft.com/download"
        say "  2. Here: mkdir -p '$root/.dotnet' && tar -xzf dotnet-sdk-*.tar.gz -C '$root/.dotnet'"
        exit 1
    fi
    export DOTNET_ROOT="$root/.dotnet" PATH="$root/.dotnet:$PATH"
}

download() {
    if command -v curl >/dev/null; then
        curl -fsSL --retry 2 -o "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1"
    else
        say "Neither curl nor wget is installed, so nothing can be downloaded."
        return 1
    fi
}

# Builds server and terminal client, unless the last build is newer than every source. A failed build leaves no stamp.
ensure_built() {
    local stamp="$root/artifacts/built" changed=
    if [[ -f $stamp ]]; then
        changed=$(cd "$root" && find src Directory.* global.json build -newer "$stamp" -type f -print -quit)
        [[ -n $changed ]] || return 0
    fi
    ensure_sdk
    say "Building Parley${changed:+ ($changed is newer than the last build)}. The first time takes a minute or two ..."
    local started="$root/artifacts/build.started" log="$root/artifacts/build.log" project
    mkdir -p "$root/artifacts"
    rm -f "$stamp"
    touch "$started" # Dates the stamp, so that what is edited during the build counts as newer.
    for project in Parley.Server Parley.Terminal; do
        if ! dotnet build "$root/src/$project" -c Release -v quiet >"$log" 2>&1; then
            cat "$log" >&2
            say "The build of $project failed: the reason stands above, and in artifacts/build.log."
            exit 1
        fi
    done
    mv "$started" "$stamp"
}

# Becomes a built program: its process id, its signals and its exit code are those of the script.
become() {
    local program="$root/artifacts/bin/$1/release/$2.dll"
    shift 2
    exec dotnet "$program" "$@"
}

tasks() { dotnet run --project "$root/build/Parley.Tasks" -c Release -v quiet -- "$@"; }
