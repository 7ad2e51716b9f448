using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Formats.Zboot;
using KexecSign.Provenance;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Zboot;

/// <summary>Options of <c>zboot kit</c>.</summary>
public sealed record ZbootKitOptions
{
    /// <summary>A kernel's build folder with finished stub objects.</summary>
    public string? BuildFolder { get; init; }

    /// <summary>A kernel's source: archive or folder.</summary>
    public string? Source { get; init; }

    /// <summary>The kernel's <c>ARCH=</c>, with <see cref="Source"/>.</summary>
    public string? Architecture { get; init; }

    /// <summary>Configuration of the kernel that goes inside; null for the architecture's defconfig.</summary>
    public string? Config { get; init; }

    /// <summary>The compressions wanted; empty for all.</summary>
    public ImmutableArray<ZbootCompression> Compressions { get; init; } = [];

    /// <summary>Where to compile; null for a temporary folder.</summary>
    public string? WorkFolder { get; init; }

    /// <summary>How many compilers run at a time; null for one a processor.</summary>
    public int? Jobs { get; init; }

    /// <summary>Name and version of the source package, for the manifest.</summary>
    public string? SourcePackage { get; init; }

    /// <summary>Who vouches for the kit; nobody without a key.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Where the kit goes.</summary>
    public string? Output { get; init; }
}

/// <summary>A kit that was made.</summary>
/// <param name="File">The kit.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Manifest">What it says about itself.</param>
public sealed record ZbootKitResult(string File, long Size, string Sha256, ZbootKitManifest Manifest) : OperationResult
{
    /// <summary>The envelope that vouches for it; null when nobody signed.</summary>
    public string? Signature { get; init; }

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"captured {File}",
        [
            ReportTable.Fields("",
            [
                ("kernel", $"{Manifest.KernelRelease}, {Manifest.Architecture}"),
                ("source", Manifest.SourcePackage),
                ("compiler", Manifest.Compiler),
                ("linker", Manifest.Linker),
                .. (Manifest.Security?.Rows() ?? []).Select(row => (row.Name, (string?)row.Value)),
                ("stub options", Manifest.StubOptions is not { Length: > 0 } on ? null : string.Join(", ", on)),
                ("bytes", $"{Size}"),
                ("sha256", Sha256),
                ("signature", Signature),
            ]),
            new("", ["stub for", "lib.a", "header", "pads payload", "code size"],
                [.. Manifest.Stubs.Select(s => ImmutableArray.Create(
                    PayloadFormat.Of(s.Compression).Word, $"{s.Library.Size} bytes", $"{s.Header.Size} bytes",
                    s.PadsPayload ? "yes" : "no", s.NeedsCodeSize ? "yes" : "no"))]),
        ],
        Manifest.Configuration == ZbootKitOperation.DefaultConfiguration
            ? ["Compiled with the architecture's default configuration; --config of the kernel that goes inside makes it that kernel's "
                + "own stub."]
            : []);
}

/// <summary><c>zboot kit</c>: captures the objects that a zboot image is linked from.</summary>
internal static class ZbootKitOperation
{
    /// <summary>What a manifest says when no configuration was given.</summary>
    public const string DefaultConfiguration = "defconfig";

    // zboot-header.S and zboot.lds look at these: debug directories behind the section table, and another section.
    private static readonly ImmutableArray<string> HeaderOptions = ["ARM64_BTI_KERNEL", "DEBUG_EFI", "EFI_SBAT"];

    private static readonly ImmutableArray<ZbootCompression> AllCompressions =
        [.. PayloadFormat.Written.Select(format => format.Compression!.Value)];

