using System.Collections.Immutable;
using KexecSign.Core.Errors;

namespace KexecSign.Cli.Compat;

/// <summary>
/// A peer's command line, read as getopt_long(3) reads it: options and operands mixed, letters in one word, long names cut short
/// where they stay clear, values behind <c>=</c> or as the next word, and <c>--</c>.
/// </summary>
internal sealed class PeerArguments
{
    private readonly Dictionary<PeerOption, List<string>> _given = [];
    private readonly List<string> _operands = [];
    private readonly PeerCommand _peer;

    private PeerArguments(PeerCommand peer) => _peer = peer;

    /// <summary>What is no option, in order.</summary>
    public ImmutableArray<string> Operands => [.. _operands];

    public bool Has(PeerOption option) => _given.ContainsKey(option);

    /// <summary>The last value given, as with the peers; null for none.</summary>
    public string? Value(PeerOption option) => _given.TryGetValue(option, out List<string>? values) ? values[^1] : null;

    public ImmutableArray<string> Values(PeerOption option) => _given.TryGetValue(option, out List<string>? values) ? [.. values] : [];

    public int Count(PeerOption option) => _given.TryGetValue(option, out List<string>? values) ? values.Count : 0;

    /// <summary>Reads a command line.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3855-KS3857.</exception>
    public static PeerArguments Read(PeerCommand peer, IReadOnlyList<string> words)
    {
        var arguments = new PeerArguments(peer);
        for (int at = 0; at < words.Count; at++)
        {
            string word = words[at];
            if (word == "--")
            {
                arguments._operands.AddRange(words.Skip(at + 1));
                break;
            }
            if (word.StartsWith("--", StringComparison.Ordinal))
                at = arguments.ReadLong(word, words, at);
            else if (word is ['-', _, ..])
                at = arguments.ReadLetters(word, words, at);
            else
                arguments._operands.Add(word);
        }
        return arguments;
    }

    private int ReadLong(string word, IReadOnlyList<string> words, int at)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? word[2..] : word[2..equals];
        PeerOption option = Named(name) ?? throw Unknown("--" + name);
        string? value = equals < 0 ? null : word[(equals + 1)..];
        if (option.Value == PeerValue.None && value is not null)
            throw Unknown(word);
        if (option.Value == PeerValue.Required && value is null)
            value = ++at < words.Count ? words[at] : throw OperationErrors.PeerOptionBare.With(_peer.Name, option.Typed);
        Give(option, value);
        return at;
    }

    private int ReadLetters(string word, IReadOnlyList<string> words, int at)
    {
        for (int i = 1; i < word.Length; i++)
        {
            PeerOption option = Lettered(word[i]) ?? throw Unknown("-" + word[i]);
            if (option.Value == PeerValue.None)
            {
                Give(option, null);
                continue;
            }
            // popt, unlike getopt, lets '=' stand between.
            string? rest = i + 1 < word.Length ? word[(i + 1)..].TrimStart('=') : null;
            if (rest is null && option.Value == PeerValue.Required)
                rest = ++at < words.Count ? words[at] : throw OperationErrors.PeerOptionBare.With(_peer.Name, option.Typed);
            Give(option, rest);
            break;
        }
        return at;
    }

    private void Give(PeerOption option, string? value)
    {
        if (option.Refused is { } because)
            throw OperationErrors.PeerOptionRefused.With(_peer.Name, option.Typed, because, option.Instead);
        if (!_given.TryGetValue(option, out List<string>? values))
            _given.Add(option, values = []);
        values.Add(value ?? "");
    }

    private PeerOption? Named(string name)
    {
        PeerOption? begun = null;
        bool several = false;
        foreach (PeerOption option in _peer.Options)
        {
            if (option.Long == name)
                return option;
            if (name.Length > 0 && option.Long.StartsWith(name, StringComparison.Ordinal))
            {
                several = begun is not null;
                begun = option;
            }
        }
        return several ? null : begun;
    }

    private PeerOption? Lettered(char letter)
    {
        foreach (PeerOption option in _peer.Options)
        {
            if (option.Short == letter && letter != '\0')
                return option;
        }
        return null;
    }

    private Formats.Errors.KexecSignException Unknown(string typed) => OperationErrors.PeerOptionUnknown.With(
        _peer.Name, typed, string.Join(' ', _peer.Options.Where(o => o.Refused is null).Select(o => o.Typed)), _peer.Native);
}
