using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KexecSign.Commands.Build;
using KexecSign.Commands.Provenance;
using KexecSign.Core;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Provenance;

/// <summary>Provenance of a build, verified by steps of python and openssl that share no code with us.</summary>
public sealed class ProvenanceTests : IDisposable
{
    // The pre-authentication encoding as the DSSE specification writes it.
    private const string Encode = """
        import base64, json, sys
        e = json.load(open(sys.argv[1]))
        t, p = e["payloadType"].encode(), base64.b64decode(e["payload"])
        open(sys.argv[2], "wb").write(b"DSSEv1 %d %s %d %s" % (len(t), t, len(p), p))
        open(sys.argv[3], "wb").write(base64.b64decode(e["signatures"][0]["sig"]))
        """;

    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("rsa2048", "sha256")]
    [InlineData("p256", "sha256")]
    [InlineData("p384", "sha384")]
    public void Openssl_takes_the_envelopes_signature_and_not_that_of_another_payload(string signer, string digest)
    {
        (_, string envelope) = Build(TestSigners.Named(signer));
        string pae = _bench.Folder.At("pae"), signature = _bench.Folder.At("sig"), key = _bench.Folder.At("key.pem");
        Tool.Run("python3", "-c", Encode, envelope, pae, signature);
        File.WriteAllText(key, Tool.Run("openssl", "x509", "-in", TestSigners.Named(signer).CertificateFile(_bench.Folder), "-noout", "-pubkey"));
        Tool.Run("openssl", "dgst", "-" + digest, "-verify", key, "-signature", signature, pae).ShouldContain("Verified OK");
        File.AppendAllText(pae, " ");
        Tool.Ask("openssl", "dgst", "-" + digest, "-verify", key, "-signature", signature, pae).Exit.ShouldNotBe(0);
    }

    [SkippableFact]
    public void Subjects_are_what_sha256sum_and_pesign_say()
    {
        (string image, string envelope) = Build(TestSigners.Rsa2048);
        JsonElement statement = Statement(envelope);
        statement.GetProperty("_type").GetString().ShouldBe("https://in-toto.io/Statement/v1");
        statement.GetProperty("predicateType").GetString().ShouldBe("https://slsa.dev/provenance/v1");
        Subject(statement, "built.efi").ShouldBe(Sha256(image));
        Subject(statement, "built.efi#authenticode").ShouldBe(ToolDigests.Pesign(image));
        Subject(statement, "built.efi.sig").ShouldBe(Sha256(image + ".sig"));
        JsonElement definition = statement.GetProperty("predicate").GetProperty("buildDefinition");
        definition.GetProperty("resolvedDependencies")[0].GetProperty("digest").GetProperty("sha256").GetString().ShouldBe(Sha256(_bench.Folder.At("image")));
        definition.GetProperty("internalParameters").GetProperty("certificates").GetArrayLength().ShouldBe(2);
        statement.GetProperty("predicate").GetProperty("runDetails").GetProperty("builder").GetProperty("id").GetString().ShouldBe("https://ci.example/7");
    }

    [SkippableFact]
    public void Kernel_payload_and_parser_inside_are_subjects_of_their_own()
    {
        byte[] kernel = TestImage.Arm64().Bytes, parser = ParserSources.Object("zboot", 6);
        string zboot = _bench.Folder.File("zboot", TestZboot.Gzip(kernel).Bytes), output = _bench.Folder.At("built.efi"), envelope = _bench.Folder.At("p");
        BuildOperation.Definition.Run(
            new() { Image = zboot, Parser = _bench.Folder.File("parser.o", parser), Outer = _bench.Identity(TestSigners.Rsa2048), ProvenanceSigner = _bench.Identity(TestSigners.Rsa2048), Provenance = envelope, Output = output }, _bench.Context);
        JsonElement statement = Statement(envelope);
        Subject(statement, "built.efi#Image").ShouldBe(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(kernel)));
        Subject(statement, "built.efi#parser").ShouldBe(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(parser)));
        // Header 0x08 and 0x0C: where the payload is, and how long.
        byte[] image = File.ReadAllBytes(output);
        int at = BitConverter.ToInt32(image, 8), length = BitConverter.ToInt32(image, 12);
        Subject(statement, "built.efi#payload").ShouldBe(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(image.AsSpan(at, length))));
        Verify(envelope, TestSigners.Rsa2048, output).Exit.ShouldBe(ExitCode.Done);
    }

    [SkippableFact]
    public void The_same_build_elsewhere_gives_the_same_bytes_and_names_no_folder()
    {
        (_, string first) = Build(TestSigners.Rsa2048);
        byte[] bytes = File.ReadAllBytes(first);
        string other = _bench.Folder.Folder("other");
        (_, string second) = Build(TestSigners.Rsa2048, other);
        File.ReadAllBytes(second).ShouldBe(bytes);
        Encoding.UTF8.GetString(Convert.FromBase64String(JsonNode.Parse(bytes)!["payload"]!.GetValue<string>())).ShouldNotContain(_bench.Folder.Path);
    }

    [Fact]
    public void It_verifies_for_its_files_and_no_others()
    {
        (string image, string envelope) = Build(TestSigners.Rsa2048);
        ProvenanceVerifyResult result = Verify(envelope, TestSigners.Rsa2048, image, image + ".sig");
        result.Builder.ShouldBe("https://ci.example/7");
        result.Subjects.ShouldAllBe(s => s.File != null);
        Refusal.Of("KS4661", () => Verify(envelope, TestSigners.Other, image), "1 signature(s)");
        Refusal.Of("KS4662", () => Verify(envelope, TestSigners.Rsa2048, _bench.Folder.At("image")), "image");
    }

    [Theory]
    [InlineData("payload", "KS4661")]
    [InlineData("payloadType", "KS3321")]
    [InlineData("signatures", "KS3321")]
    [InlineData("sig", "KS4661")]
    [InlineData("not base64", "KS3321")]
    [InlineData("no JSON", "KS3301")]
    public void An_envelope_that_was_changed_is_refused(string what, string code)
    {
        (string image, string envelope) = Build(TestSigners.Rsa2048);
        JsonNode json = JsonNode.Parse(File.ReadAllText(envelope))!;
        string payload = Encoding.UTF8.GetString(Convert.FromBase64String(json["payload"]!.GetValue<string>()));
        switch (what)
        {
            case "payload": json["payload"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(payload.Replace("ci.example/7", "ci.example/8", StringComparison.Ordinal))); break;
            case "payloadType": json["payloadType"] = "text/plain"; break;
            case "signatures": json["signatures"] = new JsonArray(); break;
            case "sig": json["signatures"]![0]!["sig"] = Convert.ToBase64String(new byte[256]); break;
            case "not base64": json["payload"] = "%%"; break;
        }
        File.WriteAllText(envelope, what == "no JSON" ? "{" : json.ToJsonString());
        Refusal.Of(code, () => Verify(envelope, TestSigners.Rsa2048, image), envelope);
    }

    [Fact]
    public void Provenance_that_nobody_signs_is_refused() => Refusal.Of("KS3322", () => BuildOperation.Definition.Run(
        new() { Image = _bench.Folder.File("image", TestImage.Arm64().Bytes), Output = _bench.Folder.At("o"), Provenance = _bench.Folder.At("p"), Inner = new() }, _bench.Context));

    public void Dispose() => _bench.Dispose();

    private (string Image, string Envelope) Build(TestSigner signer, string? folder = null)
    {
        string output = Path.Combine(folder ?? _bench.Folder.Path, "built.efi"), envelope = output + ".intoto.json";
        BuildOperation.Definition.Run(
            new()
            {
                Image = _bench.Folder.File("image", TestImage.Arm64().Bytes),
                Outer = _bench.Identity(TestSigners.Rsa2048),
                Ima = _bench.Identity(TestSigners.Rsa2048),
                ProvenanceSigner = _bench.Identity(signer),
                Provenance = envelope,
                Builder = "https://ci.example/7",
                Output = output,
            },
            _bench.Context);
        return (output, envelope);
    }

    [Fact]
    public void A_part_that_is_not_the_one_that_it_speaks_of_is_refused()
    {
        string image = _bench.Folder.File("built.efi", TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes), envelope = _bench.Folder.At("parts.intoto.json");
        // By its name it is the kernel inside, and it is another.
        string part = _bench.Folder.File("built.efi#Image", TestImage.Arm64(seed: 9).Bytes);
        ProvenanceSignOperation.Definition.Run(
            new() { Files = [image, part], Signing = _bench.Identity(TestSigners.Rsa2048), Builder = "https://ci.example/9", Output = envelope }, _bench.Context);
        string inside = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(TestImage.Arm64().Bytes));
        Refusal.Of(
            "KS4663", () => Verify(envelope, TestSigners.Rsa2048, image), $"the provenance says {Sha256(part)} of built.efi#Image",
            $"has {inside}", "get both again");
    }

    [Fact]
    public void Any_files_can_be_spoken_of_and_no_others_pass()
    {
        string first = _bench.Folder.File("SHA256SUMS", "sums"u8), second = _bench.Folder.File("a.deb", "package"u8), other = _bench.Folder.File("b.deb", "another"u8);
        string envelope = _bench.Folder.At("release.intoto.json");
        ProvenanceSignResult made = ProvenanceSignOperation.Definition.Run(
            new() { Files = [first, second], Signing = _bench.Identity(TestSigners.Rsa2048), Builder = "https://ci.example/9", Output = envelope }, _bench.Context);
        made.Subjects.Select(s => s.Name).ShouldBe(["SHA256SUMS", "a.deb"]);
        ProvenanceVerifyResult result = Verify(envelope, TestSigners.Rsa2048, first, second);
        result.Builder.ShouldBe("https://ci.example/9");
        Refusal.Of("KS4662", () => Verify(envelope, TestSigners.Rsa2048, other));
        JsonElement statement = Statement(envelope);
        Subject(statement, "a.deb").ShouldBe(Sha256(second));
        statement.GetProperty("predicate").GetProperty("runDetails").GetProperty("builder").GetProperty("version").GetProperty("kexecsign").GetString().ShouldBe(ToolVersion.Number);
    }

    private ProvenanceVerifyResult Verify(string envelope, TestSigner trusted, params string[] files) => ProvenanceVerifyOperation.Definition.Run(
        new() { Envelope = envelope, Certificates = [trusted.CertificateFile(_bench.Folder)], Files = [.. files] }, _bench.Context);

    private static JsonElement Statement(string envelope) =>
        JsonDocument.Parse(Convert.FromBase64String(JsonNode.Parse(File.ReadAllText(envelope))!["payload"]!.GetValue<string>())).RootElement;

    private static string? Subject(JsonElement statement, string name) => statement.GetProperty("subject").EnumerateArray()
        .Single(s => s.GetProperty("name").GetString() == name).GetProperty("digest").GetProperty("sha256").GetString();

    private static string Sha256(string path) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)));
}
