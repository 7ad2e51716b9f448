using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace KexecSign.Consumers.Tests.Chains;

/// <summary>A signature whose certificates are right or wrong in many ways at once, and the certificate that is trusted.</summary>
/// <param name="Pkcs7">The signature.</param>
/// <param name="Trusted">The one certificate in the list.</param>
/// <param name="What">What is unusual about it.</param>
internal sealed record RandomChain(byte[] Pkcs7, byte[] Trusted, string What)
{
    private static readonly Lazy<RSA[]> Keys = new(() => [.. Enumerable.Range(0, 9).Select(_ => RSA.Create(1024))]);

    /// <summary>The same number gives the same shape; keys are other ones in each run.</summary>
    public static RandomChain Of(int seed, byte[] digest) => new Maker(new Random(seed)).Make(digest);

    private sealed class Maker(Random random)
    {
        private readonly List<string> _what = [];

        public RandomChain Make(byte[] digest)
        {
            RSA[] keys = Keys.Value;
            int length = random.Next(1, 6);
            // The last two are strangers: another authority, and somebody who only has the name of one of the chain.
            string[] names = [.. Enumerable.Range(0, length).Select(i => Chance(6) ? "same name" : i == 0 ? "some leaf" : $"issuer no {i}"), "stranger", "mimic"];
            RSA[] owned = [.. Enumerable.Range(0, names.Length).Select(i => keys[Chance(3) ? random.Next(keys.Length) : i])];
            var made = new List<Made>();
            for (int i = 0; i < length; i++)
            {
                int issuer = Math.Min(i + 1, length - 1);
                if (i == length - 1 && Chance(25))
                    issuer = length;
                made.Add(Certificate(i, issuer, names, owned, leaf: i == 0));
            }
            made.Add(Certificate(length, length, names, owned, leaf: false));
            // Cross-signed, renewed, and imitated ones.
            for (int more = random.Next(0, 3); more > 0; more--)
            {
                int of = random.Next(0, length);
                made.Add(Certificate(of, random.Next(of, length + 1), names, owned, of == 0));
                _what.Add($"another certificate of {of}");
            }
            if (Chance(15))
            {
                int of = random.Next(0, length);
                RSA[] false_ = [.. owned];
                false_[of] = keys[^1];
                made.Add(Certificate(of, Chance(50) ? of : Math.Min(of + 1, length - 1), names, false_, of == 0));
                _what.Add($"a mimic of {of}");
            }
            List<Made> travelling = [.. made.Skip(1).Where(_ => Chance(80)).OrderBy(_ => random.Next())];
            if (!Chance(3))
                travelling.Insert(Chance(70) ? 0 : random.Next(travelling.Count + 1), made[0]);
            var signers = new List<ForgedSigner> { Signer(made[0]) };
            if (Chance(6))
            {
                Made other = made[random.Next(made.Count)];
                signers.Insert(random.Next(2), Signer(other));
                if (!travelling.Contains(other) && Chance(80))
                    travelling.Add(other);
                _what.Add("two signers");
            }
            Made trusted = Chance(45) && length > 1 ? made[length - 1] : Chance(10) ? made[length] : made[random.Next(made.Count)];
            return new(ForgedSignature.Make(digest, travelling.Select(m => m.Der), signers), trusted.Der,
                $"{length} long, trusted is {made.IndexOf(trusted)}, order {string.Join(' ', travelling.Select(m => made.IndexOf(m)))}; {string.Join("; ", _what)}");
        }

        private ForgedSigner Signer(Made made)
        {
            bool shouted = Chance(6);
            if (shouted)
                _what.Add("a SignerInfo writes the issuer in another way");
            return new(shouted ? ChainCertificate.Name(made.IssuerName, NameForm.Shouted) : made.Issuer, made.Serial, made.Key);
        }

        private Made Certificate(int of, int by, string[] names, RSA[] keys, bool leaf)
        {
            byte[] subject = ChainCertificate.Name(names[of], Form()), issuer = of == by && !Chance(5) ? subject : ChainCertificate.Name(names[by], Form());
            RSA signer = Chance(3) ? Keys.Value[random.Next(keys.Length)] : keys[by];
            if (signer != keys[by])
                _what.Add($"{of} is signed by another key");
            var serial = new BigInteger(random.Next(1, 50));
            ChainExtension[] extensions = Chance(2) ? [] : [.. Extensions(of, keys[of], keys[by], issuer, leaf)];
            if (extensions.Length == 0)
                _what.Add($"{of} has no extensions");
            return new(ChainCertificate.Issue(subject, keys[of], issuer, signer, serial, extensions), issuer, names[by], serial, keys[of]);
        }

