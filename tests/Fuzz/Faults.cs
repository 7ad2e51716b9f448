using System.Security.Cryptography;

namespace KexecSign.Fuzz;

/// <summary>Inputs that no reader may be given to: each kind of fault is kept once, with the file that shows it.</summary>
public sealed class Faults(string folder)
{
    private readonly HashSet<string> _kinds = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>How many kinds there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _kinds.Count;
        }
    }

    /// <summary>Notes a fault.</summary>
    /// <param name="reader">Whose.</param>
    /// <param name="input">What was read.</param>
    /// <param name="kind">What tells it from others.</param>
    /// <param name="told">All that is known.</param>
    public void Add(string reader, byte[] input, string kind, string told)
    {
        lock (_lock)
        {
            if (!_kinds.Add($"{reader}: {kind}"))
                return;
            Directory.CreateDirectory(folder);
            string name = Path.Combine(folder, $"{reader}-{Convert.ToHexStringLower(SHA256.HashData(input))[..16]}");
            File.WriteAllBytes(name, input);
            File.WriteAllText(name + ".txt", told + "\n");
            Console.WriteLine($"FAULT {reader}: {kind}\n  {name}");
        }
    }
}
