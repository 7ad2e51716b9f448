using System.Runtime.InteropServices;
using System.Text;
using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Pkcs11;

/// <summary>An object in a token and what finds it again.</summary>
internal sealed record TokenObject(nuint Class, nuint Handle, string Label, byte[] Id)
{
    /// <summary>As lists of candidates show it.</summary>
    public override string ToString() => $"'{Label}' (id {(Id.Length == 0 ? "none" : Convert.ToHexStringLower(Id))})";

    /// <summary>Objects of a class, narrowed down by label and id where they are given.</summary>
    public static List<TokenObject> Find(Cryptoki calls, nuint session, nuint objectClass, string? label, byte[]? id)
    {
        using var template = new Template();
        template.Add(AttributeType.Class, objectClass);
        if (label is not null)
            template.Add(AttributeType.Label, label);
        if (id is not null)
            template.Add(AttributeType.Id, id);
        var found = new List<TokenObject>();
        foreach (nuint handle in calls.Find(session, template))
        {
            string name = Encoding.UTF8.GetString(calls.Attribute(session, handle, AttributeType.Label) ?? []);
            found.Add(new TokenObject(objectClass, handle, name, calls.Attribute(session, handle, AttributeType.Id) ?? []));
        }
        return found;
    }

    public static nuint? Number(byte[]? attribute) =>
        attribute is { Length: > 0 } && attribute.Length == nuint.Size ? MemoryMarshal.Read<nuint>(attribute) : null;
}
