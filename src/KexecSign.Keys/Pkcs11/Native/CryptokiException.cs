namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>A PKCS#11 function returned something other than CKR_OK. Never leaves this room: callers translate it.</summary>
internal sealed class CryptokiException(string function, nuint value) : Exception($"{function} returned {ReturnValue.Name(value)}")
{
    public string Function { get; } = function;

    public nuint Value { get; } = value;
}
