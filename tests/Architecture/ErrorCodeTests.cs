using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using KexecSign.Architecture.Tests.Metadata;
using KexecSign.Formats.Errors;

namespace KexecSign.Architecture.Tests;

/// <summary>Every error code is unique, stands in its room's range and says how to mend.</summary>
public sealed partial class ErrorCodeTests
{
    private static readonly Dictionary<string, string> Ranges = new()
    {
        ["KexecSign.Formats"] = "1 4720",
        ["KexecSign.Keys"] = "2 387",
        ["KexecSign.Simulation"] = "40 4721 455 456 457 458 459",
        ["KexecSign"] = "3 41 42 43 44 45 46 47 48 49 5",
        ["KexecSign.Cli"] = "3",
        ["KexecSign.MSBuild"] = "6",
        ["Cake.KexecSign"] = "6",
    };

    private static readonly (string Room, string Field, ErrorCode Code)[] Codes = [.. FindCodes()];

    [Fact]
    public void Are_found()
    {
        Codes.Length.ShouldBeGreaterThan(50);
        Codes.Select(found => found.Room).Distinct().ShouldBeSubsetOf(Ranges.Keys);
    }

    [Fact]
    public void Have_the_form_KS_and_four_digits() =>
        Codes.Where(found => !Form().IsMatch(found.Code.Id)).Select(Name).ShouldBeEmpty();

    [Fact]
    public void Are_unique() =>
        Codes.GroupBy(found => found.Code.Id).Where(group => group.Count() > 1).Select(group => string.Join(" = ", group.Select(Name))).ShouldBeEmpty();

    [Fact]
    public void Stand_in_the_range_of_their_room() =>
        Codes.Where(found => !Ranges[found.Room].Split(' ').Any(range => found.Code.Id.StartsWith("KS" + range, StringComparison.Ordinal)))
            .Select(Name).ShouldBeEmpty();

    [Fact]
    public void Say_how_to_mend_in_whole_sentences() =>
        Codes.Where(found => !Sentences().IsMatch(found.Code.Mend)).Select(found => $"{Name(found)}: {found.Code.Mend}").ShouldBeEmpty();

    [Fact]
    public void Say_how_to_mend_in_a_form_that_can_be_formatted()
    {
        foreach ((string Room, string Field, ErrorCode Code) found in Codes)
        {
            var format = System.Text.CompositeFormat.Parse(found.Code.Mend);
            object[] values = [.. Enumerable.Repeat(new AnyValue(), format.MinimumArgumentCount)];
            Should.NotThrow(() => string.Format(CultureInfo.InvariantCulture, format, values), Name(found));
        }
    }

    [Fact]
    public void Say_what_is_wrong_in_one_line_that_can_be_formatted()
    {
        foreach ((string Room, string Field, ErrorCode Code) found in Codes)
        {
            found.Code.Says.ShouldNotBeNullOrWhiteSpace(Name(found));
            found.Code.Says.ShouldNotContain("\n", customMessage: Name(found));
            var format = System.Text.CompositeFormat.Parse(found.Code.Says);
            object[] values = [.. Enumerable.Repeat(new AnyValue(), format.MinimumArgumentCount)];
            Should.NotThrow(() => string.Format(CultureInfo.InvariantCulture, format, values), Name(found));
        }
    }

    private static string Name((string Room, string Field, ErrorCode Code) found) => $"{found.Code.Id} ({found.Field})";

    private static IEnumerable<(string Room, string Field, ErrorCode Code)> FindCodes()
    {
        foreach (Room room in Repository.Rooms.Where(MayHaveCodes))
        {
            Assembly assembly = Assembly.LoadFrom(room.AssemblyFile);
            foreach (FieldInfo field in assembly.GetTypes()
                .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
                .Where(field => field.FieldType == typeof(ErrorCode)))
            {
                yield return (room.Name, $"{field.DeclaringType!.FullName}.{field.Name}", (ErrorCode)field.GetValue(null)!);
            }
        }
    }

    // Rooms without codes are not loaded: a Cake addin or a task cannot be without its host.
    private static bool MayHaveCodes(Room room)
    {
        using var assembly = new BuiltAssembly(room.AssemblyFile);
        return room.Name == "KexecSign.Formats" || assembly.UsedMembers.Contains("KexecSign.Formats.Errors.ErrorCode..ctor");
    }

    // Numbers, dates and texts are put into messages; which one a placeholder wants is not known here.
    private sealed class AnyValue : IFormattable
    {
        public string ToString(string? format, IFormatProvider? provider) => "value";
    }

    [GeneratedRegex(@"^KS\d{4}$")]
    private static partial Regex Form();

    [GeneratedRegex(@"^[^\n]*\w [^\n]*[\w'""})][.!]$")]
    private static partial Regex Sentences();
}
