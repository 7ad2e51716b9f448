using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Pkcs11;
using KexecSign.Keys.Pkcs11.Native;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Tokens;

/// <summary>C_InitToken and C_InitPIN (PKCS#11 2.40 sections 5.5 and 5.6) on a slot whose token is not initialised yet.</summary>
internal static class TokenInitialization
{
    private const int LabelLength = 32;

    public static TokenState Run(
        Module module, Pkcs11Uri uri, string label, PinSources pins, PinOptions securityOfficerPin, PinOptions userPin)
    {
        byte[] padded = Padded(label);
        List<TokenState> all = module.Tokens();
        TokenState free = all.Find(token => !token.Initialized && (uri.SlotId is null || uri.SlotId == token.Slot))
            ?? throw KeyErrors.NoFreeToken.With(module.Path, label, all.Count == 0 ? "none at all" : string.Join(", ", all));
        using Pin officer = pins.Obtain(uri: null, securityOfficerPin, $"the security officer of token '{label}'");
        using Pin user = pins.Obtain(uri, userPin, $"token '{label}'");
        TokenState made = Work(module, free, label, officer, user, () => Make(module, free, officer, user, label, padded));
        return module.Tokens().Find(token => token.Slot == made.Slot) ?? made;
    }

    /// <summary>C_InitPIN alone, on a token that was left without a user PIN: whoever made it was ended between the two calls.</summary>
    public static void SetFirstPin(
        Module module, TokenState state, PinSources pins, PinOptions securityOfficerPin, Pkcs11Uri uri, PinOptions userPin)
    {
        using Pin officer = pins.Obtain(uri: null, securityOfficerPin, $"the security officer of token '{state.Label}'");
        using Pin user = pins.Obtain(uri, userPin, $"token '{state.Label}'");
        Work(module, state, state.Label, officer, user, () =>
        {
            SetPin(module.Calls, state.Slot, officer, user);
            return state;
        });
    }

    private static TokenState Work(Module module, TokenState state, string label, Pin officer, Pin user, Func<TokenState> work)
    {
        // Before anything is changed: the token would refuse the user's PIN only when it is made.
        RequireLength(state, label, officer);
        RequireLength(state, label, user);
        try
        {
            return module.Call(work, TokenDeadline.TimesForKeyPairs, default);
        }
        catch (CryptokiException cause)
        {
            throw Translate(cause, state, label, cause.Function == "C_InitPIN" ? user : officer);
        }
        catch (TokenDeadlineException late)
        {
            throw KeyErrors.TokenHangs.Because(late, $"token '{label}'", late.Deadline.TotalSeconds);
        }
    }

    // A token that does not say what it wants says 0 for the most.
    private static void RequireLength(TokenState state, string label, Pin pin)
    {
        int length = pin.Bytes.Length;
        if (state.MaxPinLength > 0 && ((ulong)length < state.MinPinLength || (ulong)length > state.MaxPinLength))
            throw KeyErrors.PinUnfit.With(label, pin.Origin, $"it has {length}", state.MinPinLength, state.MaxPinLength);
    }

    private static TokenState Make(Module module, TokenState free, Pin officer, Pin user, string label, byte[] padded)
    {
        module.Calls.InitToken(free.Slot, officer.Bytes, padded);
        // The slot's number may change with the label: SoftHSM derives it from the new serial number.
        TokenState made = module.ListTokens().Find(token => token.Initialized && token.Label == label) ?? free;
        SetPin(module.Calls, made.Slot, officer, user);
        return made;
    }

    private static void SetPin(Cryptoki calls, nuint slot, Pin officer, Pin user)
    {
        nuint session = calls.OpenSession(slot, readWrite: true);
        try
        {
            calls.Login(session, UserType.SecurityOfficer, officer.Bytes);
            calls.InitPin(session, user.Bytes);
            calls.Logout(session);
        }
        finally
        {
            calls.CloseSession(session);
        }
    }

    private static KexecSignException Translate(CryptokiException cause, TokenState state, string label, Pin pin)
    {
        string said = ReturnValue.Name(cause.Value);
        return cause.Value is ReturnValue.PinLengthRange or ReturnValue.PinInvalid
            ? KeyErrors.PinUnfit.Because(cause, label, pin.Origin, said, state.MinPinLength, state.MaxPinLength)
            : KeyErrors.CallFailed.Because(cause, cause.Function, $"token '{label}'", said);
    }

    private static byte[] Padded(string label)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(label);
        if (bytes.Length is 0 or > LabelLength)
            throw KeyErrors.TokenLabelTooLong.With(bytes.Length, LabelLength);
        byte[] padded = new byte[LabelLength];
        padded.AsSpan().Fill((byte)' ');
        bytes.CopyTo(padded, 0);
        return padded;
    }
}
