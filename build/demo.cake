// The main job: from a stock Debian kernel to a signed, bootable, kexec-able zboot.

var KernelPackages = new Dictionary<string, string>
{
    ["xz-utils"] = "unpacks the kernel source",
};

var KitPackages = new Dictionary<string, string>
{
    ["make"] = "the kernel's build",
    ["gcc"] = "the kernel's configuration programs",
    ["libc6-dev"] = "the same",
    ["flex"] = "the same",
    ["bison"] = "the same",
    ["bc"] = "the kernel's build",
    ["gcc-aarch64-linux-gnu"] = "compiles the zboot stub",
    ["binutils-aarch64-linux-gnu"] = "links the zboot image",
};

var ParserPackages = new Dictionary<string, string>
{
    ["clang"] = "compiles the BPF parsers",
    ["libbpf-dev"] = "the headers of the tests' own parser",
    ["bpftool"] = "its light skeleton",
};

var BootPackages = new Dictionary<string, string>
{
    ["qemu-system-arm"] = "boots the result",
    ["ipxe-qemu"] = "a file that QEMU's network card wants",
    ["qemu-efi-aarch64"] = "firmware with Secure Boot",
};

var DemoPackages = KernelPackages.Concat(KitPackages).Concat(ParserPackages).Concat(BootPackages)
    .Append(new("libdeflate0", "gzip payloads")).Append(new("softhsm2", "a token to sign with"))
    .ToDictionary(pair => pair.Key, pair => pair.Value);

// Kernels of other versions and architectures, and what their stubs can hold.
var KernelTestPackages = new Dictionary<string, string>
{
    ["libc6-dev-arm64-cross"] = "the arm64 program is linked with it; kits captured before it came would be others",
    ["gcc-riscv64-linux-gnu"] = "compiles the zboot stub for riscv",
    ["binutils-riscv64-linux-gnu"] = "links it",
    ["liblz4-1"] = "lz4 payloads",
    ["liblzo2-2"] = "lzo payloads",
    ["liblzma5"] = "xz and lzma payloads",
    ["lz4"] = "makes some",
    ["lzop"] = "makes some",
    ["lld"] = "links zboot images without binutils of the architecture",
    ["llvm"] = "llvm-objcopy, which goes with it; llvm-mc judges the BPF vectors",
};

// Unified kernel images on both machines, and what systemd and others say of them.
var UkiTestPackages = new Dictionary<string, string>
{
    ["qemu-system-x86"] = "boots images for x86-64",
    ["ovmf"] = "firmware with Secure Boot for it",
    ["systemd-boot-efi"] = "boot loader and stubs of this machine, which examples are tried with",
    ["python3-pefile"] = "reads images as ukify does",
    ["systemd"] = "systemd-measure judges PCR 11",
    ["tpm2-tools"] = "extends a TPM's registers and asks for their policies",
};

// What the boot lab's kernel is built with, besides the packages for kits, and machines besides that of the demo.
var LabPackages = new Dictionary<string, string>
{
    ["libssl-dev"] = "the kernel's build reads certificates with it",
    ["perl-base"] = "writes one of the kernel's tables",
    ["dwarves"] = "pahole, which writes the type information of Linux 7 and of the judge's modules",
    ["libelf-dev"] = "the kernel's resolve_btfids, for the same",
    ["zlib1g-dev"] = "the same",
};

// riscv64 in the lab.
var RiscVPackages = new Dictionary<string, string>
{
    ["qemu-system-misc"] = "boots images for riscv64",
    ["u-boot-qemu"] = "its firmware with EFI",
};

var TestPackages = DemoPackages.Concat(JudgePackages).Concat(KernelTestPackages).Concat(UkiTestPackages).Concat(LabPackages).Concat(RiscVPackages)
    .DistinctBy(pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Value);

// Kernel packages by kind, unpacked in the cache; the newest that apt offers.
Dictionary<string, DirectoryPath> Kernels(params string[] kinds) => KernelsOf("arm64", kinds);

