using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Zboot;
using KexecSign.Programs;

namespace KexecSign.Zboot;

/// <summary>
/// Compiles the stub out of a kernel's source, by the kernel's own rules but without the kernel: two targets in the
/// architecture's makefile, where they have the environment that its <c>vmlinuz.efi</c> target has.
/// </summary>
internal sealed class StubBuild
{
    // Only those preparations are made that libstub needs: no "scripts" (dtc, kallsyms, sign-file: would need libssl-dev), no
    // modpost, no vdso.
    private const string Targets = """

        # --- zboot kit ---
        PHONY += zbootkit-prepare zbootkit
        zbootkit-prepare: scripts_basic asm-generic $(version_h) include/generated/utsrelease.h include/generated/autoconf.h
        	$(if $(wildcard $(srctree)/arch/$(SRCARCH)/tools/Makefile),$(Q)$(MAKE) $(build)=arch/$(SRCARCH)/tools kapi)
        	$(Q)$(MAKE) $(build)=. prepare
        zbootkit: zbootkit-prepare
        	$(Q)$(MAKE) $(build)=drivers/firmware/efi/libstub drivers/firmware/efi/libstub/lib.a
        	$(Q)$(MAKE) $(build)=$(boot) $(boot)/zboot-header.o

        """;

    private static readonly SystemProgram Make = new("make", "compile the stub by the kernel's own rules", "make");

    private readonly KernelSource _source;
    private readonly StubTarget _target;
    private readonly int _jobs;
    private bool _whole;

    private StubBuild(KernelSource source, StubTarget target, string folder, string logFile, int jobs)
    {
        _source = source;
        _target = target;
        _jobs = jobs;
        SourceFolder = Path.Combine(folder, "source");
        BuildFolder = Path.Combine(folder, "build");
        LogFile = logFile;
    }

    /// <summary>The unpacked source.</summary>
    public string SourceFolder { get; }

    /// <summary>Where the objects come to lie.</summary>
    public string BuildFolder { get; }

    /// <summary>All output of tar and make.</summary>
    public string LogFile { get; }

    /// <summary>The configuration as it is now.</summary>
    public KernelConfig Config => KernelConfig.Read(ConfigPath);

    private string ConfigPath => Path.Combine(BuildFolder, ".config");

    /// <summary>Unpacks the source and puts a configuration in place.</summary>
    /// <param name="source">The source.</param>
    /// <param name="target">The architecture.</param>
    /// <param name="folder">A folder of its own.</param>
    /// <param name="logFile">What gets all output of tar and make.</param>
    /// <param name="configPath">The kernel's configuration; null for the architecture's defconfig.</param>
    /// <param name="jobs">How many compilers run at a time.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS3113, KS5002, KS5003.</exception>
    public static StubBuild Begin(KernelSource source, StubTarget target, string folder, string logFile, string? configPath, int jobs,
        RunContext context)
    {
        foreach (SystemProgram program in RequiredPrograms(target).Concat(source.Programs))
            program.Find(context);
        KernelConfig? given = configPath is null ? null : ReadConfig(configPath, target);
        var build = new StubBuild(source, target, folder, logFile, jobs);
        if (Directory.Exists(build.BuildFolder))
            Directory.Delete(build.BuildFolder, recursive: true);
        Directory.CreateDirectory(build.BuildFolder);
        build.UnpackPart(context);
        if (given is not null)
            File.WriteAllText(build.ConfigPath, given.ToString());
        else
            build.RunMake("defconfig", context);
        return build;
    }

