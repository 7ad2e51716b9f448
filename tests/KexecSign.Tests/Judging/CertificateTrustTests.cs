using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Judging;

namespace KexecSign.Tests.Judging;

/// <summary>Chains of timestamp authorities; those of firmware and shim are held against their own code in the tests of consumers.</summary>
public sealed class CertificateTrustTests : IDisposable
{
    private readonly List<IDisposable> _made = [];

    [Fact]
    public void A_signer_leads_to_any_certificate_above_it()
    {
        var (root, rootKey) = Make("root", null, null);
        var (middle, middleKey) = Make("middle", root, rootKey);
        var (leaf, _) = Make("leaf", middle, middleKey);
        Find(leaf, [middle, root], [root]).ShouldBe(root);
        Find(leaf, [middle], [root]).ShouldBe(root);
        Find(leaf, [middle, root], [middle]).ShouldBe(middle);
        Find(leaf, [], [leaf]).ShouldBe(leaf);
        Find(leaf, [], [root]).ShouldBeNull();
        Find(middle, [leaf, root], [leaf]).ShouldBeNull();
    }

    [Fact]
    public void A_name_is_not_enough_and_a_second_of_that_name_does_not_hide_the_first()
    {
        var (root, rootKey) = Make("root", null, null);
        var (impostor, _) = Make("root", null, null);
        var (leaf, _) = Make("leaf", root, rootKey);
        Find(leaf, [], [impostor]).ShouldBeNull();
        Find(leaf, [impostor], [root]).ShouldBe(root);
        Find(leaf, [], [impostor, root]).ShouldBe(root);
    }

    [Fact]
    public void A_changed_certificate_leads_nowhere()
    {
        var (root, rootKey) = Make("root", null, null);
        var (leaf, _) = Make("leaf", root, rootKey);
        byte[] changed = leaf.RawData;
        int name = changed.AsSpan().IndexOf("leaf"u8);
        changed[name] = (byte)'L';
        using var other = X509CertificateLoader.LoadCertificate(changed);
        Find(other, [], [root]).ShouldBeNull();
    }

    [Fact]
    public void Certificates_that_issue_each_other_and_hundreds_of_one_name_come_to_an_end()
    {
        var (one, oneKey) = Make("one", null, null);
        var (two, twoKey) = Make("two", one, oneKey);
        var (back, _) = Make("one", two, twoKey, oneKey);
        Find(two, [one, back], []).ShouldBeNull();
        X509Certificate2[] many = [.. Enumerable.Range(0, 300).Select(_ => Make("two", null, null, twoKey).Certificate)];
        var (leaf, _) = Make("leaf", two, twoKey);
        Find(leaf, many, []).ShouldBeNull();
    }

    [Fact]
    public void An_issuer_that_signs_with_RSA_PSS_is_followed()
    {
        var (root, rootKey) = Make("root", null, null, padding: RSASignaturePadding.Pss);
        var (leaf, _) = Make("leaf", root, rootKey, padding: RSASignaturePadding.Pss);
        var (impostor, _) = Make("root", null, null, padding: RSASignaturePadding.Pss);
        Find(leaf, [], [root]).ShouldBe(root);
        Find(leaf, [], [impostor]).ShouldBeNull();
    }

    [Fact]
    public void An_issuer_that_signs_with_ECDSA_is_followed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var authority = new CertificateRequest("CN=root", key, HashAlgorithmName.SHA384);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using X509Certificate2 root = authority.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
        using var leafKey = RSA.Create(2048);
        using X509Certificate2 leaf = new CertificateRequest("CN=leaf", leafKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .Create(root.SubjectName, X509SignatureGenerator.CreateForECDsa(key), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1), [1, 2]);
        Find(leaf, [], [root]).ShouldBe(root);
    }

    public void Dispose()
    {
        foreach (IDisposable made in _made)
            made.Dispose();
    }

    private static X509Certificate2? Find(X509Certificate2 signer, X509Certificate2[] companions, X509Certificate2[] trusted) =>
        CertificateTrust.Find(signer, [.. companions], [.. trusted]);

    private (X509Certificate2 Certificate, RSA Key) Make(string name, X509Certificate2? issuer, RSA? issuerKey, RSA? key = null, RSASignaturePadding? padding = null)
    {
        key ??= RSA.Create(2048);
        padding ??= RSASignaturePadding.Pkcs1;
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, padding);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        // Out of date, as what firmware trusts often is.
        DateTimeOffset from = DateTimeOffset.UnixEpoch, to = from.AddYears(1);
        X509Certificate2 certificate = issuer is null
            ? request.Create(request.SubjectName, X509SignatureGenerator.CreateForRSA(key, padding), from, to, RandomNumberGenerator.GetBytes(8))
            : request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForRSA(issuerKey!, padding), from, to, RandomNumberGenerator.GetBytes(8));
        _made.Add(key);
        _made.Add(certificate);
        return (certificate, key);
    }
}
