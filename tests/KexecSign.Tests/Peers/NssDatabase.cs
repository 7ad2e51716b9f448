using KexecSign.Fixtures;

namespace KexecSign.Tests.Peers;

/// <summary>The store from which pesign takes keys.</summary>
internal static class NssDatabase
{
    public const string Nickname = "signer";

    /// <summary>Makes one with a signer in it and gives its folder.</summary>
    public static string Of(TestSigner signer, TempFolder folder)
    {
        string store = Directory.CreateDirectory(folder.At("nss")).FullName, p12 = folder.At("signer.p12");
        Tool.Run("certutil", "-N", "-d", "sql:" + store, "--empty-password");
        Tool.Run("openssl", "pkcs12", "-export", "-inkey", signer.KeyFile(folder), "-in", signer.CertificateFile(folder), "-name", Nickname, "-passout", "pass:", "-out", p12);
        Tool.Run("pk12util", "-i", p12, "-d", "sql:" + store, "-W", "");
        return store;
    }
}