    public static Operation<ZbootKitOptions, ZbootKitResult> Definition { get; } = new()
    {
        Name = "zboot kit",
        Summary = "Capture a kernel's EFI stub, so that zboot images can be linked without its tree.",
        Details = "From a build folder the stub is taken as it is. From a source only libstub is compiled, about half a minute, with the "
            + "kernel's own makefiles. Without --config the architecture's defconfig is used: options such as RANDOMIZE_BASE and CMDLINE "
            + "decide what the stub does, so give the configuration of the kernel that goes inside where you have it. "
            + "With a key the kit is signed: KIT.intoto.json is provenance as 'provenance sign' writes it, and --kit-signer, plans and "
            + "policies may demand it.",
        Body = Run,
        RunsPrograms = true,
        Plan = o =>
        [
            .. PlannedStep.Read(o.Source, o.BuildFolder, o.Config),
            .. o.Source is null ? [] : new PlannedStep[] { new("run", "tar and make, for the stub alone") },
            .. PlannedStep.Sign("the kit", o.Signing.Key, o.Signing.Certificate),
            .. PlannedStep.Write(o.Output, o.Signing.Key is null ? null : o.Output + KitSignature.Suffix),
        ],
        TypedResult = () => ZbootJson.Default.ZbootKitResult,
        MakeOptions = () =>
        [
            new("build-dir", "FOLDER", "A kernel's build folder in which vmlinuz.efi was made.", (o, v) => o with { BuildFolder = v }),
            new("source", "PATH", "A kernel's source instead: linux-*.tar.xz or its unpacked folder, which stays untouched.",
                (o, v) => o with { Source = v }),
            new("arch", "ARCH", "The kernel's ARCH, with --source.", (o, v) => o with { Architecture = v },
                choices: [.. StubTarget.All.Select(t => t.Architecture)]),
            new("config", "FILE", "Configuration of the kernel that goes inside, as it is or as .xz, .gz or .zst.",
                (o, v) => o with { Config = v }, defaultValue: "the ARCH's defconfig"),
            new("compression", "NAME", "A compression that the kit is to have a stub for.",
                (o, v) => o with { Compressions = o.Compressions.Add(ZbootOptionSpecs.Compression(v)) },
                defaultValue: "all", repeatable: true, choices: PayloadFormat.Words),
            new("work", "FOLDER", "Compile there and keep it, for a look at what went wrong.", (o, v) => o with { WorkFolder = v },
                defaultValue: "a temporary folder"),
            new("jobs", "N", "How many compilers run at a time.", (o, v) => o with { Jobs = OptionValues.Number("jobs", v) },
                defaultValue: "one a processor"),
            new("source-package", "TEXT", "Name and version of the source package, for the manifest.",
                (o, v) => o with { SourcePackage = v }),
            .. SigningOptionSpecs.All<ZbootKitOptions>("that signs the kit", HashUses.General, o => o.Signing,
                (o, s) => o with { Signing = s }),
            new("o", "FILE", "The kit.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign zboot kit --source /usr/src/linux-source-6.12.tar.xz --arch arm64 --config /boot/config-6.12.117+deb12-arm64 "
                + "-o arm64.kit",
                "Compile the stub of Debian's kernel for both compressions."),
            new("kexecsign zboot kit --build-dir ~/linux/build -o arm64.kit", "Take the stub of a kernel that was just built."),
            new("kexecsign zboot kit --build-dir ~/linux/build --key 'pkcs11:object=kits' --cert kits.pem -o arm64.kit",
                "Sign it too: arm64.kit.intoto.json says who vouches for it."),
        ],
    };

    private static ZbootKitResult Run(ZbootKitOptions options, RunContext context)
    {
        string path = options.Output ?? throw OperationErrors.OptionMissing.With("zboot kit", new NamedOption("o"));
        if (options is { BuildFolder: not null, Source: not null })
            throw OperationErrors.OptionsConflict.With(new NamedOption("build-dir"), new NamedOption("source"));
        // A key that cannot be had should not be found out after half a minute of compiling.
        SigningIdentity? signer = options.Signing.Key is null && options.Signing.Certificate is null
            ? null
            : SigningIdentity.Open("zboot kit", options.Signing, context);
        using OutputFile? envelope = signer is null ? null : OutputFile.Create(path + KitSignature.Suffix);
        using OutputFile output = options.Source is { } source && File.Exists(source)
            ? OutputFile.Create(path, source)
            : OutputFile.Create(path);
        (ZbootKitManifest manifest, ImmutableArray<StubObjects> stubs, byte[] configuration) =
            options.BuildFolder is not null ? FromBuild(options) :
            options.Source is not null ? FromSource(options, context) :
            throw OperationErrors.OptionMissing.With("zboot kit", $"{new NamedOption("build-dir")} or {new NamedOption("source")}");
        WrittenFile written = WrittenFile.Fill(
            output, ZbootKit.Pack(manifest, [.. stubs.SelectMany(s => s.Files()), (ZbootKit.ConfigurationName, configuration)]), context);
        if (envelope is not null)
            WrittenFile.Fill(envelope, Layout.Of(KitSignature.Sign(path, written.Sha256, signer!, context)), context);
        output.Commit();
        envelope?.Commit();
        return new(path, written.Size, written.Sha256, manifest) { Signature = envelope?.Path };
    }

