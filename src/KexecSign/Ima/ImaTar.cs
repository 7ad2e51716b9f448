using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Tar;

namespace KexecSign.Ima;

/// <summary>A signed file on its way into a tar.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">Its path in the archive.</param>
/// <param name="Digest">Hash of its content, when it was signed.</param>
/// <param name="Value">The security.ima value.</param>
internal sealed record TarFile(string Path, string Name, byte[] Digest, byte[] Value)
{
    /// <summary>The security.evm value; null for none.</summary>
    public byte[]? Evm { get; init; }

    /// <summary>What that value covers; the archive then says the same of owner, mode and capability.</summary>
    public EvmMetadata? Covered { get; init; }
}

/// <summary>
/// Writes a tar whose files carry security.ima: file after file, one open at a time. What is packed is checked against what was signed.
/// </summary>
internal sealed class ImaTar : IDisposable
{
    private const int PlainMode = 0x1A4, PermissionBits = 0xFFF;

    private readonly OutputFile _output;
    private readonly IncrementalHash _all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly RunContext _context;
    private readonly DateTimeOffset _time;

    private ImaTar(OutputFile output, RunContext context)
    {
        _output = output;
        _context = context;
        _time = SourceDate.Get(context);
    }

    /// <summary>Writes the files, and around those of a tree its folders and links.</summary>
    /// <param name="path">The tar.</param>
    /// <param name="files">The files in order.</param>
    /// <param name="trees">Folders that were named.</param>
    /// <param name="hash">Hash of <see cref="TarFile.Digest"/>.</param>
    /// <param name="context">Run context.</param>
    /// <returns>SHA-256 of the tar, lower-case hex.</returns>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003-KS3008.</exception>
    public static string Write(string path, IEnumerable<TarFile> files, IEnumerable<string> trees, HashAlgorithmName hash,
        RunContext context)
    {
        var entries = files.Select(f => (f.Name, File: (TarFile?)f, Whole: false)).ToList();
        var whole = trees.Select(Path.GetFullPath).ToList();
        foreach (string tree in whole)
            entries.AddRange(Surroundings(tree).Select(name => (name, (TarFile?)null, true)));
        entries = whole.Count == 0 ? entries : [.. entries.OrderBy(e => e.Name, StringComparer.Ordinal)];
        using IRunStep step = context.Log.Step($"write {Path.GetFileName(path)}");
        using OutputFile output = OutputFile.Create(path, [.. entries.Where(e => e.File is not null).Select(e => e.File!.Path)]);
        using var tar = new ImaTar(output, context);
        foreach ((string name, TarFile? file, _) in entries)
        {
            if (file is null)
                tar.Add(whole.Select(tree => Path.Combine(tree, name)).First(Path.Exists), name);
            else
                tar.Add(file, hash, whole.Count > 0 && whole.Any(tree => Path.GetFullPath(file.Path)
                    .StartsWith(tree.TrimEnd('/') + "/", StringComparison.Ordinal)), step);
        }
        tar.Put(PaxTar.End);
        output.Commit();
        return Convert.ToHexStringLower(tar._all.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose() => _all.Dispose();

    // Folders and symbolic links below a folder, as names inside the archive.
    private static IEnumerable<string> Surroundings(string tree) =>
        new System.IO.Enumeration.FileSystemEnumerable<string>(tree, (ref System.IO.Enumeration.FileSystemEntry e) => e.ToFullPath(),
            new() { RecurseSubdirectories = true, AttributesToSkip = 0 })
        {
            ShouldIncludePredicate = (ref System.IO.Enumeration.FileSystemEntry e) =>
                e.IsDirectory || (e.Attributes & FileAttributes.ReparsePoint) != 0,
            ShouldRecursePredicate = (ref System.IO.Enumeration.FileSystemEntry e) => (e.Attributes & FileAttributes.ReparsePoint) == 0,
        }.Select(path => Path.GetRelativePath(tree, path));

    private void Add(string path, string name)
    {
        if (new FileInfo(path).LinkTarget is { } target)
            Put(PaxTar.Link(name, target, _time));
        else
            Put(PaxTar.Folder(name, (int)File.GetUnixFileMode(path), _time));
    }

    private void Add(TarFile file, HashAlgorithmName algorithm, bool keepsMode, IRunStep step)
    {
        using FileSource source = FileSource.Open(file.Path);
        // A tree was laid out for a package; the bits of a file named alone depend on who made it.
        int mode = file.Covered is { } covered ? covered.Mode & PermissionBits
            : keepsMode ? (int)File.GetUnixFileMode(file.Path)
            : PlainMode;
        Put(PaxTar.Head(file.Name, mode, source.Length, _time, Attributes(file), new(file.Covered?.Owner ?? 0, file.Covered?.Group ?? 0)));
        byte[] buffer = new byte[(int)Math.Clamp(source.Length, 1, 1 << 17)];
        using var content = IncrementalHash.CreateHash(algorithm);
        for (long at = 0; at < source.Length;)
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, source.Length - at));
            source.Read(at, chunk);
            content.AppendData(chunk);
            Put(chunk);
            at += chunk.Length;
            step.Advance(chunk.Length);
        }
        if (!content.GetHashAndReset().AsSpan().SequenceEqual(file.Digest))
            throw OperationErrors.ChangedSinceHashed.With().In(file.Path);
        Put(new byte[PaxTar.PaddingOf(source.Length)]);
    }

    // Labels are left to the policy of the machine where the files are installed.
    private static List<(string Name, ReadOnlyMemory<byte> Value)> Attributes(TarFile file)
    {
        List<(string, ReadOnlyMemory<byte>)> attributes = [("security.ima", file.Value)];
        if (file.Evm is not null)
            attributes.Add(("security.evm", file.Evm));
        if (file.Covered?.Attributes.FirstOrDefault(a => a.Name == "security.capability") is { } capability)
            attributes.Add((capability.Name, capability.Value));
        return attributes;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _all.AppendData(bytes);
        _output.Write(bytes);
    }
}
