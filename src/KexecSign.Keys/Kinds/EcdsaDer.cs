using System.Formats.Asn1;

namespace KexecSign.Keys.Kinds;

/// <summary>ECDSA signatures: PKCS#11 gives <c>r || s</c> of equal length, X9.62 wants <c>SEQUENCE { r INTEGER, s INTEGER }</c>.</summary>
public static class EcdsaDer
{
    /// <summary>Converts; null when a number is zero, which no valid signature has.</summary>
    public static byte[]? FromRaw(ReadOnlySpan<byte> raw)
    {
        ReadOnlySpan<byte> r = raw[..(raw.Length / 2)].TrimStart((byte)0);
        ReadOnlySpan<byte> s = raw[(raw.Length / 2)..].TrimStart((byte)0);
        if (r.IsEmpty || s.IsEmpty)
            return null;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(r);
            writer.WriteIntegerUnsigned(s);
        }
        return writer.Encode();
    }
}
