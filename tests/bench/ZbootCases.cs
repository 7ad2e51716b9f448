using System.Globalization;

namespace KexecSign.Bench;

/// <summary>Building, opening and repacking zboot images against the programs of the kernel's own recipe.</summary>
internal static class ZbootCases
{
    private const int Rounds = 3;

    public static IEnumerable<Case> On(Bed bed)
    {
        yield return Smallest("gzip", "gzip -n -9", bed);
        yield return Smallest("zstd", "zstd -q -22 --ultra", bed);
        foreach (string compression in (string[])["gzip", "zstd"])
        {
            yield return new($"extract, {compression}", Rounds,
            [
                new("kexecsign zboot extract", ["sh", "-c", Fresh(bed, compression) + $"'{bed.KexecSign}' zboot extract '{bed.In(compression + ".efi")}' -o '{bed.In("kernel")}' -q"], bed.In("kernel")),
                new($"{compression} -dc", ["sh", "-c", Fresh(bed, compression) + $"{compression} -dc < '{bed.In(compression)}' > '{bed.In("plain")}'"], bed.In("plain")),
            ]);
        }
        // The goal is three times gzip plus half a second.
        yield return new("simulate, gzip", Rounds,
        [
            new("kexecsign simulate", ["sh", "-c", Fresh(bed, "gzip") + WithParser(bed) + $"'{bed.KexecSign}' simulate '{bed.In("parsed.efi")}' -q"]),
            new("gzip -dc", ["sh", "-c", Fresh(bed, "gzip") + $"gzip -dc < '{bed.In("gzip")}' > /dev/null"]),
        ]);
        yield return new("repack, gzip", Rounds,
        [
            new("kexecsign zboot repack",
                ["sh", "-c", Fresh(bed, "gzip") + $"'{bed.KexecSign}' zboot repack '{bed.In("gzip.efi")}' --key '{bed.Key}' --cert '{bed.Certificate}' -o '{bed.In("r.efi")}' -q"], bed.In("r.efi")),
            new("gzip -n -9", ["sh", "-c", $"gzip -n -9 -c '{bed.Image}' > '{bed.In("Image.gz")}'"], bed.In("Image.gz")),
        ]);
    }

    private static Case Smallest(string compression, string recipe, Bed bed) => new($"{compression} payload, smallest", Rounds,
    [
        new($"kexecsign zboot build --compression {compression} --smallest",
            [bed.KexecSign, "zboot", "build", "--kit", bed.Kit, "--image", bed.Image, "--compression", compression, "--smallest", "-o", bed.In("z.efi"), "-q", "--json"],
            bed.In("z.efi")) { Bytes = Cases.PayloadSize },
        new(recipe, ["sh", "-c", $"{recipe} -c '{bed.Image}' > '{bed.In("packed")}' && stat -c %s '{bed.In("packed")}'"], bed.In("packed"))
            { Bytes = text => long.Parse(text, CultureInfo.InvariantCulture) },
    ]);

    private static string WithParser(Bed bed) =>
        $"[ -e '{bed.In("parsed.efi")}' ] || {{ PATH=$PATH:/usr/sbin '{bed.KexecSign}' bpf compile --parser zboot --abi v6 -o '{bed.In("parser.o")}' -q; "
        + $"'{bed.KexecSign}' bpf embed '{bed.In("gzip.efi")}' --parser '{bed.In("parser.o")}' -o '{bed.In("parsed.efi")}' -q; }}; ";

    // Made by the first run, which warms up and is not counted.
    private static string Fresh(Bed bed, string compression) =>
        $"[ -e '{bed.In(compression + ".efi")}' ] || {{ '{bed.KexecSign}' zboot build --kit '{bed.Kit}' --image '{bed.Image}' --compression {compression} --level 6 -o '{bed.In(compression + ".efi")}' -q; "
        + $"{compression} -6 -c '{bed.Image}' > '{bed.In(compression)}'; }}; ";
}
