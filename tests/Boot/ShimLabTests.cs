using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Zboot;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests;

/// <summary>Debian's shim on images that name their generation in .sbat, beside <c>verify --for shim</c> with the same lists.</summary>
[Collection(nameof(LabBench))]
public sealed class ShimLabTests(LabBench bench)
{
    private const VariableAttributes BootOnly = VariableAttributes.NonVolatile | VariableAttributes.BootServices;
    private const string Header = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n";
    // Newer than the one that shim brings, so that it stays.
    private const string Level = "sbat,1,2099010100\nshim,4\ngrub,5\nkexecsign.lab,3\n";

    private readonly string _work = bench.Work();

    [SkippableFact]
    public void Shim_and_verify_say_the_same_of_each_image()
    {
        LabBench.RequireMachine();
        string shim = DebianKernel.RequireShim(), csv = Path.Combine(_work, "level.csv");
        LabKey db = Key("db"), owner = Key("owner"), other = Key("other"), revoked = Key("revoked"), ownerRevoked = Key("ownerRevoked"), large = LabKey.Rsa(_work, "large", 4096);
        LabKey ecdsa = LabKey.Ecdsa(_work, "ecdsa");
        string right = Built(3), low = Built(2), allowed = Built(4), forbidden = Built(5);
        File.WriteAllText(csv, Level);
        (string Name, string File, bool Accepted, bool Verified)[] images =
        [
            Both("signed by a key in db", Signed(right, db), true),
            Both("signed by a key in MokList", Signed(right, owner), true),
            Both("signed by another", Signed(right, other), false),
            Both("unsigned", right, false),
            Both("unsigned, SHA-256 digest in db", allowed, true),
            Both("signed by a key in db, SHA-256 digest in dbx", Signed(forbidden, db), false),
            Both("signed by a key in db and dbx", Signed(right, revoked), false),
            Both("signed by a key in MokList and MokListX", Signed(right, ownerRevoked), false),
            Both("signed by another, then by a key in db", Signed(Signed(right, other), db), true),
            Both("signed by RSA-4096 in db", Signed(right, large), true),
            Both("signed by P-256 in db", Signed(right, ecdsa), false),
            Both("signed by a key in db, by a SHA-384 digest", Signed(right, db, "sha384"), false),
            Both("one bit changed behind the signing", Changed(Signed(right, db)), false),
            Both("generation below SbatLevel", Signed(low, db), false),
            // A boot loader may bring it through shim's protocol: verify says so.
            ("without .sbat", Signed(Built(null), db), false, true),
        ];
        byte[] allowList = [.. List(db, revoked, large, ecdsa), .. Digests(allowed, shim)], forbidList = [.. List(revoked), .. Digests(forbidden)];
        ImmutableArray<UefiVariable> keys =
        [
            .. Firmware.Keys(File.ReadAllBytes(bench.Key("pk.der")), allowList, forbidList),
            new("MokList", ShimSession.ShimLock, BootOnly, List(owner, ownerRevoked)), new("MokListX", ShimSession.ShimLock, BootOnly, List(ownerRevoked)),
            new("SbatLevel", ShimSession.ShimLock, BootOnly, Encoding.ASCII.GetBytes(Level)),
        ];

        ImmutableArray<FirmwareAnswer> answers = new ShimSession(bench.Work(), shim, keys).Judge([.. images.Select(i => i.File)]);

        bench.Report.Require([.. images.Zip(answers, (i, a) => new Outcome("shim", i.Name, Word(i.Accepted), Word(a.Accepted), a.Seconds, a.Console))]);
        var verify = new VerifyOptions
        {
            Consumers = [Consumer.Shim],
            Db = [Written("db.esl", allowList)],
            Dbx = Written("dbx.esl", forbidList),
            OwnerCertificates = [owner.CertificateFile, ownerRevoked.CertificateFile],
            OwnerDbx = Written("mokx.esl", List(ownerRevoked)),
            SbatLevel = csv,
        };
        bench.Report.Require([.. images.Select(i => new Outcome("verify --for shim", i.Name, Word(i.Verified), Verified(verify with { File = i.File }), 0, ""))]);
    }

    private static (string, string, bool, bool) Both(string name, string file, bool accepted) => (name, file, accepted, accepted);

    private static string Word(bool accepted) => accepted ? "accepts" : "refuses";

    private static string Verified(VerifyOptions options) => Word(LabBench.Run(OperationCatalog.Verify, options).Verdicts.Single().Answer == Answer.Accepts);

    private LabKey Key(string name) => LabKey.Rsa(_work, name);

    private string Written(string name, byte[] content)
    {
        string path = Path.Combine(_work, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private string Built(int? generation)
    {
        string image = Path.Combine(_work, $"generation{generation}.efi");
        LabBench.Run(OperationCatalog.ZbootBuild, new ZbootBuildOptions
        {
            Image = bench.Kernel,
            Kit = StubKit.Require(),
            Level = 6,
            Sbat = generation is null ? null : Written($"sbat{generation}.csv", Encoding.ASCII.GetBytes($"{Header}kexecsign.lab,{generation},KexecSign,kernel,1,https://example.org\n")),
            Output = image,
        });
        return image;
    }

    private static string Signed(string image, LabKey key, string? digest = null)
    {
        string signed = $"{image}.{Guid.NewGuid():N}";
        LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [image], Signing = key.Signing(digest), Existing = ExistingSignatures.Append, Output = signed });
        return signed;
    }

    private static string Changed(string image)
    {
        byte[] bytes = File.ReadAllBytes(image);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(image + ".changed", bytes);
        return image + ".changed";
    }

    private static byte[] List(params LabKey[] keys) => [.. keys.SelectMany(k => SignatureList.Of(k.Certificate, Guid.Empty).Encode())];

    private static byte[] Digests(params string[] images) => SignatureList.OfSha256([.. images.Select(Digest)], Guid.Empty).Encode();

    private static byte[] Digest(string file)
    {
        Layout image = Layout.Of(File.ReadAllBytes(file));
        return AuthenticodeDigest.Compute(image, AuthenticodeDigest.SectionRanges(PeReader.Read(image)), HashAlgorithmName.SHA256);
    }
}
