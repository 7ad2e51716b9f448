using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Ima;

namespace KexecSign.Ima;

/// <summary>What a portable EVM signature covers besides the file's IMA value.</summary>
public sealed record EvmOptions
{
    private const int RegularFile = 0x8000;

    /// <summary>Whether there is one.</summary>
    public bool Wanted { get; init; }

    /// <summary>Owner and group as numbers, <c>UID:GID</c>: those that the file has where it is installed.</summary>
    public string Owner { get; init; } = "0:0";

    /// <summary>Permission bits in octal; null for those of the file.</summary>
    public string? Mode { get; init; }

    /// <summary>SELinux label; null for none, or the file's own with <see cref="FromFile"/>.</summary>
    public string? Selinux { get; init; }

    /// <summary>Value of security.capability in hex; null for the file's own, if it has one.</summary>
    public string? Capability { get; init; }

    /// <summary>Whether owner, mode and attributes are the file's own: it is installed already.</summary>
    internal bool FromFile { get; init; }

    /// <summary>The options as the IMA commands offer them.</summary>
    internal static IEnumerable<OptionSpec<T>> Specs<T>(string flag, Func<T, EvmOptions> get, Func<T, EvmOptions, T> set)
        where T : class
    {
        yield return new("evm", null, flag, (o, _) => set(o, get(o) with { Wanted = true }));
        yield return new("owner", "UID:GID", "Owner and group that EVM covers, as numbers.", (o, v) => set(o, get(o) with { Owner = v }),
            defaultValue: "0:0");
        yield return new("mode", "MODE", "Permission bits that EVM covers, in octal; without it those of the file.",
            (o, v) => set(o, get(o) with { Mode = v }));
        yield return new("selinux", "LABEL", "SELinux label that the files get where they are installed.",
            (o, v) => set(o, get(o) with { Selinux = v }));
        yield return new("capability", "HEX", "Value of security.capability that the files get; without it the file's own, if it has one.",
            (o, v) => set(o, get(o) with { Capability = v }));
    }

    /// <summary>Refuses what cannot be meant, before anything is signed.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3012, KS3925.</exception>
    internal EvmOptions Checked()
    {
        if (!Wanted && this != new EvmOptions())
            throw OperationErrors.EvmNotWanted.With();
        _ = (Ids(), Mode is null ? 0 : Octal(Mode), Capability is null ? [] : Hex(Capability));
        return this;
    }

    /// <summary>What is covered of a file with an IMA value.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3012 for an option that is no number, octal or hex.</exception>
    internal EvmMetadata Of(string file, ReadOnlyMemory<byte> ima)
    {
        var attributes = ImmutableArray.CreateBuilder<ProtectedAttribute>();
        foreach (string name in EvmMetadata.ProtectedNames)
        {
            if (Value(file, name, ima) is { } value)
                attributes.Add(new(name, value));
        }
        (uint owner, uint group) = FromFile ? OwnerOf(file) : Ids();
        return new(owner, group, checked((ushort)(RegularFile | Bits(file))), attributes.DrainToImmutable());
    }

    private ReadOnlyMemory<byte>? Value(string file, string name, ReadOnlyMemory<byte> ima) => name switch
    {
        "security.ima" => ima,
        "security.selinux" when !FromFile => Selinux is null ? null : Encoding.UTF8.GetBytes(Selinux + '\0'),
        "security.capability" when Capability is not null => Hex(Capability),
        "security.capability" => ExtendedAttribute.TryGet(file, name),
        _ => FromFile ? ExtendedAttribute.TryGet(file, name) : null,
    };

    private static byte[] Hex(string capability)
    {
        try
        {
            return Convert.FromHexString(capability);
        }
        catch (FormatException)
        {
            throw OperationErrors.OptionValue.With("capability", capability,
                "hex digits, as 'getfattr -e hex -n security.capability' prints them without 0x");
        }
    }

    private static (uint Owner, uint Group) OwnerOf(string file) =>
        FileFacts.Of(file) is { } facts ? (facts.Owner, facts.Group) : throw OperationErrors.InputMissing.With().In(file);

    private int Bits(string file) => Mode is null || FromFile ? (int)File.GetUnixFileMode(file) : Octal(Mode);

    private static int Octal(string mode) =>
        mode.Length is > 0 and <= 5 && mode.All(c => c is >= '0' and <= '7') && Convert.ToInt32(mode, 8) is <= 0xFFF and int bits
            ? bits
            : throw OperationErrors.OptionValue.With("mode", mode, "octal permission bits such as 0644");

    private (uint Owner, uint Group) Ids()
    {
        string[] parts = Owner.Split(':');
        return parts.Length == 2
            && uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out uint owner)
            && uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint group)
            ? (owner, group)
            : throw OperationErrors.OptionValue.With("owner", Owner, "two numbers, UID:GID");
    }
}
