namespace KexecSign.Bench;

/// <summary>Signing and verifying files of 64 MiB, 256 MiB and 1 GiB: time beside the peers, and whether memory grows with the file.</summary>
internal static class LargeFiles
{
    private static readonly (string Name, long Size, int Rounds)[] Sizes = [("64 MiB", 64L << 20, 7), ("256 MiB", 256L << 20, 5), ("1 GiB", 1L << 30, 3)];

    public static IEnumerable<Case> On(Bed bed, ChildProcess child)
    {
        foreach ((string name, long size, int rounds) in Sizes)
        {
            string unsigned = bed.In("large.efi"), signed = bed.In("large.signed.efi");
            // Made when the case is asked for, so that no more than one size is on the disk.
            SyntheticImage.Write(unsigned, size);
            yield return new($"sign {name}", rounds,
            [
                new("kexecsign sign", [bed.KexecSign, "sign", unsigned, "--key", bed.Key, "--cert", bed.Certificate, "-o", bed.In("kl.efi")], bed.In("kl.efi")),
                new("sbsign", ["sbsign", "--key", bed.Key, "--cert", bed.Certificate, "--output", bed.In("sl.efi"), unsigned], bed.In("sl.efi")),
                // They leave the writing to the kernel; kexecsign ends when the file is on the disk.
                new("sbsign, then sync as kexecsign does",
                    ["sh", "-c", $"sbsign --key '{bed.Key}' --cert '{bed.Certificate}' --output '{bed.In("sl.efi")}' '{unsigned}' && sync '{bed.In("sl.efi")}'"], bed.In("sl.efi")),
                new("osslsigncode sign",
                    ["osslsigncode", "sign", "-h", "sha256", "-certs", bed.Certificate, "-key", bed.Key, "-in", unsigned, "-out", bed.In("ol.efi")], bed.In("ol.efi")),
            ]);
            child.Run([bed.KexecSign, "sign", unsigned, "--key", bed.Key, "--cert", bed.Certificate, "-o", signed], new Dictionary<string, string>());
            yield return new($"verify {name}", rounds,
            [
                new("kexecsign verify --for firmware -q", [bed.KexecSign, "verify", signed, "--cert", bed.Certificate, "--for", "firmware", "-q"]),
                new("kexecsign verify --for firmware", [bed.KexecSign, "verify", signed, "--cert", bed.Certificate, "--for", "firmware"]),
                new("sbverify", ["sbverify", "--cert", bed.Certificate, signed]),
                new("osslsigncode verify", ["osslsigncode", "verify", "-CAfile", bed.Certificate, "-in", signed]),
            ]);
            foreach (string made in (string[])["large.efi", "large.signed.efi", "kl.efi", "sl.efi", "ol.efi"])
                File.Delete(bed.In(made));
        }
    }
}
