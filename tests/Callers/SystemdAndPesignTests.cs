using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>systemd-sbsign and pesign.</summary>
[Collection(nameof(CompatBench))]
public sealed class SystemdAndPesignTests(CompatBench bench)
{
    [SkippableFact]
    public void Systemd_sbsign_signs_twice_and_sbverify_agrees()
    {
        Image();
        Answer once = bench.Ours("systemd-sbsign", "sign", "--private-key", "db.key", "--certificate=db.pem", "image.efi", "--output", "d.efi");
        once.Exit.ShouldBe(0, once.Error);
        once.Error.ShouldContain("Wrote signed PE binary to d.efi");
        bench.Ours("systemd-sbsign", "sign", "--private-key", "db.key", "--certificate", "db.pem", "--private-key-source=file", "d.efi", "--output", "e.efi").Exit.ShouldBe(0);
        bench.Theirs("sbverify", "--cert", "db.pem", "e.efi").Exit.ShouldBe(0);
        bench.Theirs("sbverify", "--list", "e.efi").Output.ShouldContain("signature 2");
    }

    [SkippableFact]
    public void The_newest_systemd_sbsign_signs_the_same_digest_and_each_side_takes_the_others()
    {
        Image();
        string theirs = new NewestSystemd(bench.Folder).Starting(UkifyTests.Fetched("systemd-repart", "newest", "usr/lib/systemd/systemd-sbsign"));
        string[] arguments = ["sign", "--private-key", "db.key", "--certificate", "db.pem", "image.efi", "--output"];
        Answer signed = bench.Run(theirs, [.. arguments, "theirs.efi"]);
        signed.Exit.ShouldBe(0, signed.Error);
        bench.Ours("systemd-sbsign", [.. arguments, "ours.efi"]).Exit.ShouldBe(0);
        foreach (string image in (string[])["theirs.efi", "ours.efi"])
        {
            bench.Theirs("pesign", "-h", "-i", image).Output.ShouldBe(bench.Theirs("pesign", "-h", "-i", "image.efi").Output);
            bench.Theirs("sbverify", "--cert", "db.pem", image).Exit.ShouldBe(0);
            bench.Ours("kexecsign", "verify", image, "--db", "db.pem", "--for", "firmware").Exit.ShouldBe(0, image);
        }
        // Signed a second time by the other side.
        Answer again = bench.Run(theirs, [.. arguments[..5], "ours.efi", "--output", "both.efi"]);
        again.Exit.ShouldBe(0, again.Error);
        bench.Theirs("sbverify", "--list", "both.efi").Output.ShouldContain("signature 2");
        bench.Ours("kexecsign", "verify", "both.efi", "--db", "db.pem", "--for", "firmware").Exit.ShouldBe(0);
    }

    [Fact]
    public void Validate_key_tells_a_key_that_is_not_the_certificates()
    {
        bench.Ours("systemd-sbsign", "validate-key", "--private-key", "db.key", "--certificate", "db.pem").ShouldBe(new(0, "", "OK\n"));
        Answer wrong = bench.Ours("systemd-sbsign", "validate-key", "--private-key", "db.key", "--certificate", "ima.pem");
        wrong.Exit.ShouldBe(1);
        wrong.Error.ShouldContain("KS2062");
    }

    [Theory]
    [InlineData("No output specified", "sign", "--private-key", "db.key", "--certificate", "db.pem", "image.efi")]
    [InlineData("No certificate specified", "sign", "--private-key", "db.key", "--output", "no.efi", "image.efi")]
    [InlineData("No private key specified", "sign", "--certificate", "db.pem", "--output", "no.efi", "image.efi")]
    [InlineData("Too few arguments", "sign", "--output", "no.efi")]
    [InlineData("Unknown command verb", "frobnicate")]
    [InlineData("KS3855", "sign", "--private-key", "db.key", "--certificate", "db.pem", "--private-key-source", "provider:tpm2", "--output", "no.efi", "image.efi")]
    [InlineData("KS3855", "sign", "--prepare-offline-signing", "--certificate", "db.pem", "--output", "no.efi", "image.efi")]
    public void What_is_wrong_is_said_and_nothing_is_written(string says, params string[] arguments)
    {
        Image();
        Answer answer = bench.Ours("systemd-sbsign", arguments);
        answer.Exit.ShouldBe(1);
        answer.Error.ShouldContain(says);
        File.Exists(bench.Folder.At("no.efi")).ShouldBeFalse();
    }

    [SkippableFact]
    public void Pesign_hashes_as_pesign_does()
    {
        Image();
        foreach (string padding in (string[])["-h", "-hP"])
            bench.Ours("pesign", padding, "-i", "image.efi").Output.ShouldBe(bench.Theirs("pesign", padding, "-i", "image.efi").Output);
    }

    [SkippableFact]
    public void Pesign_lists_removes_and_says_what_callers_look_for()
    {
        Image();
        bench.Ours("pesign", "-i", "image.efi", "-S").Output.ShouldBe("No signatures found.\n");
        bench.Ours("sbsign", "--cert", "db.pem", "--key", "db.key", "--output", "p.efi", "image.efi").Exit.ShouldBe(0);
        string[] theirs = bench.Theirs("pesign", "-i", "p.efi", "-S").Output.Split('\n');
        string[] ours = bench.Ours("pesign", "-i", "p.efi", "-S").Output.Split('\n');
        string name = theirs.Single(line => line.StartsWith("The signer's common name is", StringComparison.Ordinal));
        ours.ShouldContain(name);
        bench.Ours("pesign", "-r", "-u", "0", "-i", "p.efi", "-o", "q.efi", "--force").Exit.ShouldBe(0);
        bench.Read("q.efi").ShouldBe(bench.Read("image.efi"));
        Answer again = bench.Ours("pesign", "-r", "-u", "0", "-i", "p.efi", "-o", "q.efi");
        again.Exit.ShouldBe(1);
        again.Error.ShouldContain("--force");
    }

    [Theory]
    [InlineData("-s", "-i", "image.efi", "-o", "no.efi", "-c", "db", "-n", "/etc/pki/pesign")]
    [InlineData("-s", "-i", "image.efi", "-o", "no.efi", "-c", "db")]
    public void A_folder_of_nss_is_refused_with_the_way_out(params string[] arguments)
    {
        Image();
        Answer answer = bench.Ours("pesign", arguments);
        answer.Exit.ShouldBe(1);
        answer.Error.ShouldStartWith("KS3859");
        answer.Error.ShouldContain("pk12util");
        File.Exists(bench.Folder.At("no.efi")).ShouldBeFalse();
    }

    [SkippableFact]
    public void The_macro_of_rpm_signs_with_a_token()
    {
        Tool.Require("rpm");
        Image();
        string pin = Token.Make(bench);
        // As %pesign of pesign's macros is expanded on a machine without the daemon.
        Answer answer = bench.Run("bash", ["-c", """
            rpm --define '__pesign $C/pesign' --define '__pesign_token -t callers' --define '__pesign_cert -c db' \
              --define '_pesign %{__pesign} %{__pesign_token} %{__pesign_cert}' --eval '%_pesign -s -i image.efi -o macro.efi --force' > cmd && eval "$(cat cmd)"
            """], [("C", bench.Links), .. Token.Environment(bench), ("KEXECSIGN_PIN_FILE", pin)]);
        answer.Exit.ShouldBe(0, answer.Error);
        bench.Theirs("sbverify", "--cert", "db.pem", "macro.efi").Exit.ShouldBe(0);
    }

    private void Image() => bench.Folder.File("image.efi", TestImage.Arm64().Bytes);
}
