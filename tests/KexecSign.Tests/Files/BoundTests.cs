using System.IO.Compression;
using KexecSign.Commands.Build;
using KexecSign.Commands.Keys;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Verify;
using KexecSign.Compression;
using KexecSign.Configuration;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Ima;
using KexecSign.Judging.Policies;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Pins;
using KexecSign.Zboot;

namespace KexecSign.Tests.Files;

/// <summary>The table "Bounds" of SECURITY.md: what is longer is refused before it is read, and what is not takes memory by its length.</summary>
public sealed class BoundTests : IDisposable
{
    private const long KiB = 1 << 10, MiB = 1 << 20;

    private readonly Bench _bench = new();

    [Theory]
    [InlineData("plan", MiB)]
    [InlineData("plan of one image", MiB)]
    [InlineData("policy", MiB)]
    [InlineData("keys", MiB)]
    [InlineData("configuration", MiB)]
    [InlineData("key profile", MiB)]
    [InlineData("certificate", MiB)]
    [InlineData("key", 64 * KiB)]
    [InlineData("PIN", 4 * KiB)]
    [InlineData("kit", 64 * MiB)]
    [InlineData("kernel configuration", 8 * MiB)]
    [InlineData("signature list", 16 * MiB)]
    [InlineData("bundle", 64 * MiB)]
    [InlineData("answers", 256 * MiB)]
    [InlineData("IMA manifest", 256 * MiB)]
    public void A_file_above_its_bound_is_refused_for_little_memory(string kind, long bound)
    {
        string file = Sparse("file", bound + 1);
        KexecSignException refused = Read(kind, file, out long taken).ShouldNotBeNull();
        refused.Code.Id.ShouldNotBe("KS3000");
        // With both numbers, as the file's own length or as the bound: nobody should have to guess.
        refused.Message.ShouldMatch($"(?i){bound}|0x{bound:x}|{bound + 1}|0x{bound + 1:x}|{bound / KiB} KiB|{bound / MiB} MiB");
        taken.ShouldBeLessThan(4 * MiB);
    }

    [Theory]
    [InlineData(4 * MiB)]
    [InlineData(256 * MiB)]
    public void Hashing_a_file_takes_the_same_memory_whatever_its_length(long length)
    {
        Layout content = Layout.Of(KexecSign.Files.FileSource.Open(Sparse("file", length)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        KexecSign.Files.LayoutPass.Hash(content, System.Security.Cryptography.HashAlgorithmName.SHA256, _bench.Context);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(8 * MiB);
    }

    // 16 MiB + 64 n, and never more than 256 MiB.
    [Theory]
    [InlineData(8 * MiB, true)]
    [InlineData(600 * MiB, false)]
    public void A_packed_module_gives_no_more_than_its_length_allows(long length, bool opens)
    {
        byte[] packed = Zeros(length);
        ModuleCodec.MostOf(packed.Length).ShouldBe((int)Math.Min(256 * MiB, (16 * MiB) + (64L * packed.Length)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        KexecSignException? refused = null;
        try
        {
            ModuleCodec.Open(Layout.Of(packed), ModuleCodec.Of(Layout.Of(packed)), default).Length.ShouldBe((int)length);
        }
        catch (KexecSignException e)
        {
            refused = e;
        }
        (refused is null).ShouldBe(opens);
        // What it gives, and what it grew from.
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4L * ModuleCodec.MostOf(packed.Length));
    }

    public void Dispose() => _bench.Dispose();

    private KexecSignException? Read(string kind, string file, out long taken)
    {
        string image = _bench.SignedImage(TestSigners.P256), certificate = TestSigners.P256.CertificateFile(_bench.Folder);
        string bundle = _bench.Folder.Folder("bundle");
        if (kind == "bundle")
            File.Move(file, Path.Combine(bundle, "manifest.json"));
        Action read = kind switch
        {
            "plan" => () => PlanDocument.Read(file, new(), null),
            "plan of one image" => () => BuildPlan.Read(new(), file),
            "policy" => () => PolicyDocument.Read(file, []),
            "keys" => () => PlanKeys.ReadFile(file, []),
            "configuration" => () => ConfigurationFile.Read(file, besideTheWork: false),
            "key profile" => () => KeyProfile.Read(file),
            "certificate" => () => _bench.Context.Keyring.OpenCertificates(file, new PinOptions(), default),
            "key" => () => _bench.Context.Keyring.OpenKey(file, new PinOptions(), default),
            "PIN" => () => OpenWithPin(file),
            "kit" => () => ZbootKit.Open(file),
            "kernel configuration" => () => KernelConfig.Read(file),
            "signature list" => () => VerifyOperation.Definition.Run(new() { File = image, Dbx = file, Certificates = [certificate] }, _bench.Context),
            "bundle" => () => Bundle.Open(bundle),
            "answers" => () => _ = AnswerFile.Read(file).Count(),
            _ => () => ImaManifest.Read(file),
        };
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read();
            return null;
        }
        catch (KexecSignException refused)
        {
            return refused;
        }
        finally
        {
            taken = GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private void OpenWithPin(string pin)
    {
        File.SetUnixFileMode(pin, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string key = _bench.Folder.File("encrypted.key", System.Text.Encoding.ASCII.GetBytes(TestSigners.P256.Key.ExportEncryptedPkcs8PrivateKeyPem(
            "secret", new(System.Security.Cryptography.PbeEncryptionAlgorithm.Aes256Cbc, System.Security.Cryptography.HashAlgorithmName.SHA256, 1000))));
        using var keyring = new Keyring();
        keyring.OpenKey(key, new PinOptions { File = pin }, default);
    }

    private string Sparse(string name, long length)
    {
        string path = _bench.Folder.At(name);
        using FileStream file = File.Create(path);
        file.SetLength(length);
        return path;
    }

    private static byte[] Zeros(long length)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            byte[] chunk = new byte[MiB];
            for (long left = length; left > 0; left -= chunk.Length)
                gzip.Write(chunk);
        }
        return packed.ToArray();
    }
}