Dictionary<string, DirectoryPath> KernelsOf(string architecture, params string[] kinds)
{
    var exit = StartProcess("bash", new ProcessSettings
    {
        Arguments = new ProcessArgumentBuilder().Append("build/debian-kernels.sh").AppendQuoted(MakeAbsolute(cache).FullPath).Append(string.Join(' ', kinds)),
        EnvironmentVariables = new Dictionary<string, string> { ["DEB_ARCH"] = architecture },
        RedirectStandardOutput = true,
    }, out var lines);
    var found = lines.Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => new DirectoryPath(pair[1]));
    if (exit != 0 || kinds.Any(kind => !found.ContainsKey(kind)))
        throw new CakeException(1, "KS6001: Debian's kernel packages could not be fetched; the message above says why.");
    return found;
}

// Debian 13's OpenSSL, unpacked in the cache: the first with ML-DSA.
void NeedOpenSsl35()
{
    if (StartProcess("bash", new ProcessSettings { Arguments = new ProcessArgumentBuilder().Append("build/openssl35.sh").AppendQuoted(MakeAbsolute(cache).FullPath) }) != 0)
        throw new CakeException(1, "KS6001: Debian 13's OpenSSL could not be fetched; the message above says why.");
}

// The OpenSSL of EDK2 2022.11, as long as mirrors have Debian 11; the boot lab asks that firmware itself.
void NeedOpenSsl11()
{
    try
    {
        KernelsOf("amd64", "libssl1.1/bullseye", "libssl-dev/bullseye");
    }
    catch (CakeException missing)
    {
        Warning("{0} Chains are not held against OpenSSL 1.1.1.", missing.Message);
    }
}

// shim's own code as a judge of the tests; without a network, what is in the cache. The tests that want it say when it is missing.
void NeedShimJudge()
{
    if (StartProcess("bash", new ProcessSettings { Arguments = new ProcessArgumentBuilder().Append("build/shim-judge.sh").AppendQuoted(MakeAbsolute(cache).FullPath).Append("tests/Consumers/Judges") }) != 0)
        Warning("shim's source could not be fetched or built; the message above says why, and the tests against it are skipped.");
}

FilePath KernelIn(DirectoryPath package) => GetFiles(package + "/boot/vmlinuz-*").Single();

// The kit of a source package and a kernel package's configuration, or the architecture's own; captured once, then taken from the cache.
FilePath KitOf(DirectoryPath source, DirectoryPath package, string architecture = "arm64")
{
    var kit = MakeAbsolute(cache).Combine("kits").CombineWithFilePath($"{source.GetDirectoryName()}_{architecture}_schema3.kit");
    if (!FileExists(kit))
    {
        EnsureDirectoryExists(kit.GetDirectory());
        KexecSignZbootKit(new ZbootKitOptions
        {
            Source = GetFiles(source + "/usr/src/linux-source-*.tar.xz").Single().FullPath,
            Architecture = architecture,
            Config = package is null ? null : GetFiles(package + "/boot/config-*").Single().FullPath,
            SourcePackage = source.GetDirectoryName(),
            Output = kit.FullPath,
        });
    }
    return kit;
}

// The boot lab's tiny kernel; built once, then taken from the cache.
DirectoryPath LabKernelOf(DirectoryPath source, string architecture = "arm64") => Built(
    "the boot lab's kernel",
    new ProcessArgumentBuilder().Append("build/lab-kernel.sh").AppendQuoted(MakeAbsolute(cache).FullPath).AppendQuoted(source.FullPath).Append(architecture));

// The modules that run parsers in a kernel of Linux 7: the lab's, or Debian's of an architecture, whose packages are given.
void JudgeOf(DirectoryPath lab, string architecture = "", params Dictionary<string, DirectoryPath>[] packages)
{
    var arguments = new ProcessArgumentBuilder().Append("build/judge-module.sh").AppendQuoted(MakeAbsolute(cache).FullPath).AppendQuoted(lab.FullPath);
    if (architecture != "")
        arguments.Append(architecture);
    foreach (var (kind, folder) in packages.SelectMany(package => package))
        arguments.AppendQuoted($"{kind}={folder}");
    Built("the judge of parsers", arguments);
}

// What a script builds and names in its last line.
DirectoryPath Built(string what, ProcessArgumentBuilder arguments)
{
    var exit = StartProcess("bash", new ProcessSettings { Arguments = arguments, RedirectStandardOutput = true }, out var lines);
    return exit == 0 ? new DirectoryPath(lines.Last()) : throw new CakeException(1, $"KS6001: {what} could not be built; the message above says why.");
}

