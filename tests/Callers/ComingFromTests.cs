using System.Security.Cryptography;
using System.Text.RegularExpressions;
using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>
/// The tables of docs/coming-from.md: each pair of lines is run, theirs and ours, in two folders with the same files, and what came out is
/// compared by what it is.
/// </summary>
[Collection(nameof(CompatBench))]
public sealed partial class ComingFromTests(CompatBench bench)
{
    private const string Ukify = "ukify", Measure = "systemd-measure", SignFile = "sign-file";

    private static readonly (string Before, string Now)[] Pairs = [.. File.ReadLines(Page()).Select(line => Row().Match(line)).Where(row => row.Success)
        .Select(row => (row.Groups["before"].Value, row.Groups["now"].Value))];

    public static TheoryData<string> Lines => [.. Pairs.Select(pair => pair.Before)];

    [SkippableTheory]
    [MemberData(nameof(Lines))]
    public void Both_lines_do_the_same(string before)
    {
        string now = Pairs.Single(pair => pair.Before == before).Now;
        string theirs = Prepared(before), ours = Prepared(before);
        Answer first = Run(before, theirs), second = Run(now, ours);
        first.Exit.ShouldBe(0, first.Output + first.Error);
        second.Exit.ShouldBe(0, second.Output + second.Error);
        // Whatever digest they show, we show, or its beginning; a whole signature is in a file.
        Hex().Matches(first.Output).Select(match => match.Value[..16]).Distinct().ShouldAllBe(value => second.Output.Contains(value), second.Output);

        string[] made = Changed(theirs);
        made.ShouldBe(Changed(ours), "the same files are made");
        foreach (string file in made)
            Compare(Path.Combine(theirs, file), Path.Combine(ours, file));
    }

    [SkippableTheory]
    [InlineData("sbverify --cert")]
    [InlineData("evmctl ima_verify")]
    public void Both_refuse_a_file_in_which_a_byte_was_changed(string verifier)
    {
        (string, string)[] pairs = [.. Pairs.Where(pair => pair.Before.StartsWith(verifier, StringComparison.Ordinal))];
        pairs.ShouldNotBeEmpty();
        foreach ((string before, string now) in pairs)
        {
            string folder = Prepared(before);
            foreach (string file in (string[])["vmlinuz.efi", "signed.efi"])
                Damage(Path.Combine(folder, file));
            Run(before, folder).Exit.ShouldNotBe(0, before);
            Run(now, folder).Exit.ShouldBe(4, now);
        }
    }

    // A table that the pattern no longer reads would have no lines to run.
    [Fact]
    public void Every_peer_has_lines() =>
        Pairs.Select(pair => pair.Before.Split(' ')[0]).Distinct().ShouldBe(
            ["sbsign", "sbverify", "cp", "sbattach", "pesign", SignFile, "evmctl", Ukify, Measure], ignoreOrder: true);

    private void Compare(string theirs, string ours)
    {
        switch (Path.GetExtension(theirs))
        {
            case ".efi" when Path.GetFileName(theirs).StartsWith("uki", StringComparison.Ordinal):
                foreach (string section in (string[])[".linux", ".initrd", ".cmdline", ".uname", ".osrel"])
                    Section(ours, section).ShouldBe(Section(theirs, section), section);
                Accepted(ours).ShouldBe(Accepted(theirs), "signed or not");
                break;
            case ".efi":
                Digest(ours).ShouldBe(Digest(theirs));
                Accepted(ours).ShouldBe(Accepted(theirs), "signed or not");
                if (Accepted(theirs))
                {
                    // Whom the bench's intermediate signed by ECDSA firmware does not trust once it travels along; that is the same for both.
                    string[] trust = ["--db", bench.Folder.At("db.pem"), "--for", "firmware"];
                    Ours(["verify", theirs, .. trust]).Exit.ShouldBe(Ours(["verify", ours, .. trust]).Exit);
                    Ours("verify", theirs, "--no-trust", "--for", "firmware").Exit.ShouldBe(0);
                }
                Signatures(ours).ShouldBe(Signatures(theirs));
                break;
            case ".p7" when !File.ReadAllBytes(theirs).AsSpan().SequenceEqual(File.ReadAllBytes(ours)):
                string image = Path.Combine(Path.GetDirectoryName(ours)!, "vmlinuz.efi"), certificate = bench.Folder.At("db.pem");
                bench.Theirs("sbverify", "--cert", certificate, "--detached", ours, image).Exit.ShouldBe(0);
                Ours("verify", image, "--signature", theirs, "--db", certificate, "--for", "firmware").Exit.ShouldBe(0);
                break;
            default:
                File.ReadAllBytes(ours).ShouldBe(File.ReadAllBytes(theirs), Path.GetFileName(theirs));
                break;
        }
    }

