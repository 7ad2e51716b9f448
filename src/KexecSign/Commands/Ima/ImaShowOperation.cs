using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Ima;
using KexecSign.Judging;
using KexecSign.Keys.Certificates;

namespace KexecSign.Commands.Ima;

/// <summary>Options of <c>ima show</c>.</summary>
public sealed record ImaShowOptions
{
    /// <summary>The file, or its sidecar.</summary>
    public string File { get; init; } = "";
}

/// <summary>A few bytes of a value.</summary>
/// <param name="Offset">Offset of the first, in bytes.</param>
/// <param name="Bytes">The bytes in hex.</param>
/// <param name="Meaning">What they say.</param>
public sealed record ImaField(int Offset, string Bytes, string Meaning);

/// <summary>Result of <c>ima show</c>.</summary>
/// <param name="File">The file.</param>
/// <param name="Source">Where the value was found.</param>
/// <param name="Value">The value, lower-case hex.</param>
/// <param name="Fields">What it says, in order.</param>
public sealed record ImaShowResult(string File, string Source, string Value, ImmutableArray<ImaField> Fields) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: {Source}, {Value.Length / 2} bytes",
        [new("", ["offset", "bytes", "meaning"],
            [.. Fields.Select(f => ImmutableArray.Create($"{f.Offset}", f.Bytes.Length > 40 ? f.Bytes[..40] + "…" : f.Bytes,
            f.Meaning))])], []);
}

/// <summary><c>ima show</c>: explains a security.ima value byte by byte.</summary>
internal static class ImaShowOperation
{
    public static Operation<ImaShowOptions, ImaShowResult> Definition { get; } = new()
    {
        Name = "ima show",
        Summary = "Explain an IMA value byte by byte: a sidecar's, or the one in a file's security.ima or user.ima.",
        Details = "Says nothing of whether it holds; 'ima verify' does.",
        Body = Run,
        TypedResult = () => ImaJson.Default.ImaShowResult,
        MakeArguments = () => [new("FILE", "The file, or its sidecar.", (o, v) => o with { File = v })],
        Examples = [new("kexecsign ima show vmlinuz.efi.sig", "Show which key signed, with which hash and version.")],
    };

    private static ImaShowResult Run(ImaShowOptions options, RunContext context)
    {
        using (FileSource.Open(options.File))
        {
        }
        (byte[] value, string source) = options.File.EndsWith(".sig", StringComparison.Ordinal)
            ? (ImaCheck.ReadSidecar(options.File), "a sidecar")
            : Found(options.File) ?? throw VerifyErrors.NoImaSignature.With(options.File);
        return new(options.File, source, Convert.ToHexStringLower(value), Explain(value));
    }

    // Hashes too, which are no signatures: an attribute of the wrong kind is what one wants to see here.
    private static (byte[] Value, string Source)? Found(string file)
    {
        if (ImaCheck.Find(file) is { } signature)
            return signature;
        foreach (string name in (ReadOnlySpan<string>)["security.ima", "user.ima"])
        {
            if (ExtendedAttribute.TryGet(file, name) is { Length: > 0 } value)
                return (value, name);
        }
        return null;
    }

    private static ImmutableArray<ImaField> Explain(byte[] value)
    {
        var fields = ImmutableArray.CreateBuilder<ImaField>();
        int at = 0;
        if (!Take(1, b => Type(b[0])))
            return [new(0, "", "empty")];
        switch (value[0])
        {
            case 1:
                Take(value.Length - at,
                    b => $"digest, {b.Length} bytes: {(b.Length == 16 ? "MD5" : b.Length == 20 ? "SHA-1" : "unknown")}");
                break;
            case 4:
                _ = Take(1, b => $"hash: {Hash(b[0])}") && Take(value.Length - at, b => $"digest, {b.Length} bytes");
                break;
            case ImaSignature.Digsig or 5 or ImaSignature.VerityDigsig:
                _ = Take(1, b => b[
                    0] is 2 or 3
                    ? $"version {b[0]}: {(b[0] == 2 ? "signs the digest" : "signs type, hash id and digest, or their hash")}"
                    : $"version {b[0]}, which is not known here")
                    && Take(1, b => $"hash: {Hash(b[0])}")
                    && Take(4, b => $"key id {Convert.ToHexStringLower(b)}: the last 4 bytes of the certificate's SubjectKeyIdentifier")
                    && Take(2, b => Length((b[0] << 8) | b[1], value.Length - ImaSignature.HeaderSize))
                    && Take(value.Length - at, b => $"signature, {b.Length} bytes: {Kind(b)}");
                break;
            default:
                Take(value.Length - at, _ => "not known here");
                break;
        }
        return fields.ToImmutable();

        bool Take(int count, Func<byte[], string> meaning)
        {
            if (count <= 0 || at + count > value.Length)
            {
                fields.Add(new(at, Convert.ToHexStringLower(value.AsSpan(at)), at == value.Length
                    ? "the value ends here"
                    : "the value is cut here"));
                at = value.Length;
                return false;
            }
            byte[] bytes = value[at..(at + count)];
            fields.Add(new(at, Convert.ToHexStringLower(bytes), meaning(bytes)));
            at += count;
            return true;
        }
    }

    private static string Length(int announced, int there) => announced == there
        ? $"length of the signature: {announced}"
        : $"length of the signature: {announced}, but {there} bytes follow; the kernel refuses this";

    private static string Kind(byte[] signature)
    {
        if (signature[0] == 0x30 && signature.Length < 150)
            return "ECDSA in DER";
        return MlDsaCertificate.NameBySignature(signature.Length) ?? $"RSA of {8 * signature.Length} bits, if it is RSA";
    }

    private static string Type(byte type) => type switch
    {
        1 => "IMA_XATTR_DIGEST: a hash, no signature",
        2 => "EVM_XATTR_HMAC: made by the machine itself",
        ImaSignature.Digsig => "EVM_IMA_XATTR_DIGSIG: a signature over a file",
        4 => "IMA_XATTR_DIGEST_NG: a hash, no signature; 'appraise_type=imasig' refuses it",
        5 => "EVM_XATTR_PORTABLE_DIGSIG: a signature over a file's attributes, for security.evm",
        ImaSignature.VerityDigsig => "IMA_VERITY_DIGSIG: a signature over an fs-verity digest",
        _ => $"type {type}, which the kernel does not know",
    };

    private static string Hash(byte id) => id switch
    {
        1 => "MD5",
        2 => "SHA-1",
        4 => "SHA-256",
        5 => "SHA-384",
        6 => "SHA-512",
        7 => "SHA-224",
        17 => "SM3",
        _ => $"id {id} of hash_info.h"
    };
}
