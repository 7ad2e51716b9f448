using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Keys.References;

namespace KexecSign.Documents;

/// <summary>
/// What a document may say about keys. A PKCS#11 module is code that runs in the process that is logged in, and a PIN's place is a
/// secret's: the command line, the environment and the user's own configuration name them, and never a plan or a policy, which is data
/// that others write.
/// </summary>
/// <param name="AllowedModules">Modules by path or name that the user allows documents to name.</param>
/// <param name="IsOwn">Whether the document is the user's own configuration.</param>
internal sealed record DocumentTrust(ImmutableArray<string> AllowedModules, bool IsOwn)
{
    /// <summary>A plan or a policy: nothing but what the user allows by name.</summary>
    public static DocumentTrust Data(ImmutableArray<string> allowedModules) => new(allowedModules, IsOwn: false);

    /// <summary>
    /// A file of keys that the user named: their own configuration when it belongs to them or to root and nobody else may write it.
    /// </summary>
    public static DocumentTrust OfKeysFile(string path, ImmutableArray<string> allowedModules)
    {
        FileFacts facts = FileFacts.Of(path) ?? throw OperationErrors.InputMissing.With().In(path);
        return new(allowedModules, IsOwn: facts is { IsForeign: false, OthersWrite: false });
    }

    /// <summary>
    /// A key or certificate: a PKCS#11 URI stays as it is, if the document may say what it says; everything else is a file.
    /// </summary>
    /// <exception cref="KexecSignException">KS2002-KS2004, KS3760, KS3761.</exception>
    public string Reference(string folder, string reference)
    {
        Require(reference);
        return TokenReference.Is(reference) || ProgramReference.Is(reference) ? reference : DocumentPaths.File(folder, reference);
    }

    /// <summary>Raises an error when a reference names a module or a PIN that this document may not name.</summary>
    /// <exception cref="KexecSignException">KS3760, KS3761, KS3764.</exception>
    public void Require(string reference)
    {
        if (IsOwn)
            return;
        if (ProgramReference.Is(reference))
            throw OperationErrors.DocumentNamesProgram.With(reference);
        if (!TokenReference.Is(reference))
            return;
        if (TokenReference.ModuleOf(reference) is { } module && !AllowedModules.Contains(module))
            throw OperationErrors.DocumentNamesModule.With(module);
        if (TokenReference.NamesPin(reference))
            throw OperationErrors.DocumentNamesPin.With("a pkcs11: URI with pin-source or pin-value");
    }

    /// <summary>Raises an error when this document may not say where a PIN comes from.</summary>
    /// <exception cref="KexecSignException">KS3761.</exception>
    public void RequirePin(string what)
    {
        if (!IsOwn)
            throw OperationErrors.DocumentNamesPin.With(what);
    }
}
