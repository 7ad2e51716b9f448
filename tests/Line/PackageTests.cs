using System.Security.Cryptography;
using System.Text.Json;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>The real tools judge what one run of <c>build</c> made of Debian's kernel with keys in a token.</summary>
[Collection(nameof(SigningBench))]
public sealed class PackageTests(SigningBench bench)
{
    [SkippableFact]
    public void Both_images_verify_with_sbverify_and_osslsigncode()
    {
        string package = bench.Package();
        foreach ((string file, string label) in ((string, string)[])[("vmlinuz.efi", "db"), ("Image.signed", "kexec")])
        {
            string path = Path.Combine(package, file);
            Tool.Run("sbverify", "--cert", bench.Certificate(label), path);
            ToolAnswer verified = Tool.Ask("osslsigncode", "verify", "-CAfile", bench.Certificate(label), "-in", path);
            verified.Exit.ShouldBe(0, verified.Output);
        }
        Tool.Ask("sbverify", "--cert", bench.Certificate("kexec"), Path.Combine(package, "vmlinuz.efi")).Exit.ShouldNotBe(0);
    }

    [SkippableFact]
    public void The_reports_digests_are_pesigns_and_its_hashes_those_of_the_files()
    {
        string package = bench.Package();
        JsonElement report = Report(package);
        report.GetProperty("outer").GetProperty("imageDigest").GetString().ShouldBe(ToolDigests.Pesign(Path.Combine(package, "vmlinuz.efi")));
        report.GetProperty("inner").GetProperty("imageDigest").GetString().ShouldBe(ToolDigests.Pesign(Path.Combine(package, "Image.signed")));
        report.GetProperty("outer").GetProperty("sha256").GetString().ShouldBe(Sha256(Path.Combine(package, "vmlinuz.efi")));
        report.GetProperty("tar").GetProperty("sha256").GetString().ShouldBe(Sha256(Path.Combine(package, "vmlinuz.tar")));
        report.GetProperty("image").GetProperty("sha256").GetString().ShouldBe(Sha256(bench.Image));
        report.GetProperty("kit").GetProperty("sha256").GetString().ShouldBe(Sha256(bench.Kit));
        byte[] file = File.ReadAllBytes(Path.Combine(package, "vmlinuz.efi"));
        JsonElement zboot = report.GetProperty("zboot");
        int at = zboot.GetProperty("payloadOffset").GetInt32(), size = zboot.GetProperty("payloadSize").GetInt32();
        zboot.GetProperty("payloadSha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(file.AsSpan(at, size))));
        string[] fingerprints = [.. report.GetProperty("certificates").EnumerateArray().Select(c => c.GetProperty("sha256").GetString()!)];
        fingerprints.ShouldBe(new[] { "db", "kexec", "ima" }.Select(label => Fingerprint(bench.Certificate(label))));
    }

    [SkippableFact]
    public void The_signed_Image_ends_at_image_size_and_is_what_is_packed()
    {
        string package = bench.Package(), signed = Path.Combine(package, "Image.signed"), extracted = bench.Folder.At("extracted");
        new FileInfo(signed).Length.ShouldBe(Report(package).GetProperty("imageSize").GetInt64());
        KexecSignProgram.Succeed("zboot", "extract", Path.Combine(package, "vmlinuz.efi"), "-o", extracted);
        File.ReadAllBytes(extracted).AsSpan().SequenceEqual(File.ReadAllBytes(signed)).ShouldBeTrue();
        // gzip finds the payload by itself, and warns of what stands behind it.
        Tool.Ask("gzip", "-t", Payload(package)).Exit.ShouldBe(0);
        byte[] given = File.ReadAllBytes(bench.Image), inside = File.ReadAllBytes(extracted);
        // Eight bytes of the certificate directory's entry, and no other, differ from what Debian built.
        Enumerable.Range(0, given.Length).Where(i => inside[i] != given[i]).Select(i => i / 8).Distinct().ShouldHaveSingleItem();
    }

    [SkippableFact]
    public void Evmctl_takes_the_sidecar_and_GNU_tar_restores_the_attribute()
    {
        string package = bench.Package(), image = Path.Combine(package, "vmlinuz.efi");
        string der = bench.Folder.At("ima.der");
        Tool.Run("openssl", "x509", "-in", bench.Certificate("ima"), "-outform", "der", "-out", der);
        Tool.Run("evmctl", "ima_verify", "-a", "sha256", "--sigfile", "--key", der, image).ShouldContain("verification is OK");
        string target = bench.Folder.Folder("restored");
        ToolAnswer tar = Tool.Ask("tar", "-C", target, "--xattrs", "--xattrs-include=security.ima", "-xf", Path.Combine(package, "vmlinuz.tar"));
        tar.Exit.ShouldBe(0, tar.Output);
        Skip.If(tar.Output.Contains("Cannot set", StringComparison.Ordinal), $"security.ima cannot be set here (needs root): {tar.Output.Trim()}");
        Tool.Run("getfattr", "-e", "hex", "-n", "security.ima", "--absolute-names", Path.Combine(target, "vmlinuz.efi"))
            .ShouldContain("security.ima=0x" + Convert.ToHexStringLower(File.ReadAllBytes(image + ".sig")));
        Sha256(Path.Combine(target, "vmlinuz.efi")).ShouldBe(Sha256(image));
    }

    [SkippableFact]
    public void Every_consumer_takes_it_and_none_with_another_certificate()
    {
        string image = Path.Combine(bench.Package(), "vmlinuz.efi");
        string[] roles = ["--db", bench.Certificate("db"), "--kexec-cert", bench.Certificate("kexec"), "--ima-cert", bench.Certificate("ima")];
        KexecSignProgram.Succeed(["verify", image, "--for", "all", "--applied", .. roles]);
        KexecSignProgram.Succeed(["verify", image, .. roles]);
        foreach (string consumer in (string[])["firmware", "kexec"])
        {
            Answer refused = KexecSignProgram.Run("verify", image, "--for", consumer, "--cert", bench.Certificate("ima"));
            refused.Exit.ShouldBe(4, refused.Error);
        }
        // Each key for its own: turned around they say nothing.
        KexecSignProgram.Run("verify", image, "--db", bench.Certificate("ima"), "--kexec-cert", bench.Certificate("ima"), "--ima-cert", bench.Certificate("db")).Exit.ShouldBe(4);
    }

    [SkippableFact]
    public void Once_more_gives_the_same_bytes_from_a_plan_too()
    {
        string package = bench.Package(), again = bench.Folder.Folder("again");
        string[] arguments = bench.Everything(again);
        var plan = new Dictionary<string, object>();
        for (int i = 1; i < arguments.Length; i += 2)
            plan[arguments[i].TrimStart('-')] = arguments[i] == "--level" ? int.Parse(arguments[i + 1]) : arguments[i + 1];
        // A plan is data, and says nothing of secrets.
        plan.Remove("pin-file");
        KexecSignProgram.Succeed("build", bench.Folder.File("plan.json", JsonSerializer.SerializeToUtf8Bytes(plan)), "--pin-file", bench.PinFile);
        foreach (string file in (string[])["vmlinuz.efi", "vmlinuz.efi.sig", "vmlinuz.tar", "Image.signed"])
            Sha256(Path.Combine(again, file)).ShouldBe(Sha256(Path.Combine(package, file)), file);
    }

    [SkippableFact]
    public void All_three_keys_are_used_in_one_login()
    {
        string? spy = Directory.GetDirectories("/usr/lib", "*-linux-gnu").Select(folder => Path.Combine(folder, "pkcs11-spy.so")).FirstOrDefault(File.Exists);
        Tool.Demand(spy is not null, "pkcs11-spy.so is missing; apt-get install opensc-pkcs11");
        string log = bench.Folder.At("spy.log"), folder = bench.Folder.Folder("spied");
        Answer answer = KexecSignProgram.RunWith(
            new()
            {
                ["KEXECSIGN_PKCS11_MODULE"] = spy!,
                ["PKCS11SPY"] = "/usr/lib/softhsm/libsofthsm2.so",
                ["PKCS11SPY_OUTPUT"] = log,
                ["SOFTHSM2_CONF"] = bench.Folder.At("token/softhsm2.conf"),
            },
            bench.Everything(folder));
        answer.Exit.ShouldBe(0, answer.Error);
        string[] calls = [.. File.ReadLines(log).Where(line => line.Contains(": C_", StringComparison.Ordinal)).Select(line => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..].Trim())];
        // Once in the child that tries the module, once where it is used.
        calls.Count(call => call == "C_Initialize").ShouldBe(2);
        calls.Count(call => call == "C_Login").ShouldBe(1);
        calls.Count(call => call == "C_Sign").ShouldBe(3);
        calls.Count(call => call == "C_OpenSession").ShouldBe(calls.Count(call => call == "C_CloseSession"));
    }

    private string Payload(string package)
    {
        JsonElement zboot = Report(package).GetProperty("zboot");
        byte[] file = File.ReadAllBytes(Path.Combine(package, "vmlinuz.efi"));
        return bench.Folder.File("payload.gz", file.AsSpan(zboot.GetProperty("payloadOffset").GetInt32(), zboot.GetProperty("payloadSize").GetInt32()));
    }

    private static JsonElement Report(string package) => JsonDocument.Parse(File.ReadAllText(Path.Combine(package, "report.json"))).RootElement;

    private static string Sha256(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    private static string Fingerprint(string certificate) =>
        Tool.Run("openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256").Split('=')[1].Trim().Replace(":", "").ToLowerInvariant();
}
