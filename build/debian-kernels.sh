#!/bin/bash
# debian-kernels.sh CACHE KIND...
#
# Fetches Debian packages and unpacks what KexecSign needs from them; prints "KIND=FOLDER" for each. Kinds:
# image (linux-image-6.12*-arm64-unsigned), source (linux-source-6.12), source-6.1 (linux-source-6.1), signed (linux-image-6.12*-arm64),
# cloud (linux-image-6.12*-cloud-arm64-unsigned), shim (shim-signed), shim-unsigned, stub (systemd-boot-efi), stub-backports (the same from the
# release's backports), deflate (libdeflate-dev); and for a guest busybox (busybox-static), kexec-tools, attr, efitools, e2fsprogs (chattr) and what they are linked with.
# Of Linux 7, which the next release's backports have: source-7.3 (linux-source-7.3), binary-7.3 and cloud-binary-7.3 (linux-binary-7.3*, whose
# kernel is usr/lib/modules/VERSION/vmlinuz), headers-7.3 and cloud-headers-7.3 (linux-headers-7.3*), common-headers-7.3, kbuild-7.3, and
# config-7.3 (linux-config-7.3). PACKAGE/SUITE is any package of another suite, "systemd-ukify/sid" for instance.
# The newest version that apt offers is taken, never a fixed one. DEB_ARCH takes them from another architecture than arm64.
#
# Works as any user: apt runs on a private state below CACHE, so the machine's own architectures and lists stay as they are.
set -euo pipefail
export LC_ALL=C

series=6.12
# Kinds that are a package's own name.
guest=' kexec-tools attr efitools e2fsprogs libc6 zlib1g libattr1 libssl3 libext2fs2 libcom-err2 '
arch=${DEB_ARCH:-arm64}
cache=$1
shift
debian=$cache/debian
mkdir -p "$debian"

fail() { echo "KS6001: $1" >&2; exit 1; }

# Where Linux 7 is.
next=trixie-backports

# The Debian archives that this machine uses already, restricted to the kernel's architecture.
# With an argument, that suite of the same archives instead: of its own release ("-backports"), or another ("sid").
private_apt() {
    mkdir -p "$state"/lists/partial "$state"/cache/archives/partial "$state"/etc/empty.d
    : > "$state/status"
    apt-get indextargets --format '$(SITE)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
        sort -u | while IFS='|' read -r site release component key; do
            [ -r "$key" ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
            case $1 in
                '' | -*) suite=$release$1 ;;
                *) case $release in *-security) continue ;; *) suite=$1 ;; esac ;;
            esac
            case $1:$suite in -*:*-*-*) continue ;; esac
            echo "deb [arch=$arch signed-by=$key] $site $suite $component"
        done | sort -u > "$state/etc/sources.list"
    [ -s "$state/etc/sources.list" ] || fail "apt has no package lists from Debian. Run 'apt-get update' as root first."
    # Given with -c this is read behind the machine's own files: proxies stay, hooks and other architectures go.
    cat > "$state/etc/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-hidpi;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large-hidpi;
#clear APT::Architectures;
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$state/etc/sources.list";
Dir::Etc::sourceparts "$state/etc/empty.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/etc/empty.d";
CONF
    apt-get -q -c "$state/etc/apt.conf" update >&2
}

