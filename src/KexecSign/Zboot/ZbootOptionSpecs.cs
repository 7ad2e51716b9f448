using System.Collections.Immutable;
using KexecSign.Compression;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>Values that several zboot operations take.</summary>
internal static class ZbootOptionSpecs
{
    private static readonly ImmutableArray<string> ZstdLibraries = ["own", "system"];

    private static readonly ImmutableArray<string> Linkers = ["bfd", "lld"];

    /// <summary>Rows of SBAT.</summary>
    public static OptionSpec<T> Sbat<T>(Func<T, string, T> set)
        where T : class =>
        new("sbat", "FILE", "CSV file of SBAT rows for the .sbat section, which shim wants; rows that the stub has stay.", set);

    /// <summary>Who may vouch for a kit.</summary>
    public static OptionSpec<T> KitSigner<T>(Func<T, string, T> set)
        where T : class =>
        new("kit-signer", "CERT",
            "Certificate of one who may sign kits: KIT.intoto.json beside the kit must hold by it ('zboot kit --key' writes that).", set,
            repeatable: true, kind: OptionKind.KeyReference);

    /// <summary>Who links.</summary>
    public static OptionSpec<T> Linker<T>(Func<T, LinkerFamily, T> set)
        where T : class =>
        new("linker", "NAME",
            "Who links: GNU ld of the architecture (bfd), as the kernel's build does by default, or LLVM's ld.lld, which serves all (lld).",
            (o, v) => set(o, v switch
            {
                "bfd" => LinkerFamily.Bfd,
                "lld" => LinkerFamily.Lld,
                _ => throw OperationErrors.OptionValue.With("linker", v, string.Join(", ", Linkers)),
            }), defaultValue: "bfd", choices: Linkers);

    /// <summary>Which zstd compresses.</summary>
    public static OptionSpec<T> Zstd<T>(Func<T, ZstdLibrary, T> set)
        where T : class =>
        new("zstd", "NAME", "Which zstd compresses: that of this program, which gives the same bytes on every machine (own), or the "
            + "machine's libzstd, for those of the kernel's own build there (system).",
            (o, v) => set(o, ZstdOf(v)), defaultValue: "own", choices: ZstdLibraries);

    /// <summary>The zstd of that name.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3012.</exception>
    public static ZstdLibrary ZstdOf(string value) => value switch
    {
        "own" => ZstdLibrary.Own,
        "system" => ZstdLibrary.System,
        _ => throw OperationErrors.OptionValue.With("zstd", value, string.Join(", ", ZstdLibraries)),
    };

    /// <summary>The name of a zstd.</summary>
    public static string NameOf(ZstdLibrary library) => library switch
    {
        ZstdLibrary.Own => "own",
        ZstdLibrary.System => "system",
    };

    /// <summary>The compression of that name.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3012.</exception>
    public static ZbootCompression Compression(string value) =>
        PayloadFormat.Written.FirstOrDefault(format => format.Word == value)?.Compression
        ?? throw OperationErrors.OptionValue.With("compression", value, string.Join(", ", PayloadFormat.Words));
}
