using System.Formats.Asn1;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Pe;
using KexecSign.Commands.Signatures;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Tests.Hostile;

/// <summary>
/// The classes of bugs that signers and verifiers had: every command ends with an answer of one line, and neither firmware nor
/// kernel is said to take what is not signed as a whole.
/// </summary>
public sealed class HostileListTests : IDisposable
{
    private const string Taken = "taken";

    private readonly Bench _bench = new();

    // Neither EDK2 nor shim looks there, nor the kernel behind the PKCS#7; the verdict warns.
    private static readonly string[] TakenByConsumers = ["bytes in an entry's padding", "bytes behind the PKCS#7 inside dwLength", "revision 0x100"];

    /// <summary>The damage, and the code with which 'sign --append' refuses; <see cref="Taken"/> when it is none.</summary>
    public static TheoryData<string, string> Damages => new()
    {
        { "e_lfanew 4, inside the DOS header", "KS1002" },
        { "e_lfanew 0xffffffff", "KS1001" },
        { "e_lfanew 0xfffffff0", "KS1001" },
        { "e_lfanew behind the sections", "KS1005" },
        { "SizeOfOptionalHeader 0", "KS1004" },
        { "SizeOfOptionalHeader 8 more", "KS1004" },
        { "NumberOfRvaAndSizes 0x20000000", "KS1004" },
        { "FileAlignment 0", "KS1007" },
        { "SectionAlignment 3", "KS1007" },
        { "empty section far away", Taken },
        { "section behind the end", "KS1012" },
        { "two sections over the same bytes", "KS1014" },
        { "section over the headers", "KS1014" },
        { "certificates not on a multiple of 8", "KS1018" },
        { "certificates of size 0", "KS1018" },
        { "dwLength above the directory", "KS1501" },
        { "dwLength 0xfffffff9", "KS1501" },
        { "bytes in an entry's padding", Taken },
        { "bytes behind the PKCS#7 inside dwLength", Taken },
        { "revision 0x100", "KS1502" },
        { "type 1", "KS1502" },
        { "PKCS#7 of indefinite length that never ends", "KS1504" },
        { "PKCS#7 longer than its entry", "KS1504" },
        { "PKCS#7 with a length of 5 bytes", "KS1504" },
        { "PKCS#7 nested 2000 deep", "KS1506" },
        { "MD5 digest", "KS1507" },
        { "no SignerInfo", "KS1506" },
        { "a second SignerInfo that does not hold", Taken },
        { "64 SignerInfos, the last does not hold", Taken },
        { "digest algorithm with parameters of no type", "KS1506" },
        { "digest of 31 bytes", "KS1508" },
        { "certificate table of 17 MiB", "KS1509" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Every_command_ends_with_an_answer(string damage, string code)
    {
        byte[] bytes = Damaged(damage);
        string file = _bench.Folder.File("hostile", bytes);
        Try(() => _bench.Sign(file, TestSigners.Rsa2048, o => o with { Existing = ExistingSignatures.Refuse, Output = _bench.Folder.At("out") }));
        Run(file, taken: TakenByConsumers.Contains(damage)).ShouldBe(code);
    }

    public static TheoryData<string> Corpus => [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "corpus/pe")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    /// <summary>Files that once went wrong; what signing answers is in the name.</summary>
    [Theory]
    [MemberData(nameof(Corpus))]
    public void Every_file_of_the_corpus_still_gets_its_answer(string name) =>
        Run(Path.Combine(AppContext.BaseDirectory, "corpus/pe", name)).ShouldBe(name.Split('.')[0]);

    public void Dispose() => _bench.Dispose();

    private string Run(string file, bool taken = false)
    {
        Try(() => InspectOperation.Definition.Run(new() { File = file }, _bench.Context).View());
        Try(() => SignaturesListOperation.Definition.Run(new() { File = file }, _bench.Context).View());
        Try(() => SignaturesRemoveOperation.Definition.Run(new() { File = file, All = true, Output = _bench.Folder.At("out") }, _bench.Context).View());
        Try(() => SignaturesRemoveOperation.Definition.Run(new() { File = file, Indexes = [0], Output = _bench.Folder.At("out") }, _bench.Context).View());
        Try(() => PeNormalizeOperation.Definition.Run(new() { File = file, DropSignatures = true, Output = _bench.Folder.At("out") }, _bench.Context).View());
        Try(() => PrepareOperation.Definition.Run(
            new() { Files = [file], Bundle = _bench.Folder.At("bundle"), Certificate = TestSigners.Rsa2048.CertificateFile(_bench.Folder), Existing = ExistingSignatures.Append }, _bench.Context).View());
        foreach (Consumer consumer in Enum.GetValues<Consumer>())
        {
            Try(() => VerifyOperation.Definition.Run(new() { File = file, Consumers = [consumer], Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context)
                .Verdicts.ShouldAllBe(v => v.Answer != KexecSign.Judging.Answer.Accepts || (taken && (consumer == Consumer.Kexec || !v.Warnings.IsEmpty))));
        }
        return Try(() => _bench.Sign(file, TestSigners.Rsa2048, o => o with { Existing = ExistingSignatures.Append, Output = _bench.Folder.At("appended") })) ?? Taken;
    }

    private static string? Try(Action work)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string? code = null;
        try
        {
            work();
        }
        catch (KexecSignException refused)
        {
            refused.Message.ShouldNotContain("\n");
            code = refused.Code.Id;
        }
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(128 << 20);
        return code;
    }

    private byte[] Damaged(string damage)
    {
        TestImage image = TestImage.Arm64();
        uint end = (uint)image.Bytes.Length;
        switch (damage)
        {
            case "e_lfanew 4, inside the DOS header": return image.U32(0x3C, 4).Bytes;
            case "e_lfanew 0xffffffff": return image.U32(0x3C, 0xFFFFFFFF).Bytes;
            case "e_lfanew 0xfffffff0": return image.U32(0x3C, 0xFFFFFFF0).Bytes;
            case "e_lfanew behind the sections": return image.Append(image.Bytes.AsSpan(image.Pe, 0x300)).U32(0x3C, end).Bytes;
            case "SizeOfOptionalHeader 0": return image.U16(image.Pe + 20, 0).Bytes;
            case "SizeOfOptionalHeader 8 more": return image.U16(image.Pe + 20, (ushort)(112 + 8 * image.DirectoryCount + 8)).Bytes;
            case "NumberOfRvaAndSizes 0x20000000": return image.OptionalField(108, 0x20000000).Bytes;
            case "FileAlignment 0": return image.OptionalField(36, 0).Bytes;
            case "SectionAlignment 3": return image.OptionalField(32, 3).Bytes;
            case "empty section far away": return image.SectionField(1, 16, 0).SectionField(1, 20, 0xFFFFFF00).CutTo(TestImage.SizeOfHeaders + TestImage.TextSize).Bytes;
            case "section behind the end": return image.SectionField(1, 20, 0x10000000).Bytes;
            case "two sections over the same bytes": return image.SectionField(1, 20, TestImage.SizeOfHeaders).Bytes;
            case "section over the headers": return image.SectionField(0, 20, 0).Bytes;
            case "certificates not on a multiple of 8": return image.Append(new byte[20]).Certificates(end + 4, 16).Bytes;
            case "certificates of size 0": return image.Append(new byte[16]).Certificates(end, 0).Bytes;
            case "certificate table of 17 MiB": return image.Append(new byte[17 << 20]).Certificates(end, 17 << 20).Bytes;
            case "PKCS#7 nested 2000 deep": return WithPkcs7(Nested(2000));
            case "PKCS#7 of indefinite length that never ends": return WithPkcs7([0x30, 0x80, 0x06, 0x01, 0x2A]);
            case "PKCS#7 longer than its entry": return WithPkcs7([0x30, 0x82, 0x7F, 0xFF, 0x06, 0x01, 0x2A]);
            case "PKCS#7 with a length of 5 bytes": return WithPkcs7([0x30, 0x85, 0x01, 0x00, 0x00, 0x00, 0x00, 0x06]);
        }

        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        (PeImage headers, Layout file) = Bench.Read(signed);
        byte[] bytes = File.ReadAllBytes(signed);
        int table = (int)headers.CertificateTable.Address;
        switch (damage)
        {
            case "dwLength above the directory":
                bytes[table + 2] = 1;
                break;
            case "dwLength 0xfffffff9":
                bytes.AsSpan(table, 4).Fill(0xFF);
                bytes[table] = 0xF9;
                break;
            case "bytes in an entry's padding":
            case "bytes behind the PKCS#7 inside dwLength":
                return WithTail(bytes, CertificateTable.Read(headers, file)[0].Pkcs7().ToArray(), inside: damage.Contains("inside", StringComparison.Ordinal));
            case "revision 0x100":
                bytes[table + 5] = 1;
                break;
            case "type 1":
                bytes[table + 6] = 1;
                break;
            case "MD5 digest":
                Replace(bytes.AsSpan(table), [0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], [0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x55]);
                break;
            case "no SignerInfo":
                return WithSigners(bytes, headers, file, _ => []);
            case "a second SignerInfo that does not hold":
                return WithSigners(bytes, headers, file, signer => [signer, Broken(signer)]);
            case "64 SignerInfos, the last does not hold":
                return WithSigners(bytes, headers, file, signer => [.. Enumerable.Repeat(signer, 63), Broken(signer)]);
            case "digest algorithm with parameters of no type":
                return WithSigners(bytes, headers, file, signer =>
                {
                    byte[] changed = [.. signer];
                    changed[changed.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x04, 0x02, 0x01, 0x05, 0x00]) + 3] = 0x01;
                    return [changed];
                });
            case "digest of 31 bytes":
                // The length moves from the digest to the parameters in front of it, so that all else stays sound DER.
                Replace(bytes.AsSpan(table), [0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20], [0x30, 0x0E, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x01, 0x00, 0x04, 0x1F], grow: true);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(damage), damage, null);
        }
        return bytes;
    }

    private static byte[] WithPkcs7(byte[] der)
    {
        TestImage image = TestImage.Arm64();
        uint end = (uint)image.Bytes.Length;
        byte[] entry = CertificateEntry.Encode(der, CertificateEntry.SizeFor(der.Length));
        return image.Append(entry).Certificates(end, (uint)entry.Length).Bytes;
    }

    // Its signature is the last thing in it.
    private static byte[] Broken(byte[] signer)
    {
        byte[] changed = [.. signer];
        changed[^1] ^= 1;
        return changed;
    }

    private static byte[] WithSigners(byte[] signed, PeImage headers, Layout file, Func<byte[], IEnumerable<byte[]>> change)
    {
        AsnReader info = new AsnReader(CertificateTable.Read(headers, file)[0].Pkcs7(), AsnEncodingRules.BER).ReadSequence();
        var explicit0 = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(info.ReadObjectIdentifier());
            AsnReader signedData = info.ReadSequence(explicit0).ReadSequence();
            using (writer.PushSequence(explicit0))
            using (writer.PushSequence())
            {
                for (int part = 0; part < 4; part++)
                    writer.WriteEncodedValue(signedData.ReadEncodedValue().Span);
                using (writer.PushSetOf())
                {
                    foreach (byte[] signer in change(signedData.ReadSetOf().ReadEncodedValue().ToArray()))
                        writer.WriteEncodedValue(signer);
                }
            }
        }
        byte[] entry = CertificateEntry.Encode(writer.Encode(), CertificateEntry.SizeFor(writer.GetEncodedLength()));
        Layout changed = CertificateTable.Attach(headers, CertificateTable.Strip(headers, Layout.Of(signed)), entry);
        return changed.ReadBytes(0, changed.Length);
    }

    private static byte[] WithTail(byte[] signed, byte[] pkcs7, bool inside)
    {
        (PeImage headers, Layout file) = (PeReader.Read(Layout.Of(signed)), Layout.Of(signed));
        byte[] entry = CertificateEntry.Encode(pkcs7, CertificateEntry.SizeFor(pkcs7.Length) + 8);
        if (inside)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(entry, entry.Length);
            entry[^1] = 1;
        }
        else
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(entry, CertificateEntry.HeaderSize + pkcs7.Length + 1);
            entry[^1] = 1;
        }
        Layout changed = CertificateTable.Attach(headers, CertificateTable.Strip(headers, file), entry);
        return changed.ReadBytes(0, changed.Length);
    }

    private static byte[] Nested(int depth)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        var scopes = new Stack<AsnWriter.Scope>();
        for (int i = 0; i < depth; i++)
            scopes.Push(writer.PushSequence());
        writer.WriteNull();
        while (scopes.TryPop(out AsnWriter.Scope scope))
            scope.Dispose();
        return writer.Encode();
    }

    private static void Replace(Span<byte> bytes, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, bool grow = false)
    {
        int at = bytes.IndexOf(from);
        at.ShouldBeGreaterThan(0);
        if (grow)
            // One byte of the digest makes room, so that no outer length changes.
            bytes[(at + from.Length)..(at + from.Length + 31)].ToArray().CopyTo(bytes[(at + to.Length)..]);
        to.CopyTo(bytes[at..]);
    }
}
