using KexecSign.Formats.Layouts;

namespace KexecSign.Commands.Testset;

/// <summary>An image of a set before it is written: what it consists of, and what its consumers must do with it.</summary>
/// <param name="File">Path in the set.</param>
/// <param name="What">What is right or wrong about it, in one sentence.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Firmware">Firmware with Secure Boot.</param>
internal sealed record TestsetCase(string File, string What, Layout Content, ExpectedVerdict Firmware)
{
    /// <summary>As in <see cref="TestsetImage"/>.</summary>
    public ExpectedVerdict? Kexec { get; init; }

    /// <summary>As in <see cref="TestsetImage"/>.</summary>
    public ExpectedVerdict? KexecOfFile { get; init; }

    /// <summary>As in <see cref="TestsetImage"/>.</summary>
    public ExpectedVerdict? KexecUnenforced { get; init; }

    /// <summary>As in <see cref="TestsetImage"/>.</summary>
    public ExpectedVerdict? Ima { get; init; }

    /// <summary>As in <see cref="TestsetImage"/>.</summary>
    public ExpectedVerdict? Bpf { get; init; }

    /// <summary>The value of <c>security.ima</c>; null for none.</summary>
    public byte[]? Xattr { get; init; }

    /// <summary>As in <see cref="TestsetImage"/>.</summary>
    public string? WarnedBecause { get; init; }

    /// <summary>The image with its size and digest.</summary>
    public TestsetImage Written(string sha256) => new(File, What, Content.Length, sha256)
    {
        Firmware = Firmware,
        Kexec = Kexec,
        KexecOfFile = KexecOfFile,
        KexecUnenforced = KexecUnenforced,
        Ima = Ima,
        Bpf = Bpf,
        Xattr = Xattr is null ? null : File + ".ima",
        WarnedBecause = WarnedBecause,
    };
}
