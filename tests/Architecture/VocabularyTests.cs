using System.Text.RegularExpressions;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Vocabulary;
using KexecSign.Formats.Zboot;
using KexecSign.Judging;
using KexecSign.Keys.Kinds;

namespace KexecSign.Architecture.Tests;

/// <summary>
/// A vocabulary is one table. Its words are listed nowhere else, and what is decided for each of them is decided by a switch that names
/// each of them: the compiler refuses one that lacks a member (CS8509), as long as no arm stands for "all others".
/// </summary>
public sealed partial class VocabularyTests
{
    // A word of its own, not of ours: what files and folders are called, keys of the test set, roles of certificates.
    private static readonly string[] SpeakOfOthers =
    [
        "src/KexecSign/Zboot/KernelSource.cs", // Programs that unpack source archives.
        "src/KexecSign/Commands/Testset/TestsetKeys.cs", // Names of keys.
        "src/KexecSign/Judging/TrustedRoles.cs", "src/KexecSign/Judging/Policies/PolicyDocument.cs", // Roles: db, mok, kexec, ima.
        "src/KexecSign/Judging/Policies/SignatureRules.cs", "src/KexecSign/Core/Settings/TrustRole.cs", "src/KexecSign/Commands/Keys/KeysInitResult.cs",
        "src/KexecSign/Configuration/Configurations.cs", "src/KexecSign/Configuration/ConfigurationFile.cs", "src/KexecSign/Catalog/PublishedSchemas.cs",
        "src/KexecSign/Commands/Testset/RawImages.cs", "src/KexecSign/Commands/Testset/TestsetResult.cs",
        "src/KexecSign/Commands/Testset/TestsetPicture.cs", // Cases and columns of the test set.
        "src/KexecSign/Commands/Signatures/SignatureListing.cs", // Sentences about who looks at an entry.
    ];

    private static readonly string[] Tables =
    [
        "src/KexecSign.Formats/Zboot/PayloadFormat.cs", "src/KexecSign/Compression/PayloadCodec.cs", "src/KexecSign.Formats/Vocabulary/ArchitectureFacts.cs",
        "src/KexecSign.Formats/Bpf/ParserSeries.cs", "src/KexecSign.Formats/Vocabulary/HashKind.cs", "src/KexecSign.Keys/Kinds/KeyKindFacts.cs",
        "src/KexecSign/Judging/Consumer.cs",
    ];

    private static readonly (string Name, string[] Words)[] Vocabularies =
    [
        ("compressions", [.. PayloadFormat.All.Select(format => format.Word)]),
        ("architectures", [.. ArchitectureFacts.Words]),
        ("series", [.. ParserSeries.Words]),
        ("digests", [.. HashKind.All.Select(hash => hash.Word)]),
        ("kinds of keys", [.. KeyKindFacts.Words]),
        ("consumers", [.. Enum.GetNames<Consumer>().Select(name => name.ToLowerInvariant())]),
    ];

    // Of an enum whose members are alternatives: where one is not meant, it is not "the other one" that is.
    private const string Alternatives =
        "ZbootCompression|BlockLengths|KernelArchitecture|ImageArchitecture|Consumer|SignatureRead|KexecSignature|ParserCarrier|ImageKind|KeyAlgorithm|ModuleCompression|ZstdLibrary";

    private static readonly (string File, string Text)[] Sources =
    [
        .. Repository.Files().Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
            // The models of consumers have lists of their own, on purpose.
            .Where(file => !file.StartsWith("src/KexecSign.Simulation/", StringComparison.Ordinal))
            .Select(file => (file, Comment().Replace(File.ReadAllText(Path.Combine(Repository.Root, file)), ""))),
    ];

    [Fact]
    public void Words_are_listed_in_their_table_alone() =>
        (from source in Sources
         where !Tables.Contains(source.File) && !SpeakOfOthers.Contains(source.File)
         from vocabulary in Vocabularies
         from found in Listed(source.Text, vocabulary.Words)
         select $"{source.File} lists {vocabulary.Name}: {found}").ShouldBeEmpty();

