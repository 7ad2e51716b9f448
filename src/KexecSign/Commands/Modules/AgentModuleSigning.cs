using System.Formats.Asn1;
using KexecSign.Batches;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Agents;
using KexecSign.Keys.Kinds;
using KexecSign.Modules;
using KexecSign.Signing;

namespace KexecSign.Commands.Modules;

/// <summary>
/// One module signed by an agent's key: what a kernel build starts thousands of processes for. The agent hashes the content, signs, and
/// verifies what it signed; here is only written what it gave. Whatever is not of this simple kind goes the long way.
/// </summary>
/// <remarks>
/// The file appears whole or not at all to whoever looks, but nothing waits for the disk, as with the kernel's own sign-file: 'cp' and
/// 'strip' of the same build have not waited either, and after a loss of power all of what it installed is made anew.
/// </remarks>
internal static class AgentModuleSigning
{
    private const int LongestCertificate = 1 << 20;
    private const string RsaKey = "1.2.840.113549.1.1.1", EcKey = "1.2.840.10045.2.1";

    /// <summary>Signs a module; null, and nothing done, for all that is not of the simple kind.</summary>
    /// <exception cref="KexecSignException">KS3870-KS3872; of the file itself they are in the result.</exception>
    public static ModuleSignResult? TryRun(ModuleSignOptions options, RunContext context)
    {
        if (context.Environment(AgentMessage.Variable) is not { Length: > 0 } || !IsSimple(options)
            || HashKind.Named(options.Signing.Digest!) is not { } hash || !hash.IsFor(HashUses.Module))
        {
            return null;
        }
        // While the agent looks for its key, and while its token signs, this process does what is its own to do.
        Func<AgentSigner?>? asked = context.Keyring.AskAgent(options.Signing.Key!);
        var read = CertificateHead.TryRead(WholeFile.Read(options.Signing.Certificate!, LongestCertificate, "a certificate"));
        if (asked?.Invoke() is not { } signer || read is not { } certificate || SchemeOf(signer.SubjectPublicKeyInfo) is not { } scheme
            || !certificate.SubjectPublicKeyInfo.Span.SequenceEqual(signer.SubjectPublicKeyInfo.Span))
        {
            return null;
        }
        var file = SelectedFile.Named(options.Files[0]);
        try
        {
            return Sign(file, options, content => signer.BeginSign(ContentKind.Module, file.Path, hash.Name, content),
                signature => DetachedSignedData.Encode(new(certificate.Name, hash.Name, signature), scheme)) is { } signed
                ? new(hash.Name.Name!, "", [signed]) { Subject = certificate.Subject }
                : null;
        }
        catch (KexecSignException refused) when (!Batch.IsKeys(refused))
        {
            return new(hash.Name.Name!, "", [FileOutcome.Of(file, refused.In(file.Path))]) { Subject = certificate.Subject };
        }
    }

    private static bool IsSimple(ModuleSignOptions options) =>
        options is { Files: [var only], FilesFrom: null, Signature: null }
        && options is { KeyIdentifier: false, SkipSigned: false, Detached: false, SaveSignature: false }
        && options.Signing is { Key: { } key, Certificate: { } certificate, Digest: not null }
        && !key.StartsWith('@') && !certificate.StartsWith('@') && IsRegular(certificate) && IsRegular(only)
        && (options.InPlace ? options.Output is null : options.Output is { } output && !Directory.Exists(output));

    // A pipe can be read once, and the long way would find it empty.
    private static bool IsRegular(string path) =>
        File.Exists(path) && FileFacts.Of(path)?.Kind == FileKind.Regular;

    private static FileOutcome? Sign(
        SelectedFile file, ModuleSignOptions options, Func<ReadOnlyMemory<byte>, Func<byte[]>> begin, Func<byte[], byte[]> encode)
    {
        using var module = ModuleFile.Open(file, CancellationToken.None);
        if (module.Compression != ModuleCompression.None || module.Content.Extents is not [BytesExtent { Bytes: var content }]
            || (module.Existing is not null && !options.Replace))
        {
            return null;
        }
        AuthenticodeTable.RefuseIn(module.Content);
        RawContent.RequireSignable(module.Content);
        Func<byte[]> signature = begin(content);
        using OutputFile output = BatchTargets.Create(
            BatchTargets.One(file.Path, options.Output, options.InPlace), file, options.InPlace, new OutputFolders());
        output.Write(content.Span);
        byte[] appended = AppendedSignature.Encode(encode(signature()));
        output.Write(appended);
        ReadBack.RequireWritten(module.Content.Append(appended), output);
        output.Appear();
        return new(file.Path, FileStatus.Signed) { Output = output.Path };
    }

    private static SignatureScheme? SchemeOf(ReadOnlyMemory<byte> publicKey) =>
        new AsnReader(publicKey, AsnEncodingRules.DER).ReadSequence().ReadSequence().ReadObjectIdentifier() switch
        {
            RsaKey => SignatureScheme.RsaPkcs1,
            EcKey => SignatureScheme.Ecdsa,
            _ => null,
        };
}
