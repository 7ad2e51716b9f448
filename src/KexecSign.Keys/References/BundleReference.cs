namespace KexecSign.Keys.References;

/// <summary>What a run does with a key that is elsewhere.</summary>
public enum BundleUse
{
    /// <summary>It notes what the key has to sign, and writes nothing else.</summary>
    Prepare,

    /// <summary>It takes the signatures that came back.</summary>
    Attach,
}

/// <summary>
/// <c>prepare:PLACE</c> and <c>attach:PLACE</c>: a key on another machine. The place is a bundle's folder, or an archive of the Open Build
/// Service.
/// </summary>
/// <param name="Use">What is to be done.</param>
/// <param name="Place">Path of the bundle.</param>
public sealed record BundleReference(BundleUse Use, string Place)
{
    /// <summary>Ends the name of an archive of the Open Build Service that is to be signed.</summary>
    public const string ArchiveEnding = ".cpio.rsasign";

    /// <summary>Stands behind that when it is signed, and behind each name in it.</summary>
    public const string SignedEnding = ".sig";

    private const string PrepareScheme = "prepare:", AttachScheme = "attach:";

    /// <summary>Whether a reference names a bundle.</summary>
    public static bool Is(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.StartsWith(PrepareScheme, StringComparison.Ordinal)
            || reference.StartsWith(AttachScheme, StringComparison.Ordinal);
    }

    /// <summary>Reads one.</summary>
    public static BundleReference Parse(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.StartsWith(PrepareScheme, StringComparison.Ordinal)
            ? new(BundleUse.Prepare, reference[PrepareScheme.Length..])
            : new(BundleUse.Attach, reference[AttachScheme.Length..]);
    }

    /// <summary>Whether the place is such an archive.</summary>
    public bool IsArchive => IsArchivePath(Place);

    /// <summary>Whether a path is that of an archive, signed or not.</summary>
    public static bool IsArchivePath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(ArchiveEnding, StringComparison.Ordinal)
            || path.EndsWith(ArchiveEnding + SignedEnding, StringComparison.Ordinal);
    }

    /// <summary>A reference with its place made anew, an absolute path for instance.</summary>
    public static string WithPlace(string reference, Func<string, string> place)
    {
        ArgumentNullException.ThrowIfNull(place);
        BundleReference bundle = Parse(reference);
        return (bundle with { Place = place(bundle.Place) }).ToString();
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => (Use == BundleUse.Prepare ? PrepareScheme : AttachScheme) + Place;
}
