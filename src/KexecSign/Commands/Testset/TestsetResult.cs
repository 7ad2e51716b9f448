using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Core.Reports;
using KexecSign.Judging;
using KexecSign.Simulation.Answers;

namespace KexecSign.Commands.Testset;

/// <summary>What a consumer must do with an image.</summary>
/// <param name="Verdict">Whether it takes it.</param>
/// <param name="Errno">Name of the error that a system call gives; null when it is taken, or when the refusal has no number.</param>
/// <param name="Number">The error's number on Linux.</param>
public sealed record ExpectedVerdict(Answer Verdict, string? Errno = null, int? Number = null)
{
    internal static ExpectedVerdict Accepts { get; } = new(Answer.Accepts);

    internal static ExpectedVerdict Refuses { get; } = new(Answer.Refuses);

    internal static ExpectedVerdict With(KernelErrno errno) => new(Answer.Refuses, errno.Name, errno.Number);

    /// <summary>For people.</summary>
    public override string ToString() => Verdict == Answer.Accepts ? "accepts" : Errno ?? "refuses";
}

/// <summary>An image of a test set and what its consumers must do with it.</summary>
/// <param name="File">Path in the set.</param>
/// <param name="What">What is right or wrong about it, in one sentence.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Sha256">SHA-256, lower-case hex.</param>
public sealed record TestsetImage(string File, string What, long Size, string Sha256)
{
    /// <summary>UEFI firmware with Secure Boot, keys/db.esl and keys/dbx.esl enrolled.</summary>
    public required ExpectedVerdict Firmware { get; init; }

    /// <summary>
    /// <c>kexec_file_load</c> of an arm64 kernel that enforces signatures and has db and dbx in its keyrings; for a zboot or a
    /// UKI, of the Image inside.
    /// </summary>
    public ExpectedVerdict? Kexec { get; init; }

    /// <summary><c>kexec_file_load</c> of the file as it is, where that differs.</summary>
    public ExpectedVerdict? KexecOfFile { get; init; }

    /// <summary>The same where signatures are not enforced: without Secure Boot.</summary>
    public ExpectedVerdict? KexecUnenforced { get; init; }

    /// <summary>
    /// IMA with <c>appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig|modsig</c>, without Secure Boot, keys/ima.pem in .ima.
    /// </summary>
    public ExpectedVerdict? Ima { get; init; }

    /// <summary>A kernel of the kexec BPF series, looking for a parser.</summary>
    public ExpectedVerdict? Bpf { get; init; }

    /// <summary>File with the value of <c>security.ima</c>; null for none.</summary>
    public string? Xattr { get; init; }

    /// <summary>Why <c>kexecsign verify --for firmware</c> warns of what firmware takes; null when it does not.</summary>
    public string? WarnedBecause { get; init; }
}

/// <summary>Result of <c>testset</c>, and what its expected.json holds.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Bytes">Bytes in it; the images themselves are put together there by unpack.sh.</param>
/// <param name="UnpackedBytes">Bytes of all images.</param>
/// <param name="Images">The images.</param>
public sealed record TestsetResult(string Folder, long Bytes, long UnpackedBytes, ImmutableArray<TestsetImage> Images) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"test set of {Images.Length} images in {Folder}",
        [
            ReportTable.Fields("", ("bytes", $"{Bytes}"), ("unpacked", $"{UnpackedBytes}")),
            new("", ["image", "firmware", "kexec", "IMA", "what"],
                [.. Images.Select(i => ImmutableArray.Create(i.File, $"{i.Firmware}", $"{i.Kexec}", $"{i.Ima}", i.What))]),
        ],
        ["Put the images together with unpack.sh, there; README.md says the rest. The keys in it are for tests: trust them on no real "
            + "machine."]);
}

/// <summary>The document in a test set.</summary>
/// <param name="Kernel">SHA-256 of the kernel that the images were made from.</param>
/// <param name="Kit">SHA-256 of the kit.</param>
/// <param name="Images">The images.</param>
internal sealed record TestsetExpectations(string Kernel, string Kit, ImmutableArray<TestsetImage> Images);

/// <summary>JSON of test sets, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TestsetResult))]
[JsonSerializable(typeof(TestsetExpectations))]
internal sealed partial class TestsetJson : JsonSerializerContext;
