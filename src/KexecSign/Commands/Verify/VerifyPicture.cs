using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Formats.Ima;
using KexecSign.Inspection;
using KexecSign.Judging;
using KexecSign.Pictures;

namespace KexecSign.Commands.Verify;

/// <summary>A verification as a page shows it.</summary>
internal static class VerifyPicture
{
    /// <summary>The page's content.</summary>
    /// <param name="result">What came of verifying.</param>
    /// <param name="file">What the file is.</param>
    /// <param name="ima">The IMA values that there are for it.</param>
    public static PictureReport Of(VerifyResult result, InspectResult file, ImaValues ima)
    {
        ImmutableArray<PictureAnswer> answers = [.. result.Verdicts.Select(PictureAnswer.Of)];
        bool yes = result.Exit == ExitCode.Done;
        PictureTone tone = yes ? PictureTone.Good
            : answers.Any(a => a.Tone == PictureTone.Bad) || result.Policy?.Findings.Any(f => !f.Holds) == true
                ? PictureTone.Bad
            : PictureTone.Open;
        return new(result.File, tone, Outcome(result),
        [
            new(result.File, tone, yes ? "verified" : "not verified")
            {
                Answers = answers,
                Chains = [.. Chains(result.Verdicts, file, ima)],
                Map = FileMap.Of(file),
                Facts = [.. Facts(result, file)],
                Policy = result.Policy,
            },
        ]);
    }

    private static string Outcome(VerifyResult result)
    {
        string title = result.View().Title;
        return title.StartsWith(result.File + ": ", StringComparison.Ordinal) ? title[(result.File.Length + 2)..] : title;
    }

    // Firmware and shim look at every signature of the file, kexec at the first of the innermost kernel.
    private static IEnumerable<TrustChain> Chains(ImmutableArray<Verdict> verdicts, InspectResult file, ImaValues values)
    {
        InspectResult[] levels = [.. Levels(file)];
        InspectResult? kernel = levels.LastOrDefault(level => !level.Signatures.IsEmpty);
        foreach (InspectResult level in levels)
        {
            foreach (InspectedSignature signature in level.Signatures)
            {
                Consumer[] consumers =
                [
                    .. level == file ? (ReadOnlySpan<Consumer>)[Consumer.Firmware, Consumer.Shim] : [],
                    .. level == kernel && signature.Index == 0 ? (ReadOnlySpan<Consumer>)[Consumer.Kexec] : [],
                    .. level == file && signature.Index == 0 ? (ReadOnlySpan<Consumer>)[Consumer.Bpf] : [],
                ];
                yield return new(signature.Signer ?? "a certificate that is not included", signature.Fingerprint,
                    $"{(level == file ? "Authenticode of the file" : $"Authenticode of the kernel in {level.File}")}{(level.Signatures.Length == 1 ? "" : $", number {signature.Index}")}"
                        + (signature.DigestMatches && signature.SignatureHolds != false ? "" : ", which does not hold"),
                    signature.Digest, Asked(verdicts, consumers));
            }
        }
        ImmutableArray<PictureAnswer> ima = Asked(verdicts, Consumer.Ima);
        if (!ima.IsEmpty)
            yield return new(KeyOf(values), null, "IMA signature of the whole file", null, ima);
        if (kernel is null && Asked(verdicts, Consumer.Firmware, Consumer.Shim, Consumer.Kexec,
            Consumer.Bpf) is { IsEmpty: false } unsigned)
            yield return new("nobody", null, "there is no signature", null, unsigned);
    }

    // It names its key by four bytes and brings no certificate; whose they are, the verdict says.
    private static string KeyOf(ImaValues values) =>
        (values.Security ?? values.Sidecar) is { Length: >= ImaSignature.HeaderSize } value && ImaValues.IsSignature(value)
        ? $"key id {Convert.ToHexStringLower(value.AsSpan(3, 4))}" : "nobody";

    private static ImmutableArray<PictureAnswer> Asked(ImmutableArray<Verdict> verdicts, params Consumer[] consumers) =>
        [.. verdicts.Where(v => consumers.Contains(v.Consumer)).Select(PictureAnswer.Of)];

    private static IEnumerable<PictureFact> Facts(VerifyResult result, InspectResult file)
    {
        yield return new("what it is", file.Kind);
        yield return new("size", $"{file.Size} bytes");
        yield return new("sha256 of the file", result.Sha256, IsHash: true);
        foreach (InspectResult level in Levels(file))
        {
            if (level.AuthenticodeSha256 is { } digest)
                yield return new(level == file ? "Authenticode sha256" : $"Authenticode sha256 of {level.File}", digest, IsHash: true);
            if (level.LinuxVersion is { } version)
                yield return new("Linux version", version);
        }
    }

    private static IEnumerable<InspectResult> Levels(InspectResult file)
    {
        for (InspectResult? level = file; level is not null; level = level.Inner)
            yield return level;
    }
}
