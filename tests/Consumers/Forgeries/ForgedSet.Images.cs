using System.Formats.Asn1;
using System.Security.Cryptography;
using KexecSign.Consumers.Tests.Chains;
using KexecSign.Formats.Uefi;

namespace KexecSign.Consumers.Tests.Forgeries;

/// <content>Several signers and signatures, kinds of images, and what lists say of them.</content>
internal sealed partial class ForgedSet
{
    private void AddSigners()
    {
        Issued good = Make("good signer", Leaf, null, Leaf, Usage(DigitalSignature)), other = Make("other good signer", Middle, null, Middle, Usage(DigitalSignature));
        Issued stranger = Make("stranger", Stranger, null, Stranger, Usage(DigitalSignature));
        Allow(good, other);
        foreach ((string name, Issued[] signers) in ((string, Issued[])[])
            [("a second by a stranger", [good, stranger]), ("a stranger's first", [stranger, good]), ("two good ones", [good, other]), ("the same twice", [good, good]), ("none", [])])
        {
            byte[] body = Body();
            Add($"SignerInfos: {name}", Attached(body, Pkcs7(body, signers, [good, other, stranger])));
        }
        foreach ((string name, Issued[] signers) in ((string, Issued[])[])
            [("a stranger's, then a good one", [stranger, good]), ("a good one, then a stranger's", [good, stranger]), ("two strangers'", [stranger, stranger])])
        {
            byte[] body = Body();
            Add($"signatures: {name}", Attached(body, [.. signers.Select(s => Pkcs7(body, [s], [s]))]));
        }
        byte[] image = Body();
        byte[] foreign = Body(subsystem: 11);
        Add("signatures: of another image, then of this", Attached(image, Pkcs7(foreign, [good], [good]), Pkcs7(image, [good], [good])));
    }

    private void AddOrders()
    {
        Issued root = Make("root of orders", Root, null, Root, Authority), middle = Make("middle of orders", Middle, root, Root, Authority);
        Issued leaf = Make("leaf of orders", Leaf, middle, Middle, Usage(DigitalSignature)), mimic = Make("middle of orders", Stranger, root, Stranger, Authority);
        Issued stranger = Make("stranger of orders", Stranger, null, Stranger, Usage(DigitalSignature));
        Allow(root);
        foreach ((string name, Issued[] order) in ((string, Issued[])[])
        [
            ("issuer first", [root, middle, leaf]), ("a stranger's among them", [leaf, stranger, middle]), ("each twice", [leaf, leaf, middle, middle]),
            ("a mimic of the issuer before it", [leaf, mimic, middle]), ("a mimic alone", [leaf, mimic]), ("without the signer's", [middle, root]),
        ])
        {
            byte[] body = Body();
            Add($"certificates: {name}", Attached(body, Pkcs7(body, [leaf], order)));
        }
    }

    private void AddImages()
    {
        Issued good = Make("signer of images", Leaf, null, Leaf, Usage(DigitalSignature));
        Allow(good);
        foreach ((string name, ushort subsystem) in ((string, ushort)[])[("an application", 10), ("a driver of boot services", 11), ("a driver of the runtime", 12)])
        {
            byte[] body = Body(subsystem);
            Add(name, Attached(body, Pkcs7(body, [good], [good])));
        }
        byte[] changed = Body();
        changed = Attached(changed, Pkcs7(changed, [good], [good]));
        changed[0x1900] ^= 1;
        Add("one bit changed behind the signing", changed);
        Add("unsigned", Body());
        byte[] whole = Body();
        whole = Attached(whole, Pkcs7(whole, [good], [good]));
        // shim and EDK2 read dwLength, and not what stands behind the PKCS#7 in it.
        whole[^1] ^= 0x55;
        Add("a byte changed at the end of the table", whole);
    }

    private void AddLists()
    {
        Issued issuer = Make("issuer for dbx", Root, null, Root, Authority), gone = Make("revoked issuer", Middle, null, Middle, Authority);
        Allow(issuer, gone);
        Issued Next(string name) => Make($"leaf, {name}", Leaf, issuer, Root, Usage(DigitalSignature));
        Revoke("its certificate in dbx", c => Forbid(EfiGuids.CertX509, c.Der));
        Revoke("its certificate's SHA-256 in dbx", c => Forbid(EfiGuids.CertX509Sha256, [.. ToBeSigned(c.Der, SHA256.HashData), .. new byte[16]]));
        Revoke("its certificate's SHA-384 in dbx", c => Forbid(EfiGuids.CertX509Sha384, [.. ToBeSigned(c.Der, SHA384.HashData), .. new byte[16]]));
        Revoke("its certificate's SHA-512 in dbx", c => Forbid(EfiGuids.CertX509Sha512, [.. ToBeSigned(c.Der, SHA512.HashData), .. new byte[16]]));
        Forbid(EfiGuids.CertX509, gone.Der);
        Sign("its issuer's certificate in dbx and db", Make("leaf of the revoked", Leaf, gone, Middle, Usage(DigitalSignature)));
        foreach ((string name, Guid type, HashAlgorithmName hash) in ((string, Guid, HashAlgorithmName)[])
        [
            ("SHA-1", EfiGuids.CertSha1, HashAlgorithmName.SHA1), ("SHA-256", EfiGuids.CertSha256, HashAlgorithmName.SHA256), ("SHA-384", EfiGuids.CertSha384, HashAlgorithmName.SHA384),
            ("SHA-512", EfiGuids.CertSha512, HashAlgorithmName.SHA512),
        ])
        {
            Issued signer = Next($"digest {name} in dbx");
            byte[] body = Body();
            Forbid(type, Digest(body, hash));
            Add($"signed, its {name} digest in dbx", Attached(body, Pkcs7(body, [signer], [signer])));
            byte[] bare = Body();
            _allowed.Add(new SignatureList(type, [new(Guid.Empty, Digest(bare, hash))]).Encode());
            Add($"unsigned, its {name} digest in db", bare);
        }

        void Revoke(string name, Action<Issued> forbid)
        {
            Issued signer = Next(name);
            forbid(signer);
            Sign(name, signer);
        }
    }

    private static byte[] ToBeSigned(byte[] certificate, Func<byte[], byte[]> hash) =>
        hash(new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence().ReadEncodedValue().ToArray());
}