    [Fact]
    public void A_switch_over_a_vocabulary_has_no_arm_for_all_others() =>
        (from source in Sources
         from body in Switches(source.Text)
         where Arm().IsMatch(body) && Rest().IsMatch(body)
         select $"{source.File}: {Short(body)}").ShouldBeEmpty();

    [Fact]
    public void A_question_about_one_word_does_not_decide_for_another() =>
        (from source in Sources
         from Match match in Ternary().Matches(source.Text)
         where !YesOrNo.Any(match.Value.Contains)
         select $"{source.File}: {Short(match.Value)}").ShouldBeEmpty();

    // Whether there is one at all, or whether it is this one: nothing is taken for another.
    private static readonly string[] YesOrNo =
        ["ModuleCompression.None", "ImageKind.Zboot", "ImageArchitecture.Arm64", "SignatureRead.OfKernel", "KeyAlgorithm.MlDsa", "KeyAlgorithm.Rsa", "ParserAbi.Unknown"];

    [Fact]
    public void The_rules_see_what_they_forbid()
    {
        Listed("""["gzip", "zstd"]""", ["gzip", "zstd"]).ShouldNotBeEmpty();
        Listed("""x switch { "v5" => 5, "v6" => 6 }""", ["v5", "v6"]).ShouldNotBeEmpty();
        Listed("""Say("gzip"); Say("something else"); Say("zstd")""", ["gzip", "zstd"]).ShouldBeEmpty();
        string body = Switches("x switch { ZbootCompression.Gzip => 6, _ => 22 }").ShouldHaveSingleItem();
        (Arm().IsMatch(body) && Rest().IsMatch(body)).ShouldBeTrue();
        body = Switches("x switch { ZbootCompression.Gzip => y switch { 1 => 2, _ => 3 }, ZbootCompression.Zstd => 22 }")[0];
        Rest().IsMatch(body).ShouldBeFalse("the arm for all others is that of a switch inside");
        Ternary().IsMatch("compression == ZbootCompression.Gzip ? 6 : 22").ShouldBeTrue();
        Sources.Length.ShouldBeGreaterThan(400);
    }

    private static IEnumerable<string> Listed(string text, string[] words)
    {
        string word = string.Join('|', words.Select(Regex.Escape));
        return Regex.Matches(text, $"\"({word})\"(?=[^\"]{{0,80}}\"({word})\")").Where(match => match.Groups[1].Value != match.Groups[2].Value)
            .Select(match => $"{match.Groups[1].Value}, {match.Groups[2].Value}");
    }

    // The arms of each switch without what stands in braces inside them.
    private static List<string> Switches(string text)
    {
        var bodies = new List<string>();
        foreach (Match start in Switch().Matches(text))
        {
            var body = new System.Text.StringBuilder();
            int depth = 1;
            for (int at = start.Index + start.Length; at < text.Length && depth > 0; at++)
            {
                depth += text[at] switch { '{' => 1, '}' => -1, _ => 0 };
                if (depth == 1 && text[at] != '}')
                    body.Append(text[at]);
            }
            bodies.Add(body.ToString());
        }
        return bodies;
    }

    private static string Short(string text) => Spaces().Replace(text, " ").Trim() is { Length: > 120 } long_ ? long_[..120] : Spaces().Replace(text, " ").Trim();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bswitch\b\s*(\([^{;]*\))?\s*\{")]
    private static partial Regex Switch();

    [GeneratedRegex(@"(^|,|\bor|\bcase)\s*(\w+\.)*(" + Alternatives + @")\.\w+\s*(\bor\b|=>|:|when)")]
    private static partial Regex Arm();

    [GeneratedRegex(@"(,\s*_\s*=>)|(\bdefault\s*:(?!\s*throw))")]
    private static partial Regex Rest();

    [GeneratedRegex(@"(==|!=|\bis( not)?)\s*(\w+\.)*(" + Alternatives + @"|ParserAbi)\.\w+\)?\s*\?[^?.\[]")]
    private static partial Regex Ternary();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