        private IEnumerable<ChainExtension> Extensions(int of, RSA key, RSA issuer, byte[] issuerName, bool leaf)
        {
            int kind = random.Next(100);
            if (kind < (leaf ? 60 : 82))
            {
                int? path = Chance(20) ? random.Next(0, 3) : null;
                yield return new("2.5.29.19", Chance(70), ChainCertificate.BasicConstraints(leaf ? Chance(15) : !Note(Chance(2), of, "is no authority"), Note(path is not null, of, $"has path length {path}") ? path : null));
            }
            else if (Note(kind >= 99, of, "has broken basicConstraints"))
                yield return new("2.5.29.19", Chance(50), [0x30, 0x03, 0x01]);
            kind = random.Next(100);
            if (kind < 60)
                yield return new("2.5.29.15", Chance(60), ChainCertificate.KeyUsage(leaf ? (byte)0x80 : Note(kind < 4, of, "may not sign certificates") ? (byte)0x80 : (byte)0x06));
            kind = random.Next(100);
            if (kind < 40)
            {
                yield return new("2.5.29.37", Chance(20), ChainCertificate.Purposes(
                    kind < 4 ? ["1.3.6.1.4.1.2312.16.1.2"] : kind < 8 ? ["1.3.6.1.5.5.7.3.1"] : kind < 12 ? ["1.3.6.1.5.5.7.3.8"] : ["1.3.6.1.5.5.7.3.3"]));
                if (kind < 12)
                    _what.Add($"{of} has a purpose");
            }
            if (Chance(60))
                yield return new("2.5.29.14", Note(Chance(3), of, "has a critical key identifier"), ChainCertificate.KeyIdentifier(Id(key)));
            kind = random.Next(100);
            if (kind < 40)
                yield return new("2.5.29.35", Note(Chance(3), of, "has a critical authority key identifier"), ChainCertificate.AuthorityKeyIdentifier(Id(issuer)));
            else if (Note(kind < 43, of, "names another key of its issuer"))
                yield return new("2.5.29.35", false, ChainCertificate.AuthorityKeyIdentifier(Id(Keys.Value[random.Next(Keys.Value.Length)])));
            else if (Note(kind < 47, of, "names its issuer's issuer and serial number"))
                yield return new("2.5.29.35", false, ChainCertificate.AuthorityKeyIdentifier(null, issuerName, random.Next(1, 50)));
            if (Note(Chance(2), of, "has an unknown critical extension"))
                yield return new("1.3.6.1.4.1.55555.1", true, [0x05, 0x00]);
            if (Chance(10))
                yield return new("1.3.6.1.4.1.55555.2", false, [0x05, 0x00]);
            if (Note(Chance(2), of, "has critical policies"))
                yield return new("2.5.29.32", true, [0x30, 0x08, 0x30, 0x06, 0x06, 0x04, 0x55, 0x1D, 0x20, 0x00]);
            if (Note(!leaf && Chance(3), of, "constrains names"))
                yield return new("2.5.29.30", Chance(70), Constraints());
        }

        private byte[] Constraints()
        {
            byte[] name = ChainCertificate.Name(Chance(40) ? "some leaf" : Chance(40) ? "issuer no 1" : "elsewhere", Form());
            bool none = Chance(20);
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, Chance(50) ? 0 : 1, isConstructed: true)))
            using (writer.PushSequence())
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4, isConstructed: true)))
                    writer.WriteEncodedValue(none ? ChainCertificate.Name("", NameForm.Utf8) : name);
            }
            return writer.Encode();
        }

        private NameForm Form()
        {
            NameForm form = random.Next(100) switch
            {
                < 80 => NameForm.Utf8,
                < 88 => NameForm.Printable,
                < 92 => NameForm.Shouted,
                < 96 => NameForm.Bmp,
                _ => NameForm.T61,
            };
            return form;
        }

        private bool Note(bool holds, int of, string what)
        {
            if (holds)
                _what.Add($"{of} {what}");
            return holds;
        }

        private bool Chance(int percent) => random.Next(100) < percent;

        private static byte[] Id(RSA key) => SHA256.HashData(key.ExportRSAPublicKey())[..20];
    }

    private sealed record Made(byte[] Der, byte[] Issuer, string IssuerName, BigInteger Serial, RSA Key);
}
