using System.Globalization;

namespace KexecSign.Bench;

/// <summary>Building, opening and repacking zboot images against the programs of the kernel's own recipe.</summary>
internal static class ZbootCases
{
    private const int Rounds = 3;

    public static IEnumerable<Case> On(Bed bed)
    {
        // The whole of zboot build, to the flush of its output, beside the program that only compresses. The goals: by default 8 times
        // as fast as gzip at a smaller size; smallest in no more time at 4 % less; zstd in 60 % of the time, at the same size and memory.
        foreach (string compression in (string[])["gzip", "zstd"])
        {
            yield return Payload(compression, "default", [], bed);
            yield return Payload(compression, "smallest", ["--smallest"], bed);
        }
        foreach (string level in (string[])["5", "7", "9", "10", "12"])
            yield return Payload("gzip", "level " + level, ["--level", level], bed);
        yield return Payload("zstd", "level 19", ["--level", "19"], bed);
        foreach (string compression in (string[])["gzip", "zstd"])
        {
            yield return new($"extract, {compression}", Rounds,
            [
                new("kexecsign zboot extract", ["sh", "-c", Fresh(bed, compression) + $"'{bed.KexecSign}' zboot extract '{bed.In(compression + ".efi")}' -o '{bed.In("kernel")}' -q"], bed.In("kernel")),
                new($"{compression} -dc", ["sh", "-c", Fresh(bed, compression) + $"{compression} -dc < '{bed.In(compression)}' > '{bed.In("plain")}'"], bed.In("plain")),
                new("the same, then sync as kexecsign does", ["sh", "-c", Fresh(bed, compression) + $"{compression} -dc < '{bed.In(compression)}' > '{bed.In("plain")}' && sync '{bed.In("plain")}'"], bed.In("plain")),
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

    private static Case Payload(string compression, string name, string[] options, Bed bed)
    {
        string recipe = compression == "gzip" ? "gzip -n -9" : options.Contains("19") ? "zstd -q -19" : "zstd -q -22 --ultra";
        return new($"{compression} payload, {name}", Rounds,
        [
            new($"kexecsign zboot build --compression {compression} {string.Join(' ', options)}".TrimEnd(),
                [bed.KexecSign, "zboot", "build", "--kit", bed.Kit, "--image", bed.Image, "--compression", compression, .. options, "-o", bed.In("z.efi"), "-q", "--json"],
                bed.In("z.efi")) { Bytes = Cases.PayloadSize },
            new(recipe, ["sh", "-c", $"{recipe} -c '{bed.Image}' > '{bed.In("packed")}' && stat -c %s '{bed.In("packed")}'"], bed.In("packed"))
                { Bytes = text => long.Parse(text, CultureInfo.InvariantCulture) },
        ]);
    }

    private static string WithParser(Bed bed) =>
        $"[ -e '{bed.In("parsed.efi")}' ] || {{ PATH=$PATH:/usr/sbin '{bed.KexecSign}' bpf compile --parser zboot --abi v6 -o '{bed.In("parser.o")}' -q; "
        + $"'{bed.KexecSign}' bpf embed '{bed.In("gzip.efi")}' --parser '{bed.In("parser.o")}' -o '{bed.In("parsed.efi")}' -q; }}; ";

    // Made by the first run, which warms up and is not counted.
    private static string Fresh(Bed bed, string compression) =>
        $"[ -e '{bed.In(compression + ".efi")}' ] || {{ '{bed.KexecSign}' zboot build --kit '{bed.Kit}' --image '{bed.Image}' --compression {compression} --level 6 -o '{bed.In(compression + ".efi")}' -q; "
        + $"{compression} -6 -c '{bed.Image}' > '{bed.In(compression)}'; }}; ";
}
