using System.Collections.Immutable;
using KexecSign.Core.Errors;

namespace KexecSign.Core.Operations;

/// <summary>What options accept as their values, and the one error that is raised for others: KS3031.</summary>
internal static class OptionValues
{
    /// <summary>A value that must be one of a few.</summary>
    public static string Choice(string option, string value, ImmutableArray<string> choices) =>
        choices.Contains(value) ? value : throw OperationErrors.OptionValue.With(option, value, string.Join(", ", choices));

    /// <summary>A value that must be a number.</summary>
    public static int Number(string option, string value) =>
        int.TryParse(value, out int number) && number >= 0
            ? number
            : throw OperationErrors.OptionValue.With(option, value, "a number from 0 on");

    /// <summary>A value that must be a number of seconds, a day at most.</summary>
    public static int Seconds(string option, string value) =>
        Number(option, value) is > 0 and <= 86400 and int seconds
            ? seconds
            : throw OperationErrors.OptionValue.With(option, value, "1 to 86400 seconds");
}
