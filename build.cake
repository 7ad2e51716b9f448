#r "artifacts/addin/Cake.KexecSign.dll"
#load "build/debian.cake"
#load "build/demo.cake"
#load "build/tests.cake"
#load "build/packages.cake"
#load "build/bench.cake"
#load "build/fuzz.cake"
#load "build/site.cake"

var target = Argument("target", "Build");
var artifacts = MakeAbsolute(Directory("artifacts"));
var cache = Directory(EnvironmentVariable("XDG_CACHE_HOME") ?? EnvironmentVariable("HOME") + "/.cache") + Directory("kexecsign");

Task("Clean")
    .Description("Remove what the other targets made, except the addin that is running.")
    .Does(() =>
{
    CleanDirectories(new[] { "kexecsign", "native", "packages", "tests", "demo" }.Select(name => artifacts.Combine(name)));
    CleanDirectories(GetDirectories("src/*/bin") + GetDirectories("src/*/obj") + GetDirectories("tests/*/bin") + GetDirectories("tests/*/obj"));
});

Task("Build")
    .Description("The program, one native file at artifacts/kexecsign/kexecsign.")
    .Does(() =>
{
    // Linked beside it and moved, so that a build that fails leaves the program that was there.
    PublishNative(RuntimeOfThisMachine());
    CleanDirectory(artifacts.Combine("kexecsign"));
    CopyFile(NativeProgram(RuntimeOfThisMachine()), artifacts.CombineWithFilePath("kexecsign/kexecsign"));
});

Task("NativePrograms")
    .Description("The program for both architectures; that for the other one runs under qemu-user in the tests.")
    .IsDependentOn("Build")
    .Does(() =>
{
    foreach (var platform in Platforms.Where(platform => platform.Runtime != RuntimeOfThisMachine()))
        PublishNative(platform.Runtime);
});

Task("Pack")
    .Description("Packages of the program for Debian, rpm and others, NuGet packages, and their checksums, in artifacts/packages; --key and --cert sign them.")
    .Does(() => PackAll(artifacts.Combine("packages")));

Task("Site")
    .Description("The documentation as HTML with search, in artifacts/site, by docfx; a link that leads nowhere ends it.")
    .Does(() => MakeSite(artifacts.Combine("site")));

// The boot lab's kernels that must be there. 6.1 takes another four minutes, so only those who ask for boot tests wait for it.
var lab = "";

Task("TestTools")
    .Description("The programs that the tests are judged by, and the kernels that they judge.")
    .Does(() =>
{
    NeedDebianPackages(TestPackages);
    var kernels = Kernels(
        "image", "source", "source-6.1", "signed", "cloud", "shim", "shim-unsigned", "stub", "stub-backports", "source-7.3", "cloud-binary-7.3", "cloud-headers-7.3", "common-headers-7.3",
        "grub-efi-arm64-signed/bookworm", "fwupd-arm64-signed/bookworm", "shim-helpers-arm64-signed/bookworm",
        "qemu-efi-aarch64/sid");
    var amd64 = KernelsOf(
        "amd64", "image", "signed", "cloud", "shim", "shim-unsigned", "stub", "stub-backports", "cloud-binary-7.3", "cloud-headers-7.3", "kbuild-7.3",
        "libc6/trixie", "libelf1t64/trixie", "zlib1g/trixie", "libzstd1/trixie",
        "systemd-ukify/trixie", "systemd-boot-efi/trixie", "systemd-ukify/sid", "systemd-boot-efi/sid",
        "systemd/sid", "systemd-repart/sid", "mkosi/sid", "systemd-tpm/sid", "libsystemd-shared/sid", "libc6/sid", "libssl3t64/sid", "ovmf-generic/sid",
        "dracut-core/trixie", "dracut-install/trixie", "dracut-core/sid", "dracut-install/sid", "libkmod2/sid", "libsystemd0/sid",
        "grub-efi-amd64-signed/bookworm", "fwupd-amd64-signed/bookworm", "shim-helpers-amd64-signed/bookworm",
        "fwupd-unsigned/bookworm", "fwupd-amd64-signed-template/bookworm", "shim-helpers-amd64-signed-template/bookworm");
    NeedOpenSsl11();
    // What the arm64 program runs on under qemu-user.
    Kernels("libc6", "libssl3");
    NeedDebianRoots();
    NeedOpenSsl35();
    NeedShimJudge();
    KitOf(kernels["source"], kernels["image"]);
    KitOf(kernels["source"], null, "riscv");
    KitOf(kernels["source-6.1"], null);
    KitOf(kernels["source-7.3"], null);
    if (WantsLab("6.12"))
    {
        lab = "6.12-arm64 6.12-riscv64";
        LabKernelOf(kernels["source"]);
        LabKernelOf(kernels["source"], "riscv64");
        Kernels("busybox", "kexec-tools", "attr", "efitools", "e2fsprogs", "libc6", "zlib1g", "libattr1", "libssl3", "libext2fs2", "libcom-err2");
    }
    // Eight minutes for the kernel of 7.3 on two cores, and as much again for what runs on it: for those who ask for boot tests.
    if (target == "Boot" && WantsLab("7.3"))
    {
        lab += " 7.3-arm64";
        var next = LabKernelOf(kernels["source-7.3"]);
        // kbuild and what it runs with are this machine's; headers for one architecture stand behind those for the other.
        JudgeOf(next);
        JudgeOf(next, "arm64", kernels, amd64);
        lab += " 7.3-amd64";
        JudgeOf(next, "amd64", amd64, kernels);
    }
    if (target == "Boot")
    {
        lab += " everything 6.1-arm64";
        LabKernelOf(kernels["source-6.1"]);
    }
    NeedNodePackages("@action-validator/core@0.6.0", "gitlab-ci-local@4.75.1", "@ibm/tekton-lint@1.1.0", "kubernetes-models@4.5.1");
});

Task("Test")
    .Description("All tests; those of the boot lab where CI is set, elsewhere --target=Boot runs them. Ends with 'N passed, N failed, N skipped'.")
    .IsDependentOn("TestTools")
    .IsDependentOn("NativePrograms")
    .Does(() => RunTests(GetFiles("tests/*/*.csproj").Where(IsTestProject), artifacts.Combine("tests"), lab));

Task("Boot")
    .Description("The tests that boot images in QEMU, with a table of what firmware and kernels said.")
    .IsDependentOn("TestTools")
    .IsDependentOn("NativePrograms")
    .Does(() => RunTests(GetFiles("tests/Boot/*.csproj"), artifacts.Combine("tests"), lab));

Task("Fuzz")
    .Description("Damaged files for every reader: --minutes=10 guided by coverage, with a corpus that stays in the cache; with --mutations=N as many for each reader instead.")
    .Does(() => Fuzz(Argument("minutes", 10), Argument("mutations", 0L), MakeAbsolute(cache).Combine("fuzz"), artifacts.Combine("fuzz")));

RunTarget(target);
