using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace KexecSign.Cli.Compat;

/// <summary>A certificate's name as X509_NAME_oneline() of OpenSSL prints it: <c>/C=DE/O=Example/CN=db</c>, 160 bytes at most.</summary>
internal static class OpenSslName
{
    private const int Longest = 160;

    public static string Of(string? subject)
    {
        if (subject is null)
            return "";
        var text = new StringBuilder();
        foreach (X500RelativeDistinguishedName part in new X500DistinguishedName(subject)
            .EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (!part.HasMultipleElements)
                text.Append('/').Append(Short(part.GetSingleElementType().Value!)).Append('=').Append(part.GetSingleElementValue());
        }
        return text.Length <= Longest ? text.ToString() : text.ToString(0, Longest);
    }

    private static string Short(string oid) => oid switch
    {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => oid,
    };
}
