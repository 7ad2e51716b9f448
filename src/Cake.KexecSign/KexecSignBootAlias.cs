using Cake.Core;
using Cake.Core.Annotations;
using KexecSign.Qemu;

namespace Cake.KexecSign;

public static partial class KexecSignAliases
{
    /// <summary>Makes a folder that boots an image under Secure Boot in QEMU, with the certificates given enrolled.</summary>
    /// <example>
    /// <code>
    /// KexecSignBootLab(new BootLabOptions
    /// {
    ///     Image = "vmlinuz.efi", Init = "init", Folder = "boot", Allowed = [X509CertificateLoader.LoadCertificateFromFile("db.pem")],
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Qemu")]
    [CakeNamespaceImport("System.Security.Cryptography.X509Certificates")]
    public static BootLabFiles KexecSignBootLab(this ICakeContext context, BootLabOptions options)
    {
        using KexecSignSession session = context.KexecSignSession();
        return session.BootLab(options);
    }
}
