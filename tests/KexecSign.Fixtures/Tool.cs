using Xunit;

namespace KexecSign.Fixtures;

/// <summary>What a tool answered.</summary>
/// <param name="Exit">Its exit code.</param>
/// <param name="Output">Standard output, then standard error.</param>
public sealed record ToolAnswer(int Exit, string Output);

/// <summary>Runs the Debian tools that judge our files.</summary>
public static class Tool
{
    /// <summary>The kernel's own signer of modules.</summary>
    public const string SignFile = "/usr/lib/linux-kbuild-6.1/scripts/sign-file";

    /// <summary>systemd's own prediction of PCR 11.</summary>
    public const string SystemdMeasure = "/usr/lib/systemd/systemd-measure";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, string> PlainWords = new() { ["LC_ALL"] = "C" };

    private static readonly Dictionary<string, string> Packages = new()
    {
        ["sbsign"] = "sbsigntool",
        ["sbverify"] = "sbsigntool",
        ["sbattach"] = "sbsigntool",
        ["pesign"] = "pesign",
        ["certutil"] = "libnss3-tools",
        ["pk12util"] = "libnss3-tools",
        ["osslsigncode"] = "osslsigncode",
        ["bash"] = "bash",
        ["python3"] = "python3-jsonschema",
        ["evmctl"] = "ima-evm-utils",
        ["rpmbuild"] = "rpm",
        ["rpm"] = "rpm",
        ["getfattr"] = "attr",
        ["setfattr"] = "attr",
        ["openssl"] = "openssl",
        ["munged"] = "munge",
        ["slurmctld"] = "slurm-wlm",
        ["slurmd"] = "slurm-wlm",
        ["sbatch"] = "slurm-wlm",
        ["scontrol"] = "slurm-wlm",
        ["patchelf"] = "patchelf",
        ["tar"] = "tar",
        ["zstd"] = "zstd",
        ["cpio"] = "cpio",
        ["gzip"] = "gzip",
        ["gcc"] = "gcc",
        ["clang"] = "clang",
        ["llvm-mc"] = "llvm",
        ["clang-16"] = "clang-16",
        ["clang-19"] = "clang-19",
        ["bpftool"] = "bpftool",
        ["/usr/sbin/bpftool"] = "bpftool",
        ["aarch64-linux-gnu-gcc"] = "gcc-aarch64-linux-gnu",
        ["objdump"] = "binutils",
        ["aarch64-linux-gnu-objdump"] = "binutils-aarch64-linux-gnu",
        ["script"] = "bsdutils",
        ["make"] = "make",
        ["timeout"] = "coreutils",
        ["setpriv"] = "util-linux",
        ["mount"] = "mount",
        ["ln"] = "coreutils",
        ["fakeroot"] = "fakeroot",
        ["getfacl"] = "acl",
        ["setfacl"] = "acl",
        ["test"] = "coreutils",
        ["chmod"] = "coreutils",
        ["chown"] = "coreutils",
        ["mknod"] = "coreutils",
        ["mkfifo"] = "coreutils",
        ["cp"] = "coreutils",
        ["env"] = "coreutils",
        ["umount"] = "mount",
        ["cert-to-efi-sig-list"] = "efitools",
        ["sign-efi-sig-list"] = "efitools",
        ["hash-to-efi-sig-list"] = "efitools",
        [SignFile] = "linux-kbuild-6.1",
        ["modinfo"] = "kmod",
        [SystemdMeasure] = "systemd",
        ["/usr/bin/python3"] = "python3-pefile",
        ["swtpm"] = "swtpm",
        ["tpm2_pcrextend"] = "tpm2-tools",
        ["tpm2_pcrread"] = "tpm2-tools",
        ["tpm2_loadexternal"] = "tpm2-tools",
        ["tpm2_verifysignature"] = "tpm2-tools",
        ["tpm2_policyauthorize"] = "tpm2-tools",
        ["tpm2_policypcr"] = "tpm2-tools",
        ["tpm2_startauthsession"] = "tpm2-tools",
        ["tpm2_flushcontext"] = "tpm2-tools",
        ["xz"] = "xz-utils",
        ["bsdtar"] = "libarchive-tools",
        ["fsverity"] = "fsverity",
        ["kill"] = "procps",
        ["zsh"] = "zsh",
        ["fish"] = "fish",
        ["man"] = "man-db",
        ["node"] = "nodejs",
        ["dpkg-buildpackage"] = "dpkg-dev",
        ["dh"] = "debhelper",
        ["shellcheck"] = "shellcheck",
        ["/usr/sbin/mkfs.vfat"] = "dosfstools",
        ["mcopy"] = "mtools",
        ["dpkg"] = "dpkg",
        ["dpkg-deb"] = "dpkg",
        ["cmark-gfm"] = "cmark-gfm",
        ["chromium"] = "chromium",
        ["curl"] = "curl",
        ["ssh-agent"] = "openssh-client",
        ["sig-list-to-certs"] = "efitools",
        ["flash-var"] = "efitools",
        ["/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd"] = "qemu-efi-aarch64",
        ["pkcs11-tool"] = "opensc",
        ["/usr/lib/softhsm/libsofthsm2.so"] = "softhsm2",
        ["ld.lld"] = "lld",
        ["llvm-objcopy"] = "llvm",
        ["aarch64-linux-gnu-objcopy"] = "binutils-aarch64-linux-gnu",
        ["aarch64-linux-gnu-ld"] = "binutils-aarch64-linux-gnu",
        ["aarch64-linux-gnu-ar"] = "binutils-aarch64-linux-gnu",
        ["riscv64-linux-gnu-ld"] = "binutils-riscv64-linux-gnu",
        ["hexdump"] = "bsdextrautils",
        ["bzip2"] = "bzip2",
        ["lz4"] = "lz4",
        ["lzop"] = "lzop",
        ["flex"] = "flex",
        ["bison"] = "bison",
        ["bc"] = "bc",
    };

