using KexecSign.Formats.Errors;

namespace KexecSign.Fixtures;

/// <summary>Expects a refusal in the form that every error has: one line, the right code, the numbers, a way out.</summary>
public static class Refusal
{
    /// <summary>Runs something that must be refused.</summary>
    /// <param name="code">The KS code wanted.</param>
    /// <param name="work">What is to be refused.</param>
    /// <param name="told">Parts that the message must have, most of all both numbers.</param>
    public static KexecSignException Of(string code, Action work, params ReadOnlySpan<string> told)
    {
        try
        {
            work();
        }
        catch (KexecSignException refused)
        {
            if (refused.Code.Id != code)
                throw new InvalidOperationException($"expected {code} but got: {refused.Message}", refused);
            foreach (string part in told)
            {
                if (!refused.Message.Contains(part, StringComparison.Ordinal))
                    throw new InvalidOperationException($"'{part}' is not in: {refused.Message}", refused);
            }
            if (refused.Message.Contains('\n') || refused.Mend.Length == 0)
                throw new InvalidOperationException($"not one line with a way out: {refused.Message}", refused);
            return refused;
        }
        throw new InvalidOperationException($"expected {code} but nothing was refused");
    }
}