// Whether a run without one of the lab's kernels is to build it: minutes that nobody should find in a first run of the tests by surprise.
bool WantsLab(string series) => HasEnvironmentVariable("CI") || target == "Boot" || GetDirectories($"{MakeAbsolute(cache).FullPath}/lab/linux-source-{series}_*").Any();

FilePath Compiled(string what, FilePath output, string command)
{
    Information("Compiling {0}", what);
    EnsureDirectoryExists(output.GetDirectory());
    Shell(command);
    return output;
}

Task("DemoTools")
    .Description("The Debian packages that the demo needs.")
    .Does(() => NeedDebianPackages(DemoPackages));

Task("Demo")
    .Description("From a stock Debian kernel to a signed, bootable, kexec-able zboot, in artifacts/demo.")
    .IsDependentOn("DemoTools")
    .Does(() =>
{
    var demo = artifacts.Combine("demo");
    var work = demo.Combine("work");
    CleanDirectory(demo);
    string In(string name) => demo.CombineWithFilePath(name).FullPath;

    var kernels = Kernels("image", "source");
    CopyFile(KernelIn(kernels["image"]), In("Image"));
    var kit = KitOf(kernels["source"], kernels["image"]);
    var init = Compiled("the initrd's init", work.CombineWithFilePath("init"),
        $"aarch64-linux-gnu-gcc -static -nostdlib -ffreestanding -fno-stack-protector -Os -Wl,--build-id=none -s -o '{work}/init' tests/Boot/initrd/init.c");

    // One session, so one login for all keys.
    using var session = KexecSignSession();
    var parser = work.CombineWithFilePath("parser.o");
    session.Run(OperationCatalog.BpfCompile, new BpfCompileOptions { Parser = "zboot", Abi = "v6", Output = parser.FullPath });
    var keys = session.Run(OperationCatalog.KeysInit, new KeysInitOptions { Profile = "keys/demo.profile.json", Directory = "keys/token", Certificates = demo.FullPath });
    SigningOptions Key(string label) => new() { Key = keys.Keys.Single(key => key.Label == label).Uri, Certificate = In(label + ".pem") };

    BuildOptions Build(string compression, string output) => new()
    {
        Image = In("Image"), Kit = kit.FullPath, Parser = parser.FullPath, Compression = compression,
        Outer = Key("db"), Inner = Key("kexec"), Ima = Key("ima"),
        Output = In(output), Tar = In(output + ".tar"),
    };
    session.Run(OperationCatalog.Build, Build("gzip", "vmlinuz.efi") with { SignedImage = In("Image.signed"), Report = In("report.json") });
    session.Run(OperationCatalog.Build, Build("zstd", "vmlinuz-zstd.efi") with { Report = In("report-zstd.json") });
    session.Run(OperationCatalog.Verify, new VerifyOptions
    {
        File = In("vmlinuz.efi"), Certificates = [In("db.pem"), In("kexec.pem"), In("ima.pem")], Consumers = [.. Enum.GetValues<Consumer>()],
    });
    KexecSignBootLab(new BootLabOptions
    {
        Image = In("vmlinuz.efi"), Init = init.FullPath, Folder = In("boot"),
        Allowed = [X509CertificateLoader.LoadCertificateFromFile(In("db.pem"))],
    });
    System.IO.File.WriteAllText(In("boot.sh"), "#!/bin/sh\n# Boots vmlinuz.efi in QEMU under Secure Boot, with db.pem enrolled.\nexec \"$(dirname -- \"$0\")/boot/boot.sh\" \"$@\"\n");
    System.IO.File.SetUnixFileMode(In("boot.sh"), System.IO.UnixFileMode.UserRead | System.IO.UnixFileMode.UserWrite | System.IO.UnixFileMode.UserExecute
        | System.IO.UnixFileMode.GroupRead | System.IO.UnixFileMode.GroupExecute | System.IO.UnixFileMode.OtherRead | System.IO.UnixFileMode.OtherExecute);
    DeleteDirectory(work, new DeleteDirectorySettings { Recursive = true });

    Information("");
    Information("All files are in {0}.", demo);
    Information("Boot the result in QEMU under Secure Boot: {0}", In("boot.sh"));
});
