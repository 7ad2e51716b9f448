using KexecSign.Consumers.Tests.Chains;

namespace KexecSign.Consumers.Tests.Forgeries;

/// <content>Certificates and how they follow from each other.</content>
internal sealed partial class ForgedSet
{
    private void AddIssuers()
    {
        (string Name, ChainExtension[] Extensions)[] issuers =
        [
            ("a sound authority", Authority), ("CA:FALSE", [Constraints(false), Usage(CertSign)]), ("without keyCertSign", [Constraints(true), Usage(DigitalSignature)]),
            ("without basicConstraints, with keyCertSign", [Usage(CertSign)]), ("with nothing but a key identifier", [new(KeyIdentifier, false, ChainCertificate.KeyIdentifier([1, 2, 3]))]),
            ("of version 1", []), ("with an unknown critical extension", [.. Authority, Strange(true)]), ("with an unknown extension", [.. Authority, Strange(false)]),
            ("for code signing, critical", [.. Authority, Purposes(true, CodeSigning)]), ("for servers only", [.. Authority, Purposes(false, ServerAuth)]),
            ("for modules only", [.. Authority, Purposes(false, ModuleSigning)]), ("of path length 0", [Constraints(true, 0), Usage(CertSign)]), ("CA:TRUE without keyUsage", [Constraints(true)]),
        ];
        foreach ((string name, ChainExtension[] extensions) in issuers)
        {
            Issued issuer = Make($"issuer {name}", Root, null, Root, extensions);
            Allow(issuer);
            Sign($"issuer in db: {name}", Make($"leaf of {name}", Leaf, issuer, Root, Usage(DigitalSignature)));
        }
    }

    private void AddLeaves()
    {
        Issued issuer = Make("issuer of leaves", Root, null, Root, Authority);
        Allow(issuer);
        (string Name, ChainExtension[] Extensions)[] leaves =
        [
            ("with an unknown critical extension", [Strange(true)]), ("for modules only", [Purposes(false, ModuleSigning)]), ("for servers, critical", [Purposes(true, ServerAuth)]),
            ("for enciphering keys only", [Usage(0x20)]), ("of no use", [Usage(0)]), ("that is an authority", Authority), ("of version 1", []),
            ("that names another issuer's key", [new(AuthorityKeyIdentifier, false, ChainCertificate.AuthorityKeyIdentifier([9, 9, 9]))]),
            ("that names its issuer's serial wrongly", [new(AuthorityKeyIdentifier, false, ChainCertificate.AuthorityKeyIdentifier(null, issuer.Issuer, issuer.Serial + 1))]),
            ("that names its issuer's serial rightly", [new(AuthorityKeyIdentifier, false, ChainCertificate.AuthorityKeyIdentifier(null, issuer.Issuer, issuer.Serial))]),
        ];
        foreach ((string name, ChainExtension[] extensions) in leaves)
            Sign($"leaf {name}", Make($"leaf {name}", Leaf, issuer, Root, extensions));
        Sign("leaf by another key than its issuer's", Make("leaf by another key", Leaf, issuer, Stranger, Usage(DigitalSignature)));
        foreach ((string name, ChainExtension[] extensions) in ((string, ChainExtension[])[])
            [("itself", [Usage(DigitalSignature)]), ("itself, unknown critical extension", [Strange(true)]), ("itself, for modules only", [Purposes(false, ModuleSigning)])])
        {
            Issued self = Make($"self {name}", Leaf, null, Leaf, extensions);
            Allow(self);
            Sign($"in db: {name}", self);
        }
        Issued ends = Make(Named("leaf without its issuer"), Leaf, Named("nobody knows"), Stranger, Usage(DigitalSignature));
        Allow(ends);
        Sign("in db: itself, of an issuer that is nowhere", ends);
        Sign("signed by nobody's certificate", Make("a stranger", Stranger, null, Stranger, Usage(DigitalSignature)));
    }

    private void AddIntermediates()
    {
        Issued root = Make("root", Root, null, Root, Authority), short_ = Make("short root", Root, null, Root, Constraints(true, 0), Usage(CertSign));
        Issued one = Make("root of one", Root, null, Root, Constraints(true, 1), Usage(CertSign));
        Allow(root, short_, one);
        (string Name, Issued Root, ChainExtension[] Extensions)[] middles =
        [
            ("sound", root, Authority), ("CA:FALSE", root, [Constraints(false), Usage(CertSign)]), ("without keyCertSign", root, [Constraints(true), Usage(DigitalSignature)]),
            ("with an unknown critical extension", root, [.. Authority, Strange(true)]), ("of version 1", root, []), ("below a root of path length 0", short_, Authority),
            ("below a root of path length 1", one, Authority),
        ];
        foreach ((string name, Issued of, ChainExtension[] extensions) in middles)
        {
            Issued middle = Make($"middle {name}", Middle, of, Root, extensions);
            Sign($"intermediate {name}", Make($"leaf below {name}", Leaf, middle, Middle, Usage(DigitalSignature)), middle, of);
        }
        Issued missing = Make("middle that stays at home", Middle, root, Root, Authority);
        Sign("intermediate missing", Make("leaf below it", Leaf, missing, Middle, Usage(DigitalSignature)), root);
        Issued trusted = Make(Named("middle in db"), Middle, Named("root that is nowhere"), Stranger, Authority);
        Allow(trusted);
        Sign("intermediate in db, root nowhere", Make("leaf below middle in db", Leaf, trusted, Middle, Usage(DigitalSignature)), trusted);
        Issued second = Make("second middle", Stranger, Make("first middle", Middle, root, Root, Authority), Middle, Authority), first = Make("first middle", Middle, root, Root, Authority);
        Sign("two intermediates", Make("leaf below two", Leaf, second, Stranger, Usage(DigitalSignature)), second, first, root);
    }

    private void AddNames()
    {
        foreach (NameForm form in Enum.GetValues<NameForm>())
        {
            Issued issuer = Make($"named {form}", Root, null, Root, Authority);
            Allow(issuer);
            Sign($"issuer's name as {form} in the leaf", Make(Named($"leaf as {form}"), Leaf, Named($"named {form}", form), Root, Usage(DigitalSignature)));
        }
        Issued empty = Make(Named(""), Root, Named(""), Root, Authority);
        Allow(empty);
        Sign("issuer without a name", Make(Named("leaf of no name"), Leaf, Named(""), Root, Usage(DigitalSignature)));
    }
}
