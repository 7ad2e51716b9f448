using System.Text;
using KexecSign.Commands.Build;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Rpm;
using KexecSign.Formats.Zboot;
using KexecSign.Fuzz;
using KexecSign.Judging;
using KexecSign.Zboot;

namespace KexecSign.Tests.Hostile;

/// <summary>The readers of tests/Fuzz for a moment each, and what longer runs of it found.</summary>
public sealed class ReaderTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void Every_reader_takes_its_seeds_and_ends_damaged_ones_with_an_error_of_the_product()
    {
        using var bench = new FuzzBench();
        var readers = Readers.All(bench);
        readers.Length.ShouldBeGreaterThan(50);
        readers.Select(r => r.Name).ShouldBeUnique();
        foreach (Reader reader in readers)
        {
            foreach (byte[] seed in reader.Seeds)
                Should.NotThrow(() => reader.Read(seed), $"{reader.Name} refuses a seed, so that nothing behind it is reached");
        }
        var said = new List<string>();
        var faults = new Faults(_bench.Folder.At("faults"));
        EvenCount[] counts = EvenRun.Run(readers, 100L * readers.Length, seed: 1, faults, said.Add);
        faults.Count.ShouldBe(0, string.Join('\n', said));
        // A reader that refuses whatever is damaged is tested no further than its door; one that refuses nothing is no reader.
        counts.ShouldAllBe(c => c.Read + c.Refused == 100);
        counts.Count(c => c.Refused >= 5).ShouldBeGreaterThan(counts.Length * 9 / 10, string.Join('\n', said));
        counts.Count(c => c.Read >= 5).ShouldBeGreaterThan(counts.Length / 2, string.Join('\n', said));
    }

    [Theory]
    [InlineData("\"kind\": \"kexecsign-zboot-kit\"", "\"kind\": 7, \"x\": \"xxxxxxxxxxxxxxx\"")]
    [InlineData("\"schema\": 1", "\"schema\": []")]
    [InlineData("\"kind\": \"kexecsign-zboot-kit\"", "\"kind\": \"kexecsign\xF7zboot-kit\"")]
    public void A_kit_whose_manifest_has_other_values_or_no_UTF_8_is_none(string sound, string broken)
    {
        var stub = new StubObjects(ZbootCompression.Gzip, true, true, "library"u8.ToArray(), "header"u8.ToArray(), "script"u8.ToArray());
        Layout packed = ZbootKit.Pack(new(ZbootKitManifest.ExpectedKind, 1, "arm64", 0xAA64, "6.12.1", null, null, "defconfig", "cc", "ld", [stub.Describe()]), stub.Files());
        byte[] kit = packed.ReadBytes(0, packed.Length), from = Encoding.Latin1.GetBytes(sound), to = Encoding.Latin1.GetBytes(broken.PadRight(sound.Length));
        int at = kit.AsSpan().IndexOf(from);
        at.ShouldBeGreaterThan(0);
        // As long as before, or the archive would be damaged first.
        to[..Math.Min(to.Length, from.Length)].CopyTo(kit, at);
        Refusal.Of("KS3103", () => ZbootKit.Read(Layout.Of(kit), "a.kit"));
    }

    [Fact]
    public void A_text_with_a_NUL_in_a_plan_is_told_with_its_place()
    {
        string plan = _bench.Folder.File("plan.json", Encoding.ASCII.GetBytes("{ \"image\": \"Image\",\n  \"o\": \"a\\u0000b\" }"));
        Refusal.Of("KS3301", () => BuildPlan.Read(new(), plan)).Message.ShouldContain("plan.json:2:");
    }

    // [0] { INTEGER 2 } of the first certificate: .NET opens certificates of versions that it then does not tell.
    [Fact]
    public void Whatever_version_a_certificate_says_it_is_no_fault()
    {
        byte[] sound = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        int at = sound.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xA0, 0x03, 0x02, 0x01, 0x02]);
        at.ShouldBeGreaterThan(0);
        for (int i = 0; i < 5; i++)
        {
            foreach (byte value in (ReadOnlySpan<byte>)[0, 1, 2, 3, 4, 0x7F, 0x80, 0xFF])
            {
                byte[] image = [.. sound];
                image[at + i] = value;
                string file = _bench.Folder.File("image", image);
                try
                {
                    VerifyOperation.Definition.Run(new() { File = file, Consumers = [.. Enum.GetValues<Consumer>()], Db = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context).View();
                }
                catch (Formats.Errors.KexecSignException)
                {
                }
            }
        }
    }

    [Fact]
    public void An_output_without_a_name_in_a_plan_is_told() =>
        Refusal.Of("KS3201", () => BuildPlan.Read(new(), _bench.Folder.File("plan.json", "{ \"image\": \"Image\", \"o\": \"\" }"u8)));

    [Fact]
    public void A_package_whose_file_lies_in_a_folder_below_zero_is_told_so()
    {
        byte[] package = RpmSeed.Build();
        // be32 1116 (DIRINDEXES), type 4, then its place in the store.
        int entry = package.AsSpan().IndexOf((ReadOnlySpan<byte>)[0, 0, 4, 0x5C, 0, 0, 0, 4]), store = package.AsSpan().IndexOf("aaaaaaaa"u8);
        package[store + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(package.AsSpan(entry + 8))] = 0xFF;
        Refusal.Of("KS1802", () => RpmPackage.Read(Layout.Of(package))).Message.ShouldContain("lies in folder");
    }

    [Fact]
    public void An_update_with_bytes_behind_its_signature_is_inspected()
    {
        using var bench = new FuzzBench();
        byte[] update = [.. Readers.All(bench).Single(r => r.Name == "signed-update").Seeds[0]];
        // dwLength of the WIN_CERTIFICATE_UEFI_GUID counts eight more: they belong to the SignedData then.
        update[16] += 8;
        string file = _bench.Folder.File("more.auth", update);
        Should.NotThrow(() => InspectOperation.Definition.Run(new() { File = file }, _bench.Context).View());
    }

    public void Dispose() => _bench.Dispose();
}
