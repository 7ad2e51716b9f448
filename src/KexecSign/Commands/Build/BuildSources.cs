using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Judging.Policies;
using KexecSign.Zboot;

namespace KexecSign.Commands.Build;

/// <summary>
/// What a build reads: image, kit and policy are opened once, and whatever asks for a digest gets that of the bytes that were used.
/// </summary>
internal sealed class BuildSources : IDisposable
{
    private readonly Dictionary<string, string> _digests = new(StringComparer.Ordinal);
    private readonly RunContext _context;

    private BuildSources(FileSource image, ZbootKit? kit, PolicyDocument? policy, RunContext context)
    {
        _context = context;
        Image = image;
        Kit = kit;
        Policy = policy;
        if (kit is not null)
            Know(kit.Path, kit.Sha256);
        if (policy is not null)
            Know(policy.Path, policy.Sha256);
    }

    /// <summary>The Image, or the finished image when there is no kit.</summary>
    public FileSource Image { get; }

    /// <summary>The kit; null for none.</summary>
    public ZbootKit? Kit { get; }

    /// <summary>The policy; null for none.</summary>
    public PolicyDocument? Policy { get; }

    /// <summary>The paths of all files that a build reads.</summary>
    public static string[] Paths(BuildOptions options) =>
        [.. BuildRoles.With(OptionEffect.Content).Select(o => o.Role.Value(options)).OfType<string>()];

    /// <summary>Opens them, and refuses a kit that is not the one that is meant.</summary>
    public static BuildSources Open(BuildOptions options, RunContext context)
    {
        PolicyDocument? policy = options.Policy is null ? null : PolicyDocument.Read(options.Policy, options.AllowedModules);
        FileSource image = FileSource.Open(options.Image!);
        try
        {
            return new(image, AllowedKit.Open(options, policy, context), policy, context);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Notes the digest of a file that somebody read whole.</summary>
    public void Know(string path, string sha256) => _digests[path] = sha256;

    /// <summary>SHA-256 of a file, lower-case hex; each is hashed once.</summary>
    public string Sha256(string path)
    {
        if (_digests.TryGetValue(path, out string? known))
            return known;
        if (path == Image.Path)
            return _digests[path] = Hash(Image, _context);
        return _digests[path] = HashOf(path, _context);
    }

    /// <summary>SHA-256 of a file that nobody has opened.</summary>
    public static string HashOf(string path, RunContext context)
    {
        using FileSource source = FileSource.Open(path);
        return Hash(source, context);
    }

    /// <inheritdoc/>
    public void Dispose() => Image.Dispose();

    private static string Hash(FileSource source, RunContext context) =>
        Convert.ToHexStringLower(LayoutPass.Hash(source.ToLayout(), HashAlgorithmName.SHA256, context));
}
