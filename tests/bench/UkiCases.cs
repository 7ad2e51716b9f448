namespace KexecSign.Bench;

/// <summary>
/// A unified kernel image of a 44 MB kernel and a 200 MB initrd: one run against the common recipe, objcopy once for each section and
/// then sbsign, and against objcopy once for all of them.
/// </summary>
internal static class UkiCases
{
    private const int Rounds = 5;
    private const long InitrdSize = 200L << 20;
    private const string ObjCopy = "aarch64-linux-gnu-objcopy";

    public static IEnumerable<Case> On(Bed bed, string stub, ChildProcess child)
    {
        MakeInputs(bed, stub, child);
        string image = bed.In("uki.efi"), initrd = bed.In("initrd.img");
        Side kexecsign = new("kexecsign uki build", [bed.KexecSign, .. Build(bed, stub, initrd), "--key", bed.Key, "--cert", bed.Certificate, "-o", image, "-q"], image);
        Side unflushed = new("objcopy for each section, sbsign", ["sh", "-ec", EachSection(bed, stub, initrd)], bed.In("recipe.efi"));
        yield return new("UKI, 44 MB kernel, 200 MB initrd", Rounds,
        [
            kexecsign, unflushed,
            unflushed with { Name = "the same, then sync as kexecsign does", Command = ["sh", "-ec", EachSection(bed, stub, initrd) + $" && sync '{bed.In("recipe.efi")}'"] },
            new("objcopy once, sbsign", ["sh", "-ec", AllSections(bed, stub, initrd)], bed.In("recipe.efi")),
        ]);
        yield return new("UKI, signed inside, PCR policies signed", Rounds,
        [
            kexecsign with
            {
                Name = "kexecsign uki build --inner-key --pcr-key",
                Command = [.. kexecsign.Command, "--inner-key", bed.Key, "--inner-cert", bed.Certificate, "--pcr-key", bed.Key, "--pcr-bank", "sha256", "--stub-version", "252"],
            },
        ]);
        foreach ((string name, long size) in ((string, long)[])[("20 MB", 20L << 20), ("1 GB", 1L << 30)])
        {
            string other = bed.In("other.img");
            using (FileStream file = File.Create(other))
                file.SetLength(size);
            yield return new($"UKI, {name} initrd: memory", 3,
                [new("kexecsign uki build", [bed.KexecSign, .. Build(bed, stub, other), "--key", bed.Key, "--cert", bed.Certificate, "-o", image, "-q"], image)]);
            File.Delete(other);
        }
        foreach (string made in (string[])["uki.efi", "initrd.img", "recipe.efi", "recipe.part", "recipe.unsigned"])
            File.Delete(bed.In(made));
    }

    // Content that does not compress and has no holes, as an initrd has.
    private static void MakeInputs(Bed bed, string stub, ChildProcess child)
    {
        child.Run(["sh", "-ec", $"head -c {InitrdSize} /dev/urandom > '{bed.In("initrd.img")}'; printf 'console=ttyAMA0 quiet' > '{bed.In("cmdline")}'; printf 'ID=debian\\n' > '{bed.In("osrel")}'; test -r '{stub}'"],
            new Dictionary<string, string>());
    }

    private static string[] Build(Bed bed, string stub, string initrd) =>
        ["uki", "build", "--linux", bed.Image, "--stub", stub, "--initrd", initrd, "--cmdline", "@" + bed.In("cmdline"), "--osrel", "@" + bed.In("osrel")];

    // systemd's documentation and most hooks of initramfs tools do it like this; addresses are those that the sections need.
    private static string EachSection(Bed bed, string stub, string initrd) =>
        $"""
        cp '{stub}' '{bed.In("recipe.part")}'
        for s in osrel:{bed.In("osrel")}:0x100000 cmdline:{bed.In("cmdline")}:0x110000 linux:{bed.Image}:0x2000000 initrd:{initrd}:0x6000000; do
            name=$(echo "$s" | cut -d: -f1) file=$(echo "$s" | cut -d: -f2) at=$(echo "$s" | cut -d: -f3)
            {ObjCopy} --add-section .$name="$file" --set-section-flags .$name=data,readonly --change-section-vma .$name=$at '{bed.In("recipe.part")}' '{bed.In("recipe.unsigned")}'
            mv '{bed.In("recipe.unsigned")}' '{bed.In("recipe.part")}'
        done
        sbsign --key '{bed.Key}' --cert '{bed.Certificate}' --output '{bed.In("recipe.efi")}' '{bed.In("recipe.part")}' 2>/dev/null
        """;

    private static string AllSections(Bed bed, string stub, string initrd) =>
        $"""
        {ObjCopy} --add-section .osrel='{bed.In("osrel")}' --set-section-flags .osrel=data,readonly --change-section-vma .osrel=0x100000 \
            --add-section .cmdline='{bed.In("cmdline")}' --set-section-flags .cmdline=data,readonly --change-section-vma .cmdline=0x110000 \
            --add-section .linux='{bed.Image}' --set-section-flags .linux=data,readonly --change-section-vma .linux=0x2000000 \
            --add-section .initrd='{initrd}' --set-section-flags .initrd=data,readonly --change-section-vma .initrd=0x6000000 '{stub}' '{bed.In("recipe.part")}'
        sbsign --key '{bed.Key}' --cert '{bed.Certificate}' --output '{bed.In("recipe.efi")}' '{bed.In("recipe.part")}' 2>/dev/null
        """;
}
