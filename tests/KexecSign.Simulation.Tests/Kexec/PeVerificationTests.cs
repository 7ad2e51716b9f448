using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Kexec;
using KexecSign.Simulation.Tests.Fixtures;

namespace KexecSign.Simulation.Tests.Kexec;

/// <summary>The rules for the PKCS#7 message and the keyrings, one signature for each.</summary>
public sealed class PeVerificationTests(Keys keys) : IClassFixture<Keys>
{
    [Fact]
    public void Takes_a_right_signature() => Accepts(Forge());

    [Theory]
    [InlineData("SHA1")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public void Takes_other_digests(string hash) => Accepts(Forge() with { Hash = new HashAlgorithmName(hash) });

    [Fact]
    public void Takes_an_elliptic_curve() => Accepts(new AuthenticodeForge(keys.Ec), new KernelPolicy { Platform = [keys.Ec.Certificate] });

    [Theory]
    [InlineData("6.10", true)]
    [InlineData("7.3.4", true)]
    [InlineData("6.9", false)]
    [InlineData("6.1", false)]
    public void P521_came_with_6_10(string release, bool known)
    {
        using var ec = TestIdentity.Ec("p521", ECCurve.NamedCurves.nistP521);
        var policy = new KernelPolicy { Platform = [ec.Certificate], Release = KernelRelease.TryParse(release)!.Value };
        if (known)
            Accepts(new AuthenticodeForge(ec), policy);
        else
            Refuses(new AuthenticodeForge(ec), KernelErrno.ENOPKG, KexecRules.UnsupportedAlgorithm, policy);
    }

    [Theory]
    [InlineData(3072)]
    [InlineData(4096)]
    public void Takes_longer_RSA_keys(int bits)
    {
        using var signer = TestIdentity.Rsa("long", bits);
        Accepts(new AuthenticodeForge(signer), new KernelPolicy { Platform = [signer.Certificate] });
    }

    [Fact]
    public void Refuses_RSA_keys_of_an_unusual_length()
    {
        using var signer = TestIdentity.Rsa("odd", 2560);
        Refuses(new AuthenticodeForge(signer), KernelErrno.EINVAL, KexecRules.UnsupportedAlgorithm, new KernelPolicy { Platform = [signer.Certificate] });
    }

    [Fact]
    public void Takes_the_content_type_that_an_old_pesign_wrote() =>
        Accepts(Forge() with { PeImageData = "1.3.6.1.4.1.311.2.1.21" });

    [Fact]
    public void Does_not_look_at_the_clock()
    {
        DateTimeOffset.UtcNow.ShouldBeGreaterThan(TestIdentity.NotAfter);
        Accepts(new AuthenticodeForge(keys.Expired), new KernelPolicy { Platform = [keys.Expired.Certificate] });
    }

    [Fact]
    public void Holds_a_signing_time_against_the_certificate()
    {
        var policy = new KernelPolicy { Platform = [keys.Expired.Certificate] };
        var forge = new AuthenticodeForge(keys.Expired);
        Accepts(forge with { SigningTime = TestIdentity.NotAfter }, policy);
        Refuses(forge with { SigningTime = TestIdentity.NotAfter.AddSeconds(1) }, KernelErrno.EKEYREJECTED, KexecRules.SigningTime, policy);
        Refuses(forge with { SigningTime = TestIdentity.NotBefore.AddSeconds(-1) }, KernelErrno.EKEYREJECTED, KexecRules.SigningTime, policy);
    }

    [Fact]
    public void Refuses_RSA_PSS() => Refuses(Forge() with { Pss = true }, KernelErrno.ENOPKG, KexecRules.UnsupportedAlgorithm);

    [Fact]
    public void Refuses_a_signature_without_attributes() =>
        Refuses(Forge() with { WithoutAttributes = true }, KernelErrno.EBADMSG, KexecRules.Attributes);

    [Fact]
    public void Refuses_an_attribute_that_comes_twice() =>
        Refuses(Forge() with { MessageDigestTwice = true }, KernelErrno.EKEYREJECTED, KexecRules.Attributes);

    [Fact]
    public void Refuses_a_wrong_message_digest() =>
        Refuses(Forge() with { WrongMessageDigest = true }, KernelErrno.EKEYREJECTED, KexecRules.MessageDigest);

    [Fact]
    public void Refuses_a_content_type_attribute_for_other_content() =>
        Refuses(Forge() with { AttributeContentType = "1.2.840.113549.1.7.1" }, KernelErrno.EBADMSG, KexecRules.Attributes);

    [Fact]
    public void Refuses_plain_data_as_content() => Refuses(
        Forge() with { DataType = "1.2.840.113549.1.7.1", AttributeContentType = "1.2.840.113549.1.7.1" },
        KernelErrno.EKEYREJECTED, KexecRules.NotAuthenticode);

    [Fact]
    public void Refuses_content_that_is_no_PE_digest() =>
        Refuses(Forge() with { PeImageData = "1.3.6.1.4.1.311.2.1.30" }, KernelErrno.EBADMSG, KexecRules.Pkcs7Malformed);

    [Fact]
    public void Refuses_a_signer_version_that_does_not_fit_the_message() =>
        Refuses(Forge() with { SignerInfoVersion = 3 }, KernelErrno.EBADMSG, KexecRules.Pkcs7Malformed);

    [Fact]
    public void Refuses_a_damaged_signature()
    {
        PeJudgement judgement = Judge((Forge() with { DamagedSignature = true }).Sign(ImageBuilder.Arm64Image()));
        judgement.Rule.ShouldBe(KexecRules.SignatureWrong);
        // The opened value begins with 00 once in 256 times, and then the padding is what is wrong.
        judgement.Errno.ShouldBeOneOf(KernelErrno.EINVAL, KernelErrno.EBADMSG);
    }

    [Fact]
    public void Refuses_a_signature_over_other_attributes()
    {
        Refuses(Forge() with { SignsOtherAttributes = true }, KernelErrno.EKEYREJECTED, KexecRules.SignatureWrong);
        Refuses(
            new AuthenticodeForge(keys.Ec) { SignsOtherAttributes = true }, KernelErrno.EKEYREJECTED, KexecRules.SignatureWrong,
            new KernelPolicy { Platform = [keys.Ec.Certificate] });
    }

    [Fact]
    public void Refuses_a_signature_block_of_another_type() =>
        Refuses(Forge() with { WrongPadding = true }, KernelErrno.EBADMSG, KexecRules.SignatureWrong);

    [Fact]
    public void Refuses_an_impostor_of_a_trusted_certificate()
    {
        using var impostor = TestIdentity.Impostor(keys.Db);
        Accepts(new AuthenticodeForge(impostor), new KernelPolicy { Platform = [impostor.Certificate] });
        Refuses(new AuthenticodeForge(impostor), KernelErrno.EKEYREJECTED, KexecRules.SignatureWrong);
        Refuses(new AuthenticodeForge(impostor) { Certificates = [] }, KernelErrno.EKEYREJECTED, KexecRules.SignatureWrong);
        Refuses(new AuthenticodeForge(impostor) { Certificates = [keys.Db] }, [KernelErrno.EINVAL, KernelErrno.EBADMSG], KexecRules.SignatureWrong);
    }

    [Fact]
    public void Refuses_a_leaf_that_an_impostor_of_its_issuer_signed()
    {
        using var root = TestIdentity.Rsa("root");
        using var impostor = TestIdentity.Impostor(root);
        using var leaf = TestIdentity.Rsa("leaf", issuer: impostor);
        var policy = new KernelPolicy { Platform = [root.Certificate] };
        Accepts(new AuthenticodeForge(leaf), new KernelPolicy { Platform = [impostor.Certificate] });
        Refuses(new AuthenticodeForge(leaf), KernelErrno.EKEYREJECTED, KexecRules.SignatureWrong, policy);
        Refuses(new AuthenticodeForge(leaf) { Certificates = [leaf, impostor] }, KernelErrno.EKEYREJECTED, KexecRules.SignatureWrong, policy);
        // The real root stands in the message, and its key does not open the leaf's signature.
        Refuses(new AuthenticodeForge(leaf) { Certificates = [leaf, root] }, [KernelErrno.EINVAL, KernelErrno.EBADMSG], KexecRules.SignatureWrong, policy);
    }

    [Fact]
    public void Refuses_a_damaged_signature_of_an_elliptic_curve()
    {
        PeJudgement judgement = Judge(
            (new AuthenticodeForge(keys.Ec) with { DamagedSignature = true }).Sign(ImageBuilder.Arm64Image()),
            new KernelPolicy { Platform = [keys.Ec.Certificate] });
        judgement.Errno.ShouldBe(KernelErrno.EKEYREJECTED);
        judgement.Rule.ShouldBe(KexecRules.SignatureWrong);
    }

    [Fact]
    public void Refuses_a_signature_made_with_another_key_than_the_certificates()
    {
        using var impostor = TestIdentity.Rsa("db");
        var forge = new AuthenticodeForge(impostor) { Certificates = [keys.Db] };
        // Another serial number: the signer's certificate is not in the message and nobody knows it.
        Refuses(forge, KernelErrno.ENOKEY, KexecRules.NotTrusted);
    }

    [Fact]
    public void Finds_the_signers_certificate_in_the_keyring() => Accepts(Forge() with { Certificates = [] });

    [Fact]
    public void Refuses_a_digest_of_the_wrong_length() =>
        Refuses(Forge() with { ImageDigest = digest => digest[..31] }, KernelErrno.EBADMSG, KexecRules.DigestLength);

    [Fact]
    public void Refuses_another_digest()
    {
        PeJudgement judgement = Judge((Forge() with { ImageDigest = digest => [.. digest[..31], (byte)(digest[31] ^ 1)] }).Sign(ImageBuilder.Arm64Image()));
        judgement.Errno.ShouldBe(KernelErrno.EKEYREJECTED);
        judgement.KernelMessage.ShouldBe("PEFILE: Digest mismatch");
        judgement.TrustedBy.ShouldBe(KernelKeyring.Platform);
    }

    [Fact]
    public void Asks_the_keyrings_before_it_compares_the_digest()
    {
        byte[] signed = new AuthenticodeForge(keys.Other).Sign(ImageBuilder.Arm64Image());
        signed[ImageBuilder.SizeOfHeaders] ^= 1;
        Judge(signed).Errno.ShouldBe(KernelErrno.ENOKEY);
    }

    [Fact]
    public void Follows_the_chain_to_a_trusted_issuer_in_or_outside_the_message()
    {
        using var root = TestIdentity.Rsa("root");
        using var leaf = TestIdentity.Rsa("leaf", issuer: root);
        var policy = new KernelPolicy { Platform = [root.Certificate] };
        Accepts(new AuthenticodeForge(leaf), policy);
        Accepts(new AuthenticodeForge(leaf) { Certificates = [root, leaf] }, policy);
        Accepts(new AuthenticodeForge(leaf), new KernelPolicy { Platform = [leaf.Certificate] });
        Refuses(new AuthenticodeForge(leaf) { Certificates = [root, leaf] }, KernelErrno.ENOKEY, KexecRules.NotTrusted);
    }

    [Fact]
    public void One_trusted_signer_is_enough_but_every_signature_must_be_right()
    {
        Accepts(new AuthenticodeForge(keys.Other, keys.Db));
        PeJudgement judgement = Judge((new AuthenticodeForge(keys.Db, keys.Other) with { DamagedSignature = true }).Sign(ImageBuilder.Arm64Image()));
        judgement.Rule.ShouldBe(KexecRules.SignatureWrong);
    }

    [Fact]
    public void Refuses_a_revoked_certificate()
    {
        var policy = new KernelPolicy { Platform = [keys.Db.Certificate], Revoked = [keys.Db.Certificate] };
        Refuses(Forge(), KernelErrno.EKEYREJECTED, KexecRules.Revoked, policy);
        Accepts(Forge(), policy with { Revoked = [keys.Other.Certificate] });
    }

    [Fact]
    public void Refuses_a_message_that_the_decoder_cannot_hold()
    {
        TestIdentity[] many = [.. Enumerable.Repeat(keys.Db, 90)];
        byte[] message = (Forge() with { Certificates = many }).Message(new byte[32]);
        message.Length.ShouldBeGreaterThan(0xFFFF);
        PeJudgement judgement = Judge(AuthenticodeForge.Attach(ImageBuilder.Arm64Image(), message));
        judgement.Errno.ShouldBe(KernelErrno.EMSGSIZE);
        judgement.Errno.Number.ShouldBe(90);
    }

    [Fact]
    public void Agrees_with_SignedCms_about_every_message_it_takes()
    {
        foreach (AuthenticodeForge forge in new[] { Forge(), Forge() with { Hash = HashAlgorithmName.SHA512 }, new AuthenticodeForge(keys.Ec) })
        {
            var cms = new SignedCms();
            cms.Decode(forge.Message(new byte[forge.Hash == HashAlgorithmName.SHA512 ? 64 : 32]));
            cms.CheckSignature(verifySignatureOnly: true);
            Accepts(forge, new KernelPolicy { Platform = [keys.Db.Certificate, keys.Ec.Certificate] });
        }
    }

    [Fact]
    public void Every_byte_of_the_message_can_be_wrong_without_harm()
    {
        byte[] signed = Forge().Sign(ImageBuilder.Arm64Image());
        byte[] image = ImageBuilder.Arm64Image();
        for (int at = image.Length; at < signed.Length; at++)
        {
            byte[] changed = ImageBuilder.With(signed, copy => copy[at] ^= 0x81);
            // Whatever the answer is, it is an answer; an exception would fail the test.
            Judge(changed).Explanation.ShouldNotBeEmpty();
        }
    }

    private AuthenticodeForge Forge() => new(keys.Db);

    private void Accepts(AuthenticodeForge forge, KernelPolicy? policy = null)
    {
        PeJudgement judgement = Judge(forge.Sign(ImageBuilder.Arm64Image()), policy);
        judgement.Accepted.ShouldBeTrue(judgement.Explanation);
    }

    private void Refuses(AuthenticodeForge forge, KernelErrno errno, ErrorCode rule, KernelPolicy? policy = null) =>
        Refuses(forge, [errno], rule, policy);

    // A signature opened with the wrong RSA key is noise, and noise begins with 00 once in 256 times.
    private void Refuses(AuthenticodeForge forge, KernelErrno[] errnos, ErrorCode rule, KernelPolicy? policy = null)
    {
        PeJudgement judgement = Judge(forge.Sign(ImageBuilder.Arm64Image()), policy);
        judgement.Errno.ShouldBeOneOf(errnos);
        judgement.Rule.ShouldBe(rule, judgement.Explanation);
    }

    private PeJudgement Judge(byte[] file, KernelPolicy? policy = null) =>
        PeVerification.Judge(Layout.Of(file), policy ?? new KernelPolicy { Platform = [keys.Db.Certificate] });
}
