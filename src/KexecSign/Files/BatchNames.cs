using KexecSign.Core.Errors;

namespace KexecSign.Files;

/// <summary>Keeps the files of a batch from overwriting each other.</summary>
internal static class BatchNames
{
    /// <summary>Refuses two inputs with one output.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3013.</exception>
    public static void RequireDifferent(IEnumerable<(string Input, string Output)> files)
    {
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string input, string output) in files)
        {
            if (!taken.TryAdd(output, input))
                throw OperationErrors.SameOutput.With(taken[output], input, output);
        }
    }
}
