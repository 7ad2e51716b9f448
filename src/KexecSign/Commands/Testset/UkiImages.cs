using System.Text;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Simulation.Answers;

namespace KexecSign.Commands.Testset;

/// <summary>
/// Unified kernel images around the kernel, right and wrong: firmware judges them whole, kexec what user space takes out of .linux.
/// </summary>
internal static class UkiImages
{
    // The COFF header's pointer to symbols, and their number, 4 bytes each.
    private const int SymbolsInHeader = 12;

    private static readonly byte[] Nop = [0x1F, 0x20, 0x03, 0xD5];

    private static readonly ExpectedVerdict Yes = ExpectedVerdict.Accepts, No = ExpectedVerdict.Refuses,
        Unsigned = ExpectedVerdict.With(KernelErrno.ENODATA);

    /// <summary>The images.</summary>
    /// <param name="workshop">Keys and kernel.</param>
    /// <param name="stub">systemd's EFI stub, or another.</param>
    public static IEnumerable<TestsetCase> All(TestsetWorkshop workshop, Layout stub)
    {
        Layout uki = Assemble(stub, workshop.Kernel), signed = workshop.Sign(uki, "db"),
            inside = Assemble(stub, workshop.Sign(workshop.Kernel, "db", fit: true));
        yield return Case("unsigned", "No signature.", uki, No, Unsigned);
        yield return Case("signed", "Signed by db outside only.", signed, Yes, Unsigned);
        yield return Case("signed-inside", "Only the kernel in .linux is signed by db.", inside, No, Yes);
        yield return Case("signed-both", "Signed by db inside and outside.", workshop.Sign(inside, "db"), Yes, Yes);
        yield return Case("wrong-key", "Signed by a key that nobody trusts.", workshop.Sign(uki, "other"), No, Unsigned);
        yield return Case("flipped-linux", "One bit changed in .linux.", RawImages.Flip(signed, At(uki, ".linux") + 0x10000), No, Unsigned);
        yield return Case("flipped-cmdline", "One bit changed in .cmdline.", RawImages.Flip(signed, At(uki, ".cmdline")), No, Unsigned);
        yield return Case("flipped-name", "One bit changed in the name of .cmdline, so that the stub would not find it.",
            RawImages.Flip(signed, PeReader.Read(uki).SectionTableEnd - 2 * PeConstants.SectionHeaderSize + 1), No, Unsigned);
    }

    private static Layout Assemble(Layout stub, Layout kernel)
    {
        Layout uki = Cleared(stub);
        uki = Add(uki, ".osrel", Layout.Of("ID=kexecsign-test\nVERSION_ID=1\n"u8.ToArray()));
        uki = Add(uki, ".cmdline", Layout.Of(Encoding.UTF8.GetBytes("console=ttyAMA0 panic=-1\0")));
        return Add(uki, ".linux", kernel);
    }

    // Binutils leave the stub's symbols behind its sections, where nothing may stand but signatures; and the assembler's filling, which is
    // code that nobody runs, behind the section table, where headers of new sections go.
    private static Layout Cleared(Layout stub)
    {
        PeImage image = PeReader.Read(stub);
        Layout cut = stub.Slice(0, image.SectionsEnd).Overwrite(image.HeaderOffset + SymbolsInHeader, new byte[8]);
        byte[] behind = stub.ReadBytes(image.SectionTableEnd, image.SizeOfHeaders - image.SectionTableEnd);
        bool filling = behind.Length % Nop.Length == 0
            && behind.Chunk(Nop.Length).All(word => word.AsSpan().SequenceEqual(Nop) || !word.AsSpan().ContainsAnyExcept((byte)0));
        return filling ? cut.Overwrite(image.SectionTableEnd, new byte[behind.Length]) : cut;
    }

    private static Layout Add(Layout uki, string name, Layout content) =>
        PeEditor.AddSection(uki, name, content, PeConstants.DiscardableData);

    private static long At(Layout uki, string section) => PeReader.Read(uki).FindSection(section)!.PointerToRawData;

    private static TestsetCase Case(string name, string what, Layout content, ExpectedVerdict firmware, ExpectedVerdict inside) =>
        new($"images/uki/{name}.efi", what, content, firmware)
        {
            Kexec = inside,
            KexecOfFile = ExpectedVerdict.With(KernelErrno.EINVAL),
            KexecUnenforced = ExpectedVerdict.With(KernelErrno.EINVAL),
        };
}
