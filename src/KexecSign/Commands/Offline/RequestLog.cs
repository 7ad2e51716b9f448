using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Kinds;

namespace KexecSign.Commands.Offline;

/// <summary>A hash that a key was asked to sign.</summary>
/// <param name="Name">What it is of.</param>
/// <param name="Kind">What it is a hash of.</param>
/// <param name="Algorithm">Its algorithm.</param>
/// <param name="Hash">The hash, lower-case hex.</param>
/// <param name="Content">What is hashed, where that is at hand and short; null otherwise.</param>
/// <param name="File">The file in the log's folder that holds it, where all contents were wanted; null otherwise.</param>
internal sealed record AskedHash(string Name, ContentKind Kind, HashKind Algorithm, string Hash, byte[]? Content, string? File);

/// <summary>What one key is asked to sign in a rehearsal. Safe to use from several threads at a time.</summary>
internal sealed class RequestLog(X509Certificate2 certificate, bool wantsContent) : IDisposable
{
    private const int LongestContent = 1 << 16;

    private readonly Lock _lock = new();
    private readonly List<AskedHash> _all = [];
    private WorkFolder? _contents;

    /// <summary>The key's certificate.</summary>
    public X509Certificate2 Certificate => certificate;

    /// <summary>
    /// What was asked, in an order that does not depend on which thread was first; what is of one name and one hash stands there once.
    /// </summary>
    public IEnumerable<AskedHash> All => _all.DistinctBy(asked => (asked.Name, asked.Hash))
        .OrderBy(asked => asked.Name, StringComparer.Ordinal).ThenBy(asked => asked.Hash, StringComparer.Ordinal);

    /// <summary>Whether nothing was asked.</summary>
    public bool IsEmpty => _all.Count == 0;

    /// <summary>Notes one.</summary>
    public void Note(ContentToSign what, HashAlgorithmName algorithm)
    {
        HashKind hash = HashKind.Of(algorithm);
        byte[]? content = Content(what, hash);
        lock (_lock)
        {
            if (_all.Count == Bundle.MostRequests)
                throw OperationErrors.NotABundle.With($"more than {Bundle.MostRequests} signatures are wanted of one key");
            string? file = wantsContent && content is not null ? Kept(content) : null;
            _all.Add(new(what.Name ?? "", what.Kind, hash, Convert.ToHexStringLower(what.Hash.Span), wantsContent ? null : content, file));
        }
    }

    /// <summary>A content that was kept.</summary>
    public string PathOf(string file) => _contents!.File(file);

    public void Dispose() => _contents?.Dispose();

    // Modules and files would be the whole package once more.
    private byte[]? Content(ContentToSign what, HashKind hash)
    {
        if (!wantsContent && what.Kind is ContentKind.Module or ContentKind.Ima)
            return null;
        ReadOnlySpan<byte> content = what.Bytes().Span;
        return (wantsContent || content.Length <= LongestContent)
            && CryptographicOperations.HashData(hash.Name, content).AsSpan().SequenceEqual(what.Hash.Span) ? content.ToArray() : null;
    }

    private string Kept(byte[] content)
    {
        _contents ??= WorkFolder.Open();
        string name = $"{_all.Count}";
        _contents.Put(name, Layout.Of(content), CancellationToken.None);
        return name;
    }
}
