using KexecSign.Formats.Errors;

namespace KexecSign.Keys.Tests.Tools;

/// <summary>Checks that an action ends with a code, in one line.</summary>
internal static class Refusal
{
    public static KexecSignException Of(string code, Action action)
    {
        KexecSignException refusal = Should.Throw<KexecSignException>(action);
        refusal.Code.Id.ShouldBe(code, refusal.Message);
        refusal.Message.ShouldNotContain("\n");
        return refusal;
    }
}
