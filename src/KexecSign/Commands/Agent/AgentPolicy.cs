using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Kinds;

namespace KexecSign.Commands.Agent;

/// <summary>What one key may be used for.</summary>
/// <param name="Key">Key reference, as the options of other commands take it.</param>
/// <param name="Kinds">The kinds of content.</param>
/// <param name="Count">How many signatures; null for any number.</param>
public sealed record AgentKeyRule(string Key, ImmutableArray<ContentKind> Kinds, long? Count);

/// <summary>What an agent's keys may be used for.</summary>
/// <param name="Keys">A rule for each key.</param>
/// <param name="Count">How many signatures together; null for any number.</param>
/// <param name="Until">When it ends; null for when the command ends.</param>
public sealed record AgentPolicy(ImmutableArray<AgentKeyRule> Keys, long? Count, DateTimeOffset? Until)
{
    private const long MostBytes = 1 << 20;

    /// <summary>What is seen before it is signed; a hash of something unseen only where it is asked for by name.</summary>
    public static ImmutableArray<ContentKind> Seen { get; } =
        [ContentKind.Authenticode, ContentKind.Module, ContentKind.Ima, ContentKind.Evm];

    /// <summary>Names of the kinds, as options and policies have them.</summary>
    public static ImmutableArray<string> KindNames { get; } = [.. Enum.GetNames<ContentKind>().Select(name => name.ToLowerInvariant())];

    /// <summary>A kind by its name; null for none.</summary>
    public static ContentKind? KindNamed(string? name) =>
        name is not null && KindNames.IndexOf(name) is >= 0 and var index ? (ContentKind)index : null;

    /// <summary>Reads a policy: <c>{"keys": [{"key": ..., "kinds": [...], "count": N}], "count": N, "until": TIME}</c>.</summary>
    /// <exception cref="KexecSignException">KS3873, KS3001, KS3002.</exception>
    public static AgentPolicy Read(string path)
    {
        byte[] bytes = WholeFile.Read(path, MostBytes, "a policy");
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            var rules = ImmutableArray.CreateBuilder<AgentKeyRule>();
            long? count = null;
            DateTimeOffset? until = null;
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                switch (property.Name)
                {
                    case "keys":
                        rules.AddRange(property.Value.EnumerateArray().Select(key => Rule(key, path)));
                        break;
                    case "count":
                        count = property.Value.GetInt64();
                        break;
                    case "until":
                        until = Time(property.Value.GetString() ?? "", path);
                        break;
                    default:
                        throw OperationErrors.AgentPolicyMalformed.With($"'{property.Name}' is none of keys, count, until").In(path);
                }
            }
            return new(rules.DrainToImmutable(), count, until);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or FormatException)
        {
            throw OperationErrors.AgentPolicyMalformed.Because(broken, "it is no JSON of the form that 'kexecsign agent --help' shows")
                .In(path);
        }
    }

    /// <summary>A time with its zone.</summary>
    /// <exception cref="KexecSignException">KS3873.</exception>
    public static DateTimeOffset Time(string text, string? path = null)
    {
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
            return time;
        KexecSignException malformed = OperationErrors.AgentPolicyMalformed.With($"'{text}' is no time such as 2026-12-01T06:00Z");
        throw path is null ? malformed : malformed.In(path);
    }

    private static AgentKeyRule Rule(JsonElement rule, string path)
    {
        string? key = null;
        ImmutableArray<ContentKind> kinds = Seen;
        long? count = null;
        foreach (JsonProperty property in rule.EnumerateObject())
        {
            switch (property.Name)
            {
                case "key":
                    key = property.Value.GetString();
                    break;
                case "kinds":
                    kinds = [.. property.Value.EnumerateArray().Select(kind => KindNamed(kind.GetString())
                        ?? throw OperationErrors.AgentPolicyMalformed.With(
                            $"'{kind.GetString()}' is none of {string.Join(", ", KindNames)}").In(path))];
                    break;
                case "count":
                    count = property.Value.GetInt64();
                    break;
                default:
                    throw OperationErrors.AgentPolicyMalformed.With($"'{property.Name}' of a key is none of key, kinds, count").In(path);
            }
        }
        return new(key ?? throw OperationErrors.AgentPolicyMalformed.With("a key without 'key'").In(path), kinds, count);
    }
}