    /// <summary>Skips the test when a tool is missing; fails it when KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Require(params ReadOnlySpan<string> tools)
    {
        foreach (string tool in tools)
            Demand(Find(tool), $"{tool} is missing; apt-get install {Packages.GetValueOrDefault(tool, "what it is in")}");
    }

    /// <summary>Skips the test for want of something; fails it when KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Demand(bool there, string reason)
    {
        if (!there && Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_TOOLS") == "1")
            throw new InvalidOperationException(reason);
        Skip.IfNot(there, reason);
    }

    /// <summary>Runs a tool that must succeed and gives its output.</summary>
    public static string Run(string tool, params ReadOnlySpan<string> arguments)
    {
        Require(tool);
        return Succeeded(new(tool, arguments.ToArray()));
    }

    /// <summary>Runs a tool in a folder; it must succeed.</summary>
    public static string RunIn(string folder, string tool, params ReadOnlySpan<string> arguments)
    {
        Require(tool);
        return Succeeded(new(tool, arguments.ToArray()) { Folder = folder });
    }

    /// <summary>Runs a tool whose exit code is the answer.</summary>
    public static ToolAnswer Ask(string tool, params ReadOnlySpan<string> arguments)
    {
        Require(tool);
        return Answer(new ProcessRun(tool, arguments.ToArray()));
    }

    private static ToolAnswer Answer(ProcessRun run)
    {
        ProcessAnswer answer = (run with { Environment = PlainWords, Patience = Patience }).End();
        return new(answer.Exit, answer.Said);
    }

    private static string Succeeded(ProcessRun run)
    {
        ToolAnswer answer = Answer(run);
        if (answer.Exit != 0)
            throw new InvalidOperationException($"{run} ended with {answer.Exit}:\n{answer.Output}");
        return answer.Output;
    }

    /// <summary>Whether a program is in PATH, or a file where its path says.</summary>
    public static bool Find(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, tool)));
}
