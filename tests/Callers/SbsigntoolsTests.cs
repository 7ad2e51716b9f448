using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>
/// What the tests of sbsigntools assert, written anew, held by our sbsign, sbverify and sbattach: on a real boot loader, on an arm64
/// kernel, and on both with bytes behind the last section, which sbsign signs with a warning.
/// </summary>
[Collection(nameof(CompatBench))]
public sealed class SbsigntoolsTests(CompatBench bench)
{
    private const string Added = "Image was already signed; adding additional signature";

    public static TheoryData<string> Images => ["image.efi", "image.efi with a tail", "boot loader", "boot loader with a tail"];

    [SkippableTheory]
    [MemberData(nameof(Images))]
    public void A_signed_image_verifies_by_signer_and_intermediate_and_by_the_root_only_with_the_intermediate_inside(string image)
    {
        string file = Image(image);
        Succeeds("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "s.efi", file);
        Verdicts("s.efi", ("db.pem", 0), ("int.pem", 0), ("ca.pem", 1));
        Succeeds("sbsign", "--cert", "db.pem", "--addcert", "int.pem", "--key", "db.key", "--output", "s.efi", file);
        Verdicts("s.efi", ("db.pem", 0), ("int.pem", 0), ("ca.pem", 0));
        // Debian's own sbverify is of the same opinion.
        bench.Theirs("sbverify", "--cert", "ca.pem", "s.efi").Exit.ShouldBe(0);
    }

    [SkippableTheory]
    [MemberData(nameof(Images))]
    public void A_detached_signature_verifies_beside_its_image(string image)
    {
        string file = Image(image);
        Succeeds("sbsign", "--cert", "db.pem", "--key", "db.key", "--addcert", "int.pem", "--detached", "--output", "s.p7", file);
        foreach (string trusted in (string[])["db.pem", "int.pem", "ca.pem"])
            Succeeds("sbverify", "--cert", trusted, "--detached", "s.p7", file);
        bench.Theirs("sbverify", "--cert", "db.pem", "--detached", "s.p7", file).Exit.ShouldBe(0);
        Succeeds("sbsign", "--cert", "db.pem", "--key", "db.key", "--detached", "--output", "s.p7", file);
        bench.Ours("sbverify", "--cert", "ca.pem", "--detached", "s.p7", file).Exit.ShouldBe(1);
    }

    [SkippableTheory]
    [MemberData(nameof(Images))]
    public void A_signature_is_taken_out_and_put_in_again(string image)
    {
        string file = Image(image);
        Succeeds("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "s.efi", file);
        Succeeds("sbattach", "--detach", "out.p7", "s.efi");
        Succeeds("sbverify", "--cert", "db.pem", "--detached", "out.p7", file);
        File.Copy(bench.Folder.At(file), bench.Folder.At("again.efi"), overwrite: true);
        Succeeds("sbattach", "--attach", "out.p7", "again.efi");
        bench.Read("again.efi").ShouldBe(bench.Read("s.efi"));
        Succeeds("sbverify", "--cert", "db.pem", "again.efi");
    }

    [SkippableTheory]
    [MemberData(nameof(Images))]
    public void A_second_signature_is_added_and_said_to_be(string image)
    {
        Succeeds("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "s.efi", Image(image));
        Answer again = Succeeds("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "s.efi", "s.efi");
        again.Error.Split('\n').ShouldContain(Added);
        Succeeds("sbattach", "--detach", "out.p7", "s.efi");
        Succeeds("sbattach", "--attach", "out.p7", "s.efi").Error.Split('\n').ShouldContain(Added);
        bench.Theirs("sbverify", "--list", "s.efi").Output.ShouldContain("signature 3");
    }

    [SkippableTheory]
    [MemberData(nameof(Images))]
    public void Removing_the_signature_gives_the_image_back(string image)
    {
        string file = Image(image);
        Succeeds("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "s.efi", file);
        Succeeds("sbattach", "--remove", "s.efi");
        // Behind bytes that no section holds, the zeros in front of the table stay: nobody could tell them from the bytes.
        byte[] before = bench.Read(file), after = bench.Read("s.efi");
        after[..before.Length].ShouldBe(before);
        (after.Length - before.Length).ShouldBeInRange(0, 7);
        after[before.Length..].ShouldAllBe(padding => padding == 0);
        bench.Ours("sbattach", "--remove", "s.efi").Exit.ShouldBe(1);
    }

    [SkippableFact]
    public void The_table_is_a_multiple_of_eight_whatever_the_length_of_a_name()
    {
        string file = Image("image.efi");
        for (int length = 1; length <= 8; length++)
        {
            bench.Shell($"openssl req -x509 -sha256 -subj /CN={new string('x', length)} -new -key db.key -out x.pem").Exit.ShouldBe(0);
            Succeeds("sbsign", "--cert", "x.pem", "--key", "db.key", "--output", "x.efi", file);
            Succeeds("sbverify", "--cert", "x.pem", "x.efi");
            ((bench.Read("x.efi").Length - bench.Read(file).Length) % 8).ShouldBe(0);
            bench.Theirs("sbattach", "--detach", "x.p7", "x.efi");
            bench.Shell("openssl pkcs7 -inform DER -noout -in x.p7").Exit.ShouldBe(0);
        }
    }

    [Theory]
    [InlineData("sbsign", "--cert", "missing", "--key", "db.key", "--output", "no.efi", "image.efi")]
    [InlineData("sbsign", "--cert", "db.pem", "--key", "missing", "--output", "no.efi", "image.efi")]
    [InlineData("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "no.efi", "missing")]
    [InlineData("sbsign", "--key", "db.key", "image.efi")]
    [InlineData("sbsign", "--cert", "db.pem", "--key", "db.key")]
    [InlineData("sbverify", "missing")]
    [InlineData("sbverify", "--cert", "missing", "image.efi")]
    [InlineData("sbverify", "--cert", "db.pem", "image.efi")]
    [InlineData("sbattach", "--attach", "zeros", "image.efi")]
    [InlineData("sbattach", "image.efi")]
    public void What_is_missing_or_wrong_is_exit_1_and_leaves_nothing(string command, params string[] arguments)
    {
        Image("image.efi");
        bench.Folder.File("zeros", new byte[1024]);
        byte[] before = bench.Read("image.efi");
        Answer answer = bench.Ours(command, arguments);
        answer.Exit.ShouldBe(1, answer.Error);
        (answer.Error.Length + answer.Output.Length).ShouldBeGreaterThan(0);
        File.Exists(bench.Folder.At("no.efi")).ShouldBeFalse();
        bench.Read("image.efi").ShouldBe(before);
    }

    [SkippableFact]
    public void A_list_is_word_for_word_that_of_sbverify()
    {
        Succeeds("sbsign", "--cert", "db.pem", "--addcert", "int.pem", "--key", "db.key", "--output", "s.efi", Image("image.efi"));
        // We name the signer first, sbverify takes certificates as they lie in the SET.
        string[] Lines(Answer answer) => [.. answer.Output.Split('\n').Order(StringComparer.Ordinal)];
        Lines(bench.Ours("sbverify", "--list", "s.efi")).ShouldBe(Lines(bench.Theirs("sbverify", "--list", "s.efi")));
    }

    [Fact]
    public void An_image_without_signatures_is_said_to_have_no_table_on_standard_output()
    {
        Answer listed = Succeeds("sbverify", "--list", Image("image.efi"));
        listed.Output.ShouldBe("No signature table present\n");
        listed.Error.ShouldBeEmpty();
    }

    [Fact]
    public void Standard_output_by_its_path_gets_the_whole_image_and_nothing_else()
    {
        string file = Image("image.efi");
        Succeeds("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "s.efi", file);
        Answer answer = bench.Shell($"$C/sbsign --cert db.pem --key db.key --output /dev/stdout {file} > streamed.efi");
        answer.Exit.ShouldBe(0, answer.Error);
        bench.Read("streamed.efi").ShouldBe(bench.Read("s.efi"));
    }

    [Fact]
    public void An_unknown_option_is_named_with_what_there_is()
    {
        Answer answer = bench.Ours("sbsign", "--frobnicate", "image.efi");
        answer.Exit.ShouldBe(1);
        answer.Error.ShouldContain("KS3856: sbsign has no option '--frobnicate'. It has --engine --key");
    }

    [Fact]
    public void Another_engine_than_pkcs11_is_refused_with_the_way_out()
    {
        Answer answer = bench.Ours("sbsign", "--engine", "tpm2tss", "--cert", "db.pem", "--key", "db.key", "--output", "no.efi", Image("image.efi"));
        answer.Exit.ShouldBe(1);
        answer.Error.ShouldContain("KS3855");
        answer.Error.ShouldContain("pkcs11:");
    }

    [Fact]
    public void An_image_with_a_gap_is_refused_with_our_reason()
    {
        // What the second section names moves, and 512 bytes between the two are signed by no one.
        TestImage image = TestImage.Arm64();
        uint start = image.U32(image.SectionTable + 40 + 20);
        bench.Folder.File("gap.efi", image.Insert((int)start, 512).SectionField(1, 20, start + 512).Bytes);
        Answer answer = bench.Ours("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "no.efi", "gap.efi");
        answer.Exit.ShouldBe(1);
        answer.Error.ShouldContain("KS1012");
        File.Exists(bench.Folder.At("no.efi")).ShouldBeFalse();
    }

    private Answer Succeeds(string command, params string[] arguments)
    {
        Answer answer = bench.Ours(command, arguments);
        answer.Exit.ShouldBe(0, answer.Error);
        return answer;
    }

    private void Verdicts(string file, params (string Certificate, int Exit)[] expected)
    {
        foreach ((string certificate, int exit) in expected)
        {
            Answer answer = bench.Ours("sbverify", "--cert", certificate, file);
            answer.Exit.ShouldBe(exit, certificate + answer.Error);
            answer.Output.ShouldBe(exit == 0 ? "Signature verification OK\n" : "Signature verification failed\n");
        }
    }

    private string Image(string name)
    {
        byte[] bytes = name.StartsWith("boot loader", StringComparison.Ordinal) ? File.ReadAllBytes(DebianFiles.Named("boot loader arm64")) : TestImage.Arm64().Bytes;
        if (name.EndsWith("tail", StringComparison.Ordinal))
            bytes = [.. bytes, .. "appended"u8, 1, 2, 3];
        string file = name.Replace(' ', '-');
        bench.Folder.File(file, bytes);
        return file;
    }
}
