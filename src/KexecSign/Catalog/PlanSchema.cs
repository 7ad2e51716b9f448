using System.Globalization;
using System.Text.Json;
using System.Text.Encodings.Web;
using KexecSign.Commands.Build;
using KexecSign.Core.Operations;

namespace KexecSign.Catalog;

/// <summary>
/// The properties of a plan that say what options of <c>build</c> say; from the options' own descriptions, kinds and words.
/// </summary>
internal static class PlanSchema
{
    private const string Sha256Pattern = "^[0-9a-fA-F:]{64,95}$";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The properties of one place, one a line.</summary>
    /// <param name="place">A step, or another object of a plan.</param>
    /// <param name="indent">Blanks before each line.</param>
    public static string Properties(string place, int indent) =>
        string.Join(",\n", BuildRoles.In(place).Select(o =>
            $"{new string(' ', indent)}{Quoted(o.Field.Name)}: {Of(o.Option, o.Field, o.Role is SignerRole)}"));

    /// <summary>The properties that must be there.</summary>
    public static string Required(string place, params string[] others) =>
        string.Join(", ", others.Concat(BuildRoles.In(place).Where(o => o.Field.Required).Select(o => o.Field.Name)).Select(Quoted));

    private static string Of(OptionSpec option, DocumentField field, bool isSigner)
    {
        string description = Quoted(isSigner ? "Name of a key: " + Beginning(option.Description)
            : field.Note is null ? option.Description
            : $"{option.Description} {field.Note}");
        return option.Kind switch
        {
            OptionKind.Choice => $$"""{ "enum": [{{string.Join(", ", option.Choices.Select(Quoted))}}], "description": {{description}} }""",
            OptionKind.Number => string.Create(CultureInfo.InvariantCulture,
                $$"""{ "type": "integer", "minimum": {{field.Range.Least}}, "maximum": {{field.Range.Most}}, "description": {{description}} }"""),
            OptionKind.Text when option.Value == "HEX" => $$"""{ "type": "string", "pattern": {{Quoted(Sha256Pattern)}}, "description": {{description}} }""",
            OptionKind.Flag => $$"""{ "type": "boolean", "description": {{description}} }""",
            OptionKind.Text or OptionKind.TextOrFile or OptionKind.PathIn or OptionKind.PathOut or OptionKind.Folder
                or OptionKind.KeyReference or OptionKind.NamedPath =>
                $$"""{ "type": "string", "minLength": 1, "description": {{description}} }""",
            _ => throw new ArgumentOutOfRangeException(nameof(option), option.Kind, null),
        };
    }

    // "Private key of the outer PE: a PKCS#11 URI ..." says behind the colon what a reference may be, and a plan has none here.
    private static string Beginning(string description)
    {
        string beginning = description.Split(':')[0];
        return char.ToLowerInvariant(beginning[0]) + beginning[1..] + ".";
    }

    private static string Quoted(string text) => "\"" + Plain.Encoder!.Encode(text) + "\"";
}