pattern() {
    local name="^linux-image-${series//./\\.}\\.[0-9]+([+~][^-]*)?(-[0-9]+)?"
    local seven="${1##*-}"
    seven="${seven//./\\.}\\.[0-9]+([+~][^-]*)?"
    case $1 in
        */*) echo "^${1%/*}\$" ;;
        binary-7.* | headers-7.*) echo "^linux-${1%-*}-$seven-$arch\$" ;;
        cloud-binary-7.* | cloud-headers-7.*) kind=${1#cloud-}; echo "^linux-${kind%-*}-$seven-cloud-$arch\$" ;;
        common-headers-7.*) echo "^linux-headers-$seven-common\$" ;;
        kbuild-7.*) echo "^linux-kbuild-$seven\$" ;;
        source-7.* | config-7.*) echo "^linux-${1//./\\.}\$" ;;
        image) echo "$name-$arch-unsigned\$" ;;
        signed) echo "$name-$arch\$" ;;
        cloud) echo "$name-cloud-$arch-unsigned\$" ;;
        shim) echo '^shim-signed$' ;;
        shim-unsigned) echo '^shim-unsigned$' ;;
        stub | stub-backports) echo '^systemd-boot-efi$' ;;
        busybox) echo '^busybox-static$' ;;
        deflate) echo '^libdeflate-dev$' ;;
        source) echo "^linux-source-${series//./\\.}\$" ;;
        source-6.1) echo '^linux-source-6\.1$' ;;
        *) [[ $guest == *" $1 "* ]] || fail "'$1' is no kind of kernel package."; echo "^$1\$" ;;
    esac
}

# Highest version over all packages that match: "name version".
newest() {
    local names best= bestVersion= name version
    names=$(apt-cache -c "$state/etc/apt.conf" search --names-only "$1" | cut -d' ' -f1)
    [ -n "$names" ] || fail "apt offers no package that matches $1. Is the release's security archive in its sources?"
    while IFS='|' read -r name version _; do
        name=${name// /} version=${version// /}
        if [ -z "$best" ] || dpkg --compare-versions "$version" gt "$bestVersion"; then
            best=$name bestVersion=$version
        fi
    done < <(apt-cache -c "$state/etc/apt.conf" madison $names)
    echo "$best $bestVersion"
}

# Downloads into a folder of its own and unpacks beside the target, so that an interrupted run leaves nothing half done.
unpack() {
    local kind=$1 name=$2 version=$3 target=$4 work
    work=$(mktemp -d "$debian/.fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    echo "fetching $name $version" >&2
    (cd "$work" && apt-get -q -c "$state/etc/apt.conf" download "$name=$version" >&2)
    mkdir "$work/root"
    if [[ $kind == source* ]]; then
        dpkg-deb --fsys-tarfile "$work"/*.deb | tar x -C "$work/root" --no-same-owner --wildcards './usr/src/linux-source-*.tar.xz'
    elif [[ $kind == */* ]]; then
        dpkg-deb --fsys-tarfile "$work"/*.deb | tar x -C "$work/root" --no-same-owner
    elif [[ $kind == shim* || $kind == stub* || $kind == deflate ]]; then
        dpkg-deb --fsys-tarfile "$work"/*.deb | tar x -C "$work/root" --no-same-owner --wildcards './usr/lib/*'
    elif [[ $kind == *-7.* ]]; then
        dpkg-deb --fsys-tarfile "$work"/*.deb | tar x -C "$work/root" --no-same-owner --exclude './usr/share'
    elif [[ " busybox$guest" == *" $kind "* ]]; then
        dpkg-deb --fsys-tarfile "$work"/*.deb | tar x -C "$work/root" --no-same-owner --exclude './usr/share'
    else
        dpkg-deb --fsys-tarfile "$work"/*.deb | tar x -C "$work/root" --no-same-owner --wildcards './boot/*'
    fi
    mv "$work/root" "$target"
    rm -rf "$work"
    trap - EXIT
}

refreshed=
for kind in "$@"; do
    # Other suites have a state of their own, or their kernels would be the newest.
    case $kind in
        stub-backports) suite=-backports suffix=-backports ;;
        *-7.*) suite=$next suffix=-of-$suite ;;
        */*) suite=${kind#*/} suffix=-of-$suite ;;
        *) suite='' suffix='' ;;
    esac
    state=$cache/apt$suffix
    [ "$arch" = arm64 ] || state=$cache/apt-$arch$suffix
    case $refreshed in *" $suffix;"*) ;; *)
        private_apt "$suite" || echo "apt could not refresh its lists; using what is cached" >&2
        refreshed="$refreshed $suffix;" ;;
    esac
    read -r name version < <(newest "$(pattern "$kind")")
    [ -n "${version:-}" ] || exit 1
    target=$debian/${name}_${version//:/%3a}
    # The names of these packages do not tell the architecture.
    case $kind in
        shim | shim-unsigned | stub | busybox | deflate | kbuild-7.* | config-7.* | */*) target=${target}_$arch ;;
        stub-backports) target=$debian/backports-${name}_${version//:/%3a}_$arch ;;
        *) [[ $guest != *" $kind "* ]] || target=${target}_$arch ;;
    esac
    [ -d "$target" ] || unpack "$kind" "$name" "$version" "$target"
    echo "$kind=$target"
done
