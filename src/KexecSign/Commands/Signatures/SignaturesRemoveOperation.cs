using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;

namespace KexecSign.Commands.Signatures;

/// <summary>Options of <c>signatures remove</c>.</summary>
public sealed record SignaturesRemoveOptions
{
    /// <summary>The image.</summary>
    public string File { get; init; } = "";

    /// <summary>Positions in the certificate table, from 0.</summary>
    public ImmutableArray<int> Indexes { get; init; } = [];

    /// <summary>Whether every signature goes, readable or not.</summary>
    public bool All { get; init; }

    /// <summary>Whether bytes behind the last section are let pass, and stay.</summary>
    public bool TrailingBytes { get; init; }

    /// <summary>
    /// What stands in the checksum field afterwards: <c>zero</c> or <c>computed</c>; null for what the image had before it was signed, as
    /// far as can be known.
    /// </summary>
    public string? CheckSum { get; init; }

    /// <summary>Output file.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the input is replaced.</summary>
    public bool InPlace { get; init; }
}

/// <summary>Result of <c>signatures remove</c>.</summary>
/// <param name="File">Where the image was written.</param>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
/// <param name="Removed">How many table entries went.</param>
/// <param name="Kept">How many stayed.</param>
public sealed record SignaturesRemoveResult(string File, long Size, string Sha256, int Removed, int Kept) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: {Removed} signature(s) removed, {Kept} kept",
        [ReportTable.Fields("", ("size", $"{Size}"), ("sha256", Sha256))], []);
}

/// <summary><c>signatures remove</c>: takes signatures off and leaves every other byte as it is.</summary>
internal static class SignaturesRemoveOperation
{
    private const string Zero = "zero", Computed = "computed";

    private static readonly ImmutableArray<string> CheckSums = [Zero, Computed];

    public static Operation<SignaturesRemoveOptions, SignaturesRemoveResult> Definition { get; } = new()
    {
        Name = "signatures remove",
        Summary = "Remove signatures from an image, by index or all.",
        Details = "What stays keeps its bytes and its order, so that a signature that was second becomes the one that the kernel reads. "
            + "Removing all gives back the image as it was before signing; only zeros that 'sign --fit' padded it with remain. sbsign, "
            + "pesign and osslsigncode write a checksum where there was none: with its last signature a kernel loses it, since a kernel's "
            + "build leaves none; other files keep a true one.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.File), .. PlannedStep.Write(Target(o).Path)],
        TypedResult = () => SignaturesJson.Default.SignaturesRemoveResult,
        MakeArguments = () => [new("FILE", "The image.", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("index", "N", "Which one, as 'signatures list' counts them.",
                (o, v) => o with { Indexes = o.Indexes.Add(OptionValues.Number("index", v)) }, repeatable: true),
            new("all", null, "All of them, even when the table is damaged.", (o, _) => o with { All = true }),
            new("trailing-bytes", null,
                "Let bytes behind the last section pass; they stay, with up to 7 zeros that the signer put behind them.", (o, _) =>
                o with { TrailingBytes = true }),
            new("checksum", "WHAT", "What the checksum field holds afterwards, for files where the rule above is wrong.",
                (o, v) => o with { CheckSum = OptionValues.Choice("checksum", v, CheckSums) }, choices: CheckSums),
            new("o", "PATH", "Output file.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the input.", (o, _) => o with { InPlace = true }),
        ],
        Examples =
        [
            new("kexecsign signatures remove vmlinuz.efi --index 0 -o vmlinuz.second.efi",
                "Drop the first signature; the second moves to its place."),
            new("kexecsign signatures remove vmlinuz.efi --all --in-place", "Make it an unsigned image again."),
            new("kexecsign signatures remove grubx64.efi.signed --all --checksum zero -o grubx64.efi",
                "The same for a file that was built without a checksum."),
        ],
    };

    private static SignaturesRemoveResult Run(SignaturesRemoveOptions options, RunContext context)
    {
        if (options.All != options.Indexes.IsEmpty)
            throw options.All ? OperationErrors.OptionsConflict.With(new NamedOption("all"), new NamedOption("index"))
                : OperationErrors.OptionMissing.With("signatures remove", $"{new NamedOption("index", "N")} or {new NamedOption("all")}");
        ImageTarget target = Target(options);
        string path = target.Path;
        using FileSource source = target.Open();
        try
        {
            Layout file = source.ToLayout();
            PeImage image = options.All ? PeReader.ReadDamaged(file) : PeReader.Read(file);
            if (!image.IsSigned)
                throw OperationErrors.NothingToRemove.With();
            (Layout left, int removed, int kept) = Remove(image, file, options);
            WrittenFile written = LosesCheckSum(options.CheckSum, kept, left)
                ? EditedImage.Write(target, image, left.OverwriteUInt32(image.CheckSumOffset, 0), changed: false, context)
                : EditedImage.Write(target, image, left, changed: true, context);
            return new(path, written.Size, written.Sha256, removed, kept);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    // Linux writes zero into the field (drivers/firmware/efi/libstub/zboot-header.S, arch/*/kernel/efi-header.S, arch/x86/boot/header.S).
    private static bool LosesCheckSum(string? said, int kept, Layout left)
    {
        if (said is not null)
            return said == Zero;
        return kept == 0 && KnownImage.Of(left) is { Kind: ImageKind.Zboot } or { IsKernel: true };
    }

    private static (Layout Left, int Removed, int Kept) Remove(PeImage image, Layout file, SignaturesRemoveOptions options)
    {
        if (options.All)
            return (RemoveAll(image, file), Count(image, file), 0);
        ImmutableHashSet<int> indexes = [.. options.Indexes];
        return (CertificateTable.Remove(image, file, indexes, options.TrailingBytes), indexes.Count,
            CertificateTable.Read(image, file).Length - indexes.Count);
    }

    // What is damaged is to go anyway. A table that is cut ends where the file does; one that is gone as a whole, or said to be where
    // the sections are, leaves only its directory entry to be cleared. In front of it everything must be as in any image.
    private static Layout RemoveAll(PeImage image, Layout file)
    {
        uint at = image.CertificateTable.Address;
        if (at >= image.SectionsEnd && at < file.Length)
        {
            Layout whole = file.OverwriteUInt32(image.CertificateDirectoryOffset + 4, (uint)Math.Min(uint.MaxValue, file.Length - at));
            return CertificateTable.RemoveAll(PeReader.Read(whole), whole);
        }
        Layout body = file.Overwrite(image.CertificateDirectoryOffset, new byte[8]);
        PeImage unsigned = PeReader.Read(body);
        PeCanonical.Require(unsigned, body);
        long end = PeCanonical.ContentEnd(unsigned, body);
        return body.Length == Alignment.Up(end, 8) ? body.Slice(0, end) : body;
    }

    // A table that cannot be read may still be dropped as a whole.
    private static int Count(PeImage image, Layout file)
    {
        try
        {
            return CertificateTable.Read(image, file).Length;
        }
        catch (KexecSignException)
        {
            return 1;
        }
    }

    private static ImageTarget Target(SignaturesRemoveOptions options) => new(options.File, options.Output, options.InPlace);
}
