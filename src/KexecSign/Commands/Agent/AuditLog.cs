using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;

namespace KexecSign.Commands.Agent;

/// <summary>
/// The log of what an agent was asked: a JSON document a line, each with the SHA-256 of the line before, so that none can be changed or
/// taken out without all that follow. A line is written before the signature is handed out. What is taken off the end is
/// seen by the signature over the whole file, or by whoever kept the last line's hash.
/// </summary>
internal sealed class AuditLog : IDisposable
{
    private const long MostBytes = 1L << 31;
    private static readonly string Beginning = new('0', 64);

    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly TimeProvider _clock;
    private string _previous;
    private long _number;

    private AuditLog(FileStream file, TimeProvider clock, string previous, long number)
    {
        _file = file;
        _clock = clock;
        _previous = previous;
        _number = number;
    }

    /// <summary>Hash of the last line, lower-case hex.</summary>
    public string Head
    {
        get
        {
            lock (_lock)
                return _previous;
        }
    }

    /// <summary>Opens a log; one that is there is checked and goes on.</summary>
    /// <exception cref="KexecSignException">KS3874, KS3003.</exception>
    public static AuditLog Open(string path, TimeProvider clock)
    {
        FileStream file = AppendedFile.Open(path);
        try
        {
            (string head, long lines) = file.Length > 0 ? Verify(path) : (Beginning, 0);
            return new(file, clock, head, lines);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes a line.</summary>
    /// <param name="what"><c>begin</c>, <c>sign</c>, <c>refuse</c>, <c>end</c>.</param>
    /// <param name="fields">Writes the fields that belong to it.</param>
    public void Write(string what, Action<Utf8JsonWriter> fields)
    {
        lock (_lock)
        {
            using var line = new MemoryStream();
            using (var json = new Utf8JsonWriter(line, ReportDocument.Writing with { Indented = false }))
            {
                json.WriteStartObject();
                json.WriteNumber("n", _number);
                json.WriteString("time", _clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'",
                    System.Globalization.CultureInfo.InvariantCulture));
                json.WriteString("what", what);
                fields(json);
                json.WriteString("previous", _previous);
                json.WriteEndObject();
            }
            byte[] bytes = [.. line.ToArray(), (byte)'\n'];
            _file.Write(bytes);
            _previous = Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, bytes.Length - 1)));
            _number++;
        }
    }

    /// <summary>Has the disk keep what was written.</summary>
    public void Flush() => _file.Flush(flushToDisk: true);

    /// <summary>Checks the chain of a log; the last line's hash and how many there are.</summary>
    /// <exception cref="KexecSignException">KS3874, KS3001, KS3002.</exception>
    public static (string Head, long Lines) Verify(string path)
    {
        string previous = Beginning;
        long number = 0;
        byte[] bytes = WholeFile.Read(path, MostBytes, "an audit log");
        for (int at = 0; at < bytes.Length;)
        {
            int length = bytes.AsSpan(at).IndexOf((byte)'\n');
            if (length < 0)
                throw OperationErrors.AuditBroken.With(number + 1, "it is not ended, as by a crash or a full disk").In(path);
            Check(bytes.AsMemory(at, length), previous, number, path);
            previous = Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(at, length)));
            number++;
            at += length + 1;
        }
        return (previous, number);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Check(ReadOnlyMemory<byte> line, string previous, long number, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            string? named = document.RootElement.GetProperty("previous").GetString();
            if (named != previous)
                throw OperationErrors.AuditBroken.With(number + 1,
                    $"it follows a line with the hash {named}, but the line before has {previous}").In(path);
            if (document.RootElement.GetProperty("n").GetInt64() != number)
                throw OperationErrors.AuditBroken.With(number + 1, $"its number is not {number}").In(path);
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw OperationErrors.AuditBroken.Because(broken, number + 1,
                $"it is no line of a log: {Encoding.UTF8.GetString(line.Span[..Math.Min(40, line.Length)])}").In(path);
        }
    }
}