    private static KernelConfig ReadConfig(string path, StubTarget target)
    {
        KernelConfig config = KernelConfig.Read(path);
        try
        {
            config.Require(target);
            return config;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    /// <summary>Chooses the compression.</summary>
    /// <exception cref="KexecSignException">KS3111, KS5003.</exception>
    public void Configure(ZbootCompression compression, RunContext context)
    {
        PayloadFormat format = PayloadFormat.Of(compression);
        using IRunStep step = context.Log.Step($"configure ({format.Word})");
        string chosen = format.ConfigSymbol;
        string[] others = [.. PayloadFormat.Written.Where(f => f != format).Select(f => f.ConfigSymbol)];
        // Without debug information there are no paths in the objects. RUST and plugins follow what the host has installed.
        File.WriteAllText(ConfigPath, Config.With(
            ["EFI", "EFI_STUB", "EFI_ZBOOT", chosen, "DEBUG_INFO_NONE"],
            [.. others, "DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT", "DEBUG_INFO_DWARF4", "DEBUG_INFO_DWARF5", "DEBUG_EFI", "RUST", "GCC_PLUGINS",
                "WERROR"]).ToString());
        RunMake("olddefconfig", context);
        KernelConfig kept = Config;
        foreach (string option in new[] { "EFI_ZBOOT", chosen })
        {
            if (!kept.IsOn(option))
                throw OperationErrors.OptionNotKept.With(option);
        }
    }

    /// <summary>Compiles stub and header; with the whole source when the part of it lacks something.</summary>
    /// <exception cref="KexecSignException">KS5003.</exception>
    public void Compile(RunContext context)
    {
        using IRunStep step = context.Log.Step($"compile the stub ({PayloadFormat.Of(Config.Compression).Word})");
        try
        {
            RunMake("zbootkit", context);
        }
        catch (KexecSignException failed) when (failed.Code == OperationErrors.ProgramFailed && !_whole)
        {
            context.Log.Detail($"part of the source was not enough ({failed.Says})");
            Unpack(whole: true, context);
            RunMake("zbootkit", context);
        }
    }

    /// <summary>Runs a target of the kernel's makefiles.</summary>
    /// <exception cref="KexecSignException">KS5003.</exception>
    public void RunMake(string goal, RunContext context)
    {
        string[] arguments =
        [
            $"-j{_jobs}", "-s", "-C", SourceFolder, "O=" + BuildFolder, "ARCH=" + _target.Architecture,
            "CROSS_COMPILE=" + _target.ToolPrefix,
            // Whatever the host has of these must not change the configuration.
            "RUSTC=false", "RUSTDOC=false", "BINDGEN=false", "PAHOLE=false",
            "KBUILD_BUILD_USER=kit", "KBUILD_BUILD_HOST=kit", "KBUILD_BUILD_TIMESTAMP=@0", "KBUILD_BUILD_VERSION=1",
            // Debian's source insists on the compiler of its own kernel package.
            "DEBIAN_KERNEL_NO_CC_VERSION_CHECK=1", goal,
        ];
        new ChildProgram(Make, arguments, context) { LogFile = LogFile }.With("SOURCE_DATE_EPOCH", "0").Run(context);
    }

    private static SystemProgram[] RequiredPrograms(StubTarget target) =>
    [
        Make, target.Compiler, target.Binutils("ld"), target.Binutils("ar"), target.Binutils("objcopy"),
        new("gcc", "compile the tools of the kernel's build", "gcc"), new("flex", "configure the kernel", "flex"),
        new("bison", "configure the kernel", "bison"), new("bc", "generate headers of the kernel", "bc"),
    ];

    private void UnpackPart(RunContext context)
    {
        try
        {
            Unpack(whole: false, context);
        }
        catch (KexecSignException failed) when (failed.Code == OperationErrors.ProgramFailed)
        {
            // tar fails when a release has no file of one of the names.
            context.Log.Detail($"part of the source cannot be picked out ({failed.Says})");
            Unpack(whole: true, context);
        }
    }

    private void Unpack(bool whole, RunContext context)
    {
        _source.UnpackTo(SourceFolder, whole, LogFile, context);
        File.AppendAllText(Path.Combine(SourceFolder, "arch", _target.SourceFolder, "Makefile"), Targets);
        _whole = whole;
    }
}
