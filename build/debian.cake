// Debian packages that the targets need, and why.

var JudgePackages = new Dictionary<string, string>
{
    ["opensc"] = "pkcs11-tool, to look into the token independently",
    ["opensc-pkcs11"] = "pkcs11-spy, which counts logins",
    ["p11-kit"] = "serves a token over a socket",
    ["p11-kit-modules"] = "p11-kit-client.so, which uses it",
    ["swtpm"] = "a TPM",
    ["libtpm2-pkcs11-1"] = "its PKCS#11 module",
    ["libtss2-tcti-swtpm0"] = "how the module reaches it",
    ["openssl"] = "certificates and checks",
    ["patchelf"] = "starts the program with Debian 13's OpenSSL, which has ML-DSA",
    ["sbsigntool"] = "sbverify and sbsign judge signatures",
    ["pesign"] = "pesign judges digests",
    ["osslsigncode"] = "osslsigncode judges signatures",
    ["ima-evm-utils"] = "evmctl judges IMA signatures",
    ["attr"] = "getfattr reads extended attributes",
    ["acl"] = "getfacl reads access lists",
    ["fakeroot"] = "packages are built under it, and its answers have to be believed",
    ["libnss3-tools"] = "pesign's key store",
    ["libengine-pkcs11-openssl"] = "peers sign through PKCS#11 by it",
    ["zstd"] = "zstd judges payloads",
    ["efitools"] = "judges signature lists",
    ["cpio"] = "judges initrds",
    ["bsdextrautils"] = "hexdump, which the kernel's Makefile.zboot calls",
    ["file"] = "judges archives",
    ["python3-jsonschema"] = "judges JSON by the published schemas",
    ["git"] = "lists what the repository holds",
    ["linux-kbuild-6.1"] = "sign-file judges appended signatures",
    ["dracut-core"] = "calls sbsign as initrd makers do",
    ["dkms"] = "calls sign-file as distributions' module packages do",
    ["slurm-wlm"] = "runs a plan as an array job",
    ["munge"] = "tells Slurm's daemons apart from strangers",
    ["kmod"] = "modinfo judges appended signatures",
    ["libarchive-tools"] = "bsdtar judges archives",
    ["python3-yaml"] = "reads pipelines",
    ["dpkg-dev"] = "builds a package with the Debian pipeline, and unpacks shim's source",
    ["bzip2"] = "the same",
    ["debhelper"] = "the same",
    ["rpm"] = "builds and reads RPM packages",
    ["shellcheck"] = "judges the pipelines' scripts",
    ["zsh"] = "completes command lines",
    ["fish"] = "the same",
    ["man-db"] = "judges man pages",
    ["dosfstools"] = "makes FAT volumes",
    ["mtools"] = "copies to and from them",
    ["lintian"] = "judges the .deb",
    ["debootstrap"] = "makes the bare systems that packages are installed into",
    ["qemu-user-static"] = "runs the arm64 program",
    ["buildah"] = "builds the container",
    ["fsverity"] = "judges fs-verity digests",
    ["chromium"] = "judges pages",
    ["cmark-gfm"] = "judges Markdown",
    ["curl"] = "asks a signing service",
    ["openssh-client"] = "its agent signs",
    ["nodejs"] = "runs validators of pipelines",
    ["procps"] = "kill, which ends what is tried",
};

void NeedDebianPackages(IReadOnlyDictionary<string, string> needed)
{
    var missing = needed.Keys.Where(package => !IsInstalled(package)).ToArray();
    if (missing.Length == 0)
        return;
    var why = string.Join(", ", missing.Select(package => $"{package} ({needed[package]})"));
    var sudo = IsRoot() ? "" : CanSudo() ? "sudo -n " : null;
    if (sudo is null)
        throw new CakeException(1, $"KS6002: these Debian packages are missing: {why}. Run 'sudo apt-get install {string.Join(' ', missing)}' and start again.");
    Information("Installing {0}", why);
    Shell($"{sudo}apt-get update -q");
    Shell($"{sudo}env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends {string.Join(' ', missing)}");
}

// Bare Debian systems that packages are installed into, with what their tests need; only root can make them.
void NeedDebianRoots()
{
    if (!IsRoot())
        return;
    foreach (var (suite, packages) in new[] { ("bookworm", ""), ("bookworm", "libssl3 binutils-aarch64-linux-gnu"), ("trixie", "libssl3t64 binutils-aarch64-linux-gnu") })
    {
        if (StartProcess("bash", new ProcessSettings { Arguments = new ProcessArgumentBuilder().Append("build/debian-root.sh").AppendQuoted(MakeAbsolute(cache).FullPath).Append(suite).Append(packages) }) != 0)
            throw new CakeException(1, "KS6021: a bare Debian system could not be made; the message above says why.");
    }
}

// Validators of pipelines, which only npm has. No script of theirs is run on the way in.
void NeedNodePackages(params string[] packages)
{
    var folder = MakeAbsolute(cache).Combine("npm");
    var missing = packages.Where(package => !DirectoryExists(folder.Combine("node_modules").Combine(package.Substring(0, package.LastIndexOf('@'))))).ToArray();
    if (missing.Length == 0)
        return;
    if (StartProcess("sh", new ProcessSettings { Arguments = "-c \"command -v npm >/dev/null\"", Silent = true }) != 0)
        NeedDebianPackages(new Dictionary<string, string> { ["npm"] = "fetches validators of pipelines" });
    EnsureDirectoryExists(folder);
    Shell($"npm install --prefix '{folder}' --no-save --no-audit --no-fund --ignore-scripts --loglevel=error {string.Join(' ', packages)}");
}

bool IsInstalled(string package)
{
    var exit = StartProcess("dpkg-query", new ProcessSettings
    {
        Arguments = new ProcessArgumentBuilder().Append("-W").Append("-f=${Status}").Append(package),
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Silent = true,
    }, out var output);
    return exit == 0 && output.Any(line => line.Contains("install ok installed"));
}

bool IsRoot() => System.Environment.UserName == "root";

bool CanSudo() => StartProcess("sh", new ProcessSettings { Arguments = "-c \"sudo -n true >/dev/null 2>&1\"", Silent = true }) == 0;

void Shell(string command)
{
    var exit = StartProcess("sh", new ProcessSettings { Arguments = new ProcessArgumentBuilder().Append("-c").AppendQuoted(command) });
    if (exit != 0)
        throw new CakeException(1, $"KS6003: '{command}' ended with {exit}. Its own message stands above.");
}
