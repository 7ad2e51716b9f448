using Cake.Core;
using Cake.Core.Annotations;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;

namespace Cake.KexecSign;

/// <summary>
/// Sign, assemble and verify Linux kernel images. The settings are the operations' own options records, so names and
/// defaults are those of the command line.
/// </summary>
[CakeAliasCategory("KexecSign")]
public static partial class KexecSignAliases
{
    /// <summary>Runs one operation. Raises <see cref="CakeException"/> with the KS line when it is refused or fails.</summary>
    /// <example>
    /// <code>
    /// KexecSign(OperationCatalog.Verify, new VerifyOptions { File = "vmlinuz.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Catalog")]
    [CakeNamespaceImport("KexecSign.Core.Operations")]
    public static TResult KexecSign<TOptions, TResult>(this ICakeContext context, Operation<TOptions, TResult> operation, TOptions options)
        where TOptions : class, new()
        where TResult : OperationResult
    {
        using KexecSignSession session = context.KexecSignSession();
        return session.Run(operation, options);
    }

    /// <summary>Begins a run of several operations that log in to each token only once; dispose it to log out.</summary>
    /// <example>
    /// <code>
    /// using var session = KexecSignSession();
    /// session.Run(OperationCatalog.Sign, new SignOptions { Files = ["Image"], Output = "Image.signed" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("Cake.KexecSign")]
    [CakeNamespaceImport("KexecSign.Catalog")]
    public static KexecSignSession KexecSignSession(this ICakeContext context) => new(context);
}