    private static (ZbootKitManifest, ImmutableArray<StubObjects>, byte[]) FromBuild(ZbootKitOptions options)
    {
        string folder = options.BuildFolder!;
        string configPath = Path.Combine(folder, ".config");
        if (!File.Exists(configPath))
            throw OperationErrors.NotABuildFolder.With(".config").In(folder);
        KernelConfig config = KernelConfig.Read(configPath);
        StubTarget target = StubTarget.Of(config);
        StubObjects stub = StubObjects.Collect(folder, SourceOf(folder), target, config);
        if (!options.Compressions.IsEmpty && !options.Compressions.All(c => c == stub.Compression))
            throw OperationErrors.KitLacks.With(
                string.Join(", ", options.Compressions.Where(c => c != stub.Compression).Select(c => PayloadFormat.Of(c).Word)),
                PayloadFormat.Of(stub.Compression).Word).In(folder);
        return (Manifest(target, StubObjects.KernelRelease(folder), options.SourcePackage, null, Sha256Of(configPath), config, [stub]),
            [stub], Encoding.UTF8.GetBytes(config.ToString()));
    }

    // A build outside the source tree leaves a link to it.
    private static string SourceOf(string buildFolder)
    {
        string link = Path.Combine(buildFolder, "source");
        return Directory.Exists(link) ? link : buildFolder;
    }

    private static (ZbootKitManifest, ImmutableArray<StubObjects>, byte[]) FromSource(ZbootKitOptions options, RunContext context)
    {
        StubTarget target = StubTarget.Named(options.Architecture
            ?? throw OperationErrors.OptionMissing.With("zboot kit", $"{new NamedOption("arch")} with {new NamedOption("source")}"));
        if (!Path.Exists(options.Source))
            throw OperationErrors.InputMissing.With().In(options.Source!);
        var source = new KernelSource(options.Source!, target);
        using var work = WorkFolder.Open(options.WorkFolder);
        string log = options.WorkFolder is null
            ? Path.Combine(Path.GetTempPath(), $"kexecsign-zboot-kit-{Guid.NewGuid():N}.log")
            : work.File("zboot-kit.log");
        File.Delete(log);
        bool keepLog = options.WorkFolder is not null;
        try
        {
            var build = StubBuild.Begin(source, target, work.Path, log, options.Config, options.Jobs ?? Environment.ProcessorCount,
                context);
            ImmutableArray<StubObjects> stubs =
            [
                .. (options.Compressions.IsEmpty ? AllCompressions : [.. options.Compressions.Distinct().Order()])
                    .Select(c => Compile(build, target, c, context)),
            ];
            return (Manifest(
                target, StubObjects.KernelRelease(build.BuildFolder), options.SourcePackage, source.IsArchive
                    ? Sha256Of(options.Source!)
                    : null,
                options.Config is null ? DefaultConfiguration : Sha256Of(options.Config), build.Config, stubs), stubs,
                    Encoding.UTF8.GetBytes(build.Config.ToString()));
        }
        catch (KexecSignException failed) when (failed.Code == OperationErrors.ProgramFailed)
        {
            keepLog = true;
            throw;
        }
        finally
        {
            if (!keepLog)
                File.Delete(log);
        }
    }

    private static StubObjects Compile(StubBuild build, StubTarget target, ZbootCompression compression, RunContext context)
    {
        build.Configure(compression, context);
        build.Compile(context);
        return StubObjects.Collect(build.BuildFolder, build.SourceFolder, target, build.Config);
    }

    private static ZbootKitManifest Manifest(
        StubTarget target, string release, string? sourcePackage, string? sourceSha256, string configuration, KernelConfig config,
            ImmutableArray<StubObjects> stubs) =>
        new(ZbootKitManifest.ExpectedKind, ZbootKitManifest.CurrentSchema, target.Architecture, target.Machine, release, sourcePackage,
            sourceSha256,
            configuration, config.Compiler, config.Linker, [.. stubs.Select(s => s.Describe())])
        {
            StubOptions = [.. HeaderOptions.Where(config.IsOn)],
            Security = KitSecurity.Of(config),
            ConfigurationFile = Described(Encoding.UTF8.GetBytes(config.ToString())),
        };

    private static ZbootKitFile Described(byte[] configuration) =>
        new(ZbootKit.ConfigurationName, configuration.Length, Convert.ToHexStringLower(SHA256.HashData(configuration)));

    private static string Sha256Of(string path)
    {
        using FileSource file = FileSource.Open(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[1 << 20];
        Layout layout = file.ToLayout();
        for (long at = 0; at < file.Length; at += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, file.Length - at));
            layout.Read(at, part);
            hash.AppendData(part);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