    private Answer Ours(params string[] arguments) => bench.Ours("kexecsign", arguments);

    private Answer Run(string line, string folder) =>
        bench.Run("bash", ["-c", $"cd '{folder}' && {line}"], [("PATH", $"{Programs()}:{Environment.GetEnvironmentVariable("PATH")}")]);

    private string Digest(string image) => bench.Theirs("pesign", "-h", "-i", image).Output;

    private int Signatures(string image) =>
        bench.Theirs("sbverify", "--list", image).Output.Split("signature ").Count(part => part.Length > 0 && char.IsDigit(part[0]));

    private bool Accepted(string image) => bench.Theirs("sbverify", "--cert", bench.Folder.At("db.pem"), image).Exit == 0;

    private string Section(string image, string name)
    {
        string content = image + name;
        bench.Theirs("objcopy", "-O", "binary", "--only-section=" + name, image, content).Exit.ShouldBe(0);
        string hash = File.Exists(content) ? Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(content))) : "none";
        File.Delete(content);
        return hash;
    }

    // Only ours by the name kexecsign, and what Debian has outside of PATH.
    private string Programs()
    {
        string programs = bench.Folder.At("programs");
        if (Directory.Exists(programs))
            return programs;
        Directory.CreateDirectory(programs);
        File.CreateSymbolicLink(Path.Combine(programs, "kexecsign"), ProgramUnderTest.Path);
        File.CreateSymbolicLink(Path.Combine(programs, SignFile), Tool.SignFile);
        File.CreateSymbolicLink(Path.Combine(programs, Measure), Tool.SystemdMeasure);
        if (Fetched("systemd-ukify", "usr/bin/ukify") is { } script)
        {
            string ukify = Path.Combine(programs, Ukify);
            File.WriteAllText(ukify, $"#!/bin/sh\nexec /usr/bin/python3 '{script}' \"$@\"\n");
            File.SetUnixFileMode(ukify, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        return programs;
    }

    private string Prepared(string line)
    {
        string program = line.Split("; ")[^1].Split(' ')[0];
        string tool = program switch { SignFile => Tool.SignFile, Measure => Tool.SystemdMeasure, Ukify => "/usr/bin/python3", _ => program };
        Tool.Require("sbsign", "sbverify", "pesign", "objcopy", tool);
        bool unified = program is Ukify or Measure;
        string folder = bench.Folder.Folder(Guid.NewGuid().ToString("N"));
        Made(unified);
        foreach (string file in Directory.GetFiles(Start(unified)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        foreach (string link in (string[])["db.key", "db.pem", "int.pem", "ima.key", "ima.pem", "ima.x509"])
            File.Copy(bench.Folder.At(link), Path.Combine(folder, link));
        if (line.Contains("-n nss", StringComparison.Ordinal))
            Database(folder);
        return folder;
    }

    private string Start(bool unified) => bench.Folder.At(unified ? "start-unified" : "start");

    // What a folder begins with, made by the peers.
    private void Made(bool unified)
    {
        string folder = Start(unified);
        if (Directory.Exists(folder))
            return;
        bench.Folder.Folder(Path.GetFileName(folder));
        string script;
        if (unified)
        {
            File.Copy(DebianFiles.Named("cloud kernel amd64"), Path.Combine(folder, "vmlinuz"));
            string? stub = Fetched("systemd-boot-efi", "usr/lib/systemd/boot/efi/linuxx64.efi.stub");
            Tool.Demand(
                stub is not null && Fetched("systemd-ukify", "usr/bin/ukify") is not null,
                "systemd-ukify of Debian 13 is not in the cache; build/debian-kernels.sh fetches it");
            File.Copy(stub!, Path.Combine(folder, "linuxx64.efi.stub"));
            script = """
                printf initrd > initrd; printf quiet > cmdline
                ukify build --linux vmlinuz --initrd initrd --cmdline quiet --uname 6.12 --os-release ID=x --stub linuxx64.efi.stub --output linux.efi
                kexecsign uki build --linux vmlinuz --cmdline quiet --stub linuxx64.efi.stub -o measured.efi
                """;
        }
        else
        {
            File.WriteAllBytes(Path.Combine(folder, "vmlinuz.efi"), TestImage.Arm64().Bytes);
            script = """
                sbsign --key ../db.key --cert ../db.pem --output signed.efi vmlinuz.efi
                sbsign --key ../db.key --cert ../db.pem --detached --output vmlinuz.p7 vmlinuz.efi
                printf initrd > initrd; printf module > example.ko; cp example.ko other.ko
                sign-file -d sha256 ../ima.key ../ima.x509 other.ko; mv other.ko.p7s example.p7s; rm other.ko
                evmctl ima_sign -a sha256 -n --sigfile --key ../ima.key vmlinuz.efi
                """;
        }
        Answer made = Run("set -e; " + script, folder);
        made.Exit.ShouldBe(0, made.Output + made.Error);
        File.WriteAllLines(bench.Folder.At(Path.GetFileName(folder) + ".list"), Directory.GetFiles(folder).Select(Stamp));
    }

    private void Database(string folder)
    {
        Tool.Require("certutil", "pk12util");
        Answer made = bench.Shell($"""
            cd '{folder}' && mkdir nss && openssl pkcs12 -export -inkey db.key -in db.pem -name db -passout pass: -out ../db.p12
            certutil -N -d nss --empty-password && pk12util -i ../db.p12 -d nss -W ''
            """);
        made.Exit.ShouldBe(0, made.Error);
    }

    // New or other than in the beginning.
    private string[] Changed(string folder)
    {
        IEnumerable<string> lists = ((string[])["start.list", "start-unified.list"]).Select(bench.Folder.At).Where(File.Exists);
        HashSet<string> known = [.. lists.SelectMany(File.ReadAllLines)];
        return
        [
            .. Directory.GetFiles(folder).Where(file => !known.Contains(Stamp(file))).Select(file => Path.GetFileName(file)!)
                .Where(name => !File.Exists(bench.Folder.At(name))).Order(StringComparer.Ordinal),
        ];
    }

    private static string Stamp(string file) => $"{Path.GetFileName(file)} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}";

    private static void Damage(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        bytes[0x300] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    private static string? Fetched(string package, string file)
    {
        string debian = Path.Combine(DebianKernels.Cache, "debian");
        return !Directory.Exists(debian) ? null
            : Directory.GetDirectories(debian, $"{package}_257*_amd64").Select(folder => Path.Combine(folder, file)).LastOrDefault(File.Exists);
    }

    private static string Page()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder!, "docs/coming-from.md");
    }

    // Lines with words in capitals are patterns, which nobody can run.
    [GeneratedRegex(@"^\| `(?<before>[^`]*[a-z.0-9])` \| `(?<now>kexecsign [^`A-Z]*(?:ID=x [^`A-Z]*)?)` \| [^|]*\|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"\b[0-9a-f]{40,128}\b")]
    private static partial Regex Hex();
}
