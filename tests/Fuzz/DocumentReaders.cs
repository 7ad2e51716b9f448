using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Commands.Agent;
using KexecSign.Commands.Build;
using KexecSign.Commands.Keys;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Provenance;
using KexecSign.Commands.Rpm;
using KexecSign.Configuration;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;
using KexecSign.Judging.Policies;

namespace KexecSign.Fuzz;

/// <summary>Readers of what people and programs write as text.</summary>
internal static class DocumentReaders
{
    private const string Plan = """
        { "keys": { "db": { "key": "db.key", "cert": "db.pem", "digest": "sha256" } }, "policy": "p.json", "report": "r.json",
          "steps": [ { "step": "zboot", "kit": "a.kit", "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "signer": "s.pem", "compression": "zstd", "level": 3 },
            { "step": "embed", "sbat": "s.csv" }, { "step": "sign", "key": "db" }, { "step": "ima", "key": "db", "xattr": "user" }, { "step": "provenance", "key": "db", "builder": "urn:x" } ],
          "images": [ { "name": "one", "image": "Image", "outputs": { "image": "out/a.efi", "tar": "out/a.tar" } } ] }
        """;

    private const string Policy = """
        { "certificates": { "db": ["db.pem"], "ima": ["ima.pem"] }, "consumers": ["firmware", "kexec"], "architecture": "arm64", "expired": "fail", "weak": "refuse",
          "signatures": { "outer": { "keys": ["db"], "digests": ["sha256"], "algorithms": ["rsa2048"], "validDays": 30, "atMost": 2 }, "ima": { "required": false } },
          "sbat": { "required": true, "generations": { "linux": 1 } }, "parser": { "required": false, "abi": ["v7"] }, "reproducible": true,
          "kits": ["0000000000000000000000000000000000000000000000000000000000000000"], "kitSigners": ["s.pem"] }
        """;

    private const string Hashes = """
        { "format": "kexecsign-bundle-1", "stages": [ { "number": 1, "level": "Hashes", "attached": false, "digest": "sha256",
          "certificate": { "subject": "CN=a", "issuer": "CN=a", "serial": "01", "sha256": "00", "notAfter": "2030-01-01T00:00:00+00:00", "key": "RSA 2048" },
          "files": [], "operation": "module sign", "requests": [ { "name": "a.ko", "kind": "Module", "toBeSigned": "00", "content": "00001.content" } ] } ] }
        """;

    public static ImmutableArray<Reader> Of(SeedFiles seeds, FuzzBench bench)
    {
        string bundle = bench.At("bundle"), manifest = Path.Combine(bundle, "manifest.json");
        string record = bench.At("bundle.attached");
        return
        [
            new("plan", [Text(Plan)], b => PlanDocument.Read(bench.Put("plan.json", b), new(), null)),
            new("plan-of-one", [Text("""{ "image": "Image", "o": "a.efi", "key": "k", "cert": "c", "level": 3, "compression": "gzip" }""")], b => BuildPlan.Read(new(), bench.Put("plan1.json", b))),
            new("keys-file", [Text("""{ "keys": { "db": { "key": "db.key", "cert": "db.pem" } } }""")], b => PlanKeys.ReadFile(bench.Put("keys.json", b), [])),
            new("policy", [Text(Policy)], b => PolicyDocument.Read(bench.Put("policy.json", b), [])),
            new("configuration", [Text("""{ "keys": { "db": { "key": "db.key", "cert": "db.pem" } }, "profiles": { "release": { "key": "@db" } } }""")], b => ConfigurationFile.Read(bench.Put("kexecsign.json", b), false)),
            new("key-profile", [Text("""{ "token": "T", "keys": [ { "label": "db", "role": "secure-boot", "algorithm": "p256", "subject": "CN=Db" } ] }""")], b => KeyProfile.Read(bench.Put("profile.json", b))),
            new("bundle", [seeds.Manifest, Text(Hashes)], b =>
            {
                File.WriteAllBytes(manifest, b);
                Bundle.Open(bundle);
            }),
            new("attached-record", [Text("""[ { "number": 1, "outputs": [ { "size": 3, "sha256": "00" } ] } ]""")], b =>
            {
                Directory.CreateDirectory(record);
                File.WriteAllBytes(Path.Combine(record, "attached.json"), b);
                AttachedRecord.Of(bundle);
            }),
            new("provenance", [seeds.Provenance], b => ProvenanceVerifyOperation.Definition.Run(
                new() { Envelope = bench.Put("p.json", b), Certificates = [bench.Certificate] }, bench.Context).View()),
            new("provenance-statement", [PayloadOf(seeds.Provenance)], b => KexecSign.Provenance.ProvenanceStatement.Read(b)),
            new("cpio-files", [Cpio("boot/kernel")], b =>
            {
                using var files = new CpioFiles(HashAlgorithmName.SHA256, (_, _, _) => { });
                files.Take(b);
                files.End();
            }),
            new("answers", [Text(new string('0', 64) + " AAAA\n" + new string('1', 64) + " AAAA\n"), Cpio("a.sig")],
                b => _ = AnswerFile.Read(bench.Put("answers", b)).Count()),
            new("agent-policy", [Text("""{ "keys": [ { "key": "db.key", "kinds": ["authenticode"], "count": 3 } ], "count": 9 }""")], b => AgentPolicy.Read(bench.Put("agent.json", b))),
        ];
    }

    private static byte[] Cpio(string name)
    {
        Layout archive = NewcArchive.Write([(name, 0x1A4, Layout.Of(new byte[9]))]);
        return archive.ReadBytes(0, archive.Length);
    }

    private static byte[] PayloadOf(byte[] envelope)
    {
        using var json = System.Text.Json.JsonDocument.Parse(envelope);
        return json.RootElement.GetProperty("payload").GetBytesFromBase64();
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}
