using KexecSign.Formats.Ima;
using KexecSign.Keys.Certificates;

namespace KexecSign.Cli.Compat;

/// <summary>What peers take out of certificates.</summary>
internal static class PeerCertificates
{
    /// <summary>The key id of a certificate, in hex.</summary>
    public static string KeyId(string certificate, PeerRun run) =>
        $"{ImaSignature.KeyIdOf(SubjectKeyIdentifier.Of(run.Context.Keyring.OpenCertificates(certificate, run.Pins, run.Context.Cancellation)[0])):x8}";
}
