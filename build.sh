#!/bin/sh
# The way in: ./build.sh --target=Demo|Test|Build|Pack|Boot|Bench|Site. Everything else is in build.cake.
set -eu
cd -- "$(dirname -- "$0")"
exec </dev/null

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# A log in a file gets no escape codes.
[ -t 1 ] || export NO_COLOR=1
export CAKE_SETTINGS_ENABLESCRIPTCACHE=true CAKE_SETTINGS_SHOWPROCESSCOMMANDLINE=false

if ! command -v dotnet >/dev/null 2>&1 || ! dotnet --version >/dev/null 2>&1; then
    echo "The .NET SDK 10.0 is needed to build KexecSign; see https://dotnet.microsoft.com/download/dotnet/10.0 or install 'dotnet-sdk-10.0' from Microsoft's Debian feed." >&2
    exit 1
fi

# The addin is what build.cake calls; it is built again only when something it is made of is newer.
addin=artifacts/addin/Cake.KexecSign.dll
fresh=
if [ ! -f "$addin" ] || [ -n "$(find src/Cake.KexecSign src/KexecSign src/KexecSign.Keys src/KexecSign.Simulation src/KexecSign.Formats src/parsers \
        Directory.Build.props Directory.Packages.props \( -name bin -o -name obj \) -prune -o -type f -newer "$addin" -print -quit)" ]; then
    echo "Building the Cake addin"
    # Beside the old one first: a build that fails must not leave half an addin that looks new.
    dotnet publish src/Cake.KexecSign -c Release -o artifacts/addin.new -v quiet --nologo
    rm -rf artifacts/addin
    mv artifacts/addin.new artifacts/addin
    touch "$addin"
    fresh=--invalidate-script-cache
fi

dotnet tool restore --verbosity quiet >/dev/null
# Tools run with all rights of the build: what was fetched must be what was looked at. 'NAME VERSION SHA-512' as NuGet keeps it.
packages=${NUGET_PACKAGES:-${HOME:-/root}/.nuget/packages}
while read -r name version wanted; do
    found=$(cat "$packages/$name/$version/$name.$version.nupkg.sha512" 2>/dev/null || true)
    if [ "$found" != "$wanted" ]; then
        echo "KS6022: the tool $name $version in $packages has SHA-512 '$found', not '$wanted' as build/tools.sha512 says. Remove it and try again; if it stays so, its source was changed." >&2
        exit 1
    fi
done < build/tools.sha512

summary=artifacts/tests/summary
rm -f "$summary"
status=0
dotnet cake build.cake $fresh "$@" || status=$?
# The last line of a test run, whatever else was said after the tests.
[ ! -f "$summary" ] || cat "$summary"
exit "$status"
