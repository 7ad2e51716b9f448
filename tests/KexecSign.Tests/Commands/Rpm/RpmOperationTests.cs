using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Batches;
using KexecSign.Commands.Rpm;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Commands.Rpm;

/// <summary>Packages built by rpmbuild, signed here, judged by rpm and by evmctl.</summary>
public sealed class RpmOperationTests : IDisposable
{
    private const string Query = "[%{FILENAMES} %{FILESIGNATURES}\\n]";

    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData(8, "sha256")]
    [InlineData(10, "sha512")]
    public void Rpm_reads_what_evmctl_would_have_made_of_each_file(int algorithm, string digest)
    {
        string package = Build(algorithm), before = Tool.Run("rpm", "-qp", "--qf", "%{NAME} %{SIGMD5} %{SHA256HEADER} %{SIGSIZE}", package);
        string list = Tool.Run("rpm", "-qplv", package);
        Sign(package).Status.ShouldBe(FileStatus.Signed);

        Tool.Run("rpm", "-K", "--nosignature", package).ShouldContain("digests OK");
        Tool.Run("rpm", "-qp", "--qf", "%{NAME} %{SIGMD5} %{SHA256HEADER} %{SIGSIZE}", package).ShouldBe(before);
        Tool.Run("rpm", "-qplv", package).ShouldBe(list);
        var values = Tool.Run("rpm", "-qp", "--qf", Query, package).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ')).ToDictionary(parts => parts[0], parts => parts[1]);
        values["/boot/folder"].ShouldBe("");
        values["/boot/link"].ShouldBe("");
        foreach (string name in (string[])["kernel", "empty"])
            values["/boot/" + name].ShouldBe(EvmctlValue(Path.Combine(_bench.Folder.Path, "root/boot", name), digest));
        Verify(package, TestSigners.Rsa2048).Status.ShouldBe(FileStatus.Verified);
        Verify(package, TestSigners.P256).Code.ShouldBe("KS4112");
    }

    [SkippableFact]
    public void Rpm_installs_a_package_that_was_signed_here()
    {
        string package = Build(8), root = _bench.Folder.Folder("target");
        Sign(package, TestSigners.P256);
        ToolAnswer installed = Tool.Ask("rpm", "--root", root, "--nodeps", "--noplugins", "--nosignature", "-i", package);
        Skip.If(installed.Exit != 0 && installed.Output.Contains("ermitted", StringComparison.Ordinal), $"needs root: {installed.Output.Trim()}");
        installed.Exit.ShouldBe(0, installed.Output);
        File.ReadAllText(Path.Combine(root, "boot/kernel")).ShouldBe("the kernel\n");
    }

    [SkippableFact]
    public void Signing_again_is_refused_skipped_or_done_anew()
    {
        string package = Build(8);
        Sign(package);
        byte[] first = File.ReadAllBytes(package);
        Sign(package).Code.ShouldBe("KS3926");
        Sign(package, change: o => o with { SkipSigned = true }).Status.ShouldBe(FileStatus.Skipped);
        Sign(package, change: o => o with { Replace = true }).Status.ShouldBe(FileStatus.Signed);
        File.ReadAllBytes(package).ShouldBe(first);
        Sign(package, TestSigners.P256, o => o with { SkipSigned = true, Replace = true }).Status.ShouldBe(FileStatus.Signed);
        Verify(package, TestSigners.P256).Status.ShouldBe(FileStatus.Verified);
    }

    [SkippableFact]
    public void Unsigned_and_changed_packages_are_refused_by_name()
    {
        string package = Build(8);
        Verify(package, TestSigners.Rsa2048).Code.ShouldBe("KS4117");
        byte[] bytes = File.ReadAllBytes(package);
        int name = bytes.AsSpan().IndexOf("the summary of it"u8);
        bytes[name] ^= 1;
        File.WriteAllBytes(package, bytes);
        Sign(package).Code.ShouldBe("KS1804");
    }

    [SkippableFact]
    public void A_value_that_does_not_hold_for_its_file_is_refused_by_the_files_name()
    {
        string package = Build(8);
        Sign(package);
        string value = Tool.Run("rpm", "-qp", "--qf", Query, package).Split('\n').Select(line => line.Split(' ')).Single(parts => parts[0] == "/boot/kernel")[1];
        byte[] bytes = File.ReadAllBytes(package), written = Encoding.ASCII.GetBytes(value);
        int last = bytes.AsSpan().IndexOf(written) + written.Length - 1;
        bytes[last] = bytes[last] == (byte)'0' ? (byte)'1' : (byte)'0';
        FileOutcome outcome = Verify(_bench.Folder.File("changed.rpm", bytes), TestSigners.Rsa2048);
        outcome.Code.ShouldBe("KS4118", outcome.Message);
        outcome.Message.ShouldNotBeNull().ShouldContain("of /boot/kernel by key id ");
        outcome.Message.ShouldContain("SHA256 " + Convert.ToHexStringLower(SHA256.HashData("the kernel\n"u8)));
    }

    [SkippableFact]
    public void A_payload_that_is_not_the_one_that_was_built_is_refused_as_rpm_refuses_it()
    {
        string package = Build(8);
        Sign(package);
        byte[] bytes = File.ReadAllBytes(package);
        bytes[^9] ^= 1;
        string changed = _bench.Folder.File("changed.rpm", bytes);
        Tool.Ask("rpm", "-K", "--nosignature", changed).Exit.ShouldNotBe(0);
        Verify(changed, TestSigners.Rsa2048).Code.ShouldBe("KS3341");
        Sign(changed, change: o => o with { Replace = true }).Code.ShouldBe("KS3341");
        File.ReadAllBytes(changed).ShouldBe(bytes);
    }

    // Whoever changes a package can leave its digests out, too: the tags are renamed to ones that nobody knows.
    [SkippableTheory]
    [InlineData(true, "main header")]
    [InlineData(false, "payload")]
    public void A_package_without_digests_of_its_parts_is_not_believed(bool ofHeader, string part)
    {
        byte[] bytes = File.ReadAllBytes(Build(8));
        foreach (int tag in ofHeader ? (int[])[273, 269, 1004] : [5092, 1004])
            Rename(bytes, tag);
        if (!ofHeader)
        {
            // The main header has changed, so that its own digest has to be made anew.
            const int signatures = 96;
            int main = bytes.AsSpan(signatures + 4).IndexOf((ReadOnlySpan<byte>)[0x8E, 0xAD, 0xE8, 0x01]) + signatures + 4;
            int length = 16 + (16 * BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(main + 8))) + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(main + 12));
            string old = Tool.Run("rpm", "-qp", "--nodigest", "--nosignature", "--qf", "%{SHA256HEADER}", _bench.Folder.File("old.rpm", bytes));
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(main, length)))).CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(old))));
        }
        string package = _bench.Folder.File("bare.rpm", bytes);
        foreach (FileOutcome outcome in (FileOutcome[])[Sign(package), Verify(package, TestSigners.Rsa2048)])
            (outcome.Code, outcome.Message!.Contains(part, StringComparison.Ordinal)).ShouldBe(("KS3342", true), outcome.Message);
    }

    [SkippableFact]
    public void A_package_without_files_has_nothing_to_sign_and_is_no_error()
    {
        Tool.Require("rpmbuild");
        string spec = _bench.Folder.At("meta.spec"), top = _bench.Folder.Folder("meta");
        File.WriteAllText(spec, "Name: meta\nVersion: 1\nRelease: 1\nSummary: m\nLicense: MIT\nBuildArch: noarch\n%description\nm\n%files\n");
        Tool.Run("rpmbuild", "-bb", "--quiet", "--define", $"_topdir {top}", spec);
        string package = Directory.GetFiles(top, "*.rpm", SearchOption.AllDirectories).ShouldHaveSingleItem();
        byte[] before = File.ReadAllBytes(package);
        FileOutcome outcome = Sign(package);
        (outcome.Status, outcome.Note).ShouldBe((FileStatus.Skipped, "has no file with content to sign"));
        File.ReadAllBytes(package).ShouldBe(before);
        Verify(package, TestSigners.Rsa2048).Status.ShouldBe(FileStatus.Verified);
    }

    [SkippableFact]
    public void Digests_that_IMA_does_not_know_are_refused() => Sign(Build(1)).Code.ShouldBe("KS1803");

    [SkippableFact]
    public void Every_cut_is_refused_and_leaves_the_file_alone()
    {
        byte[] bytes = File.ReadAllBytes(Build(8));
        string cut = _bench.Folder.At("cut.rpm");
        for (int length = 0; length < bytes.Length; length += 97)
        {
            File.WriteAllBytes(cut, bytes[..length]);
            Sign(cut).Code.ShouldBeOneOf("KS1801", "KS1802", "KS1804", "KS3341");
            File.ReadAllBytes(cut).ShouldBe(bytes[..length]);
        }
    }

    [SkippableFact]
    public void No_byte_of_a_header_brings_it_down()
    {
        byte[] bytes = File.ReadAllBytes(Build(8));
        string changed = _bench.Folder.At("changed.rpm");
        var random = new Random(7);
        for (int i = 0; i < 300; i++)
        {
            byte[] hostile = [.. bytes];
            for (int n = 0; n < 3; n++)
                hostile[random.Next(96, 1500)] = (byte)random.Next(256);
            File.WriteAllBytes(changed, hostile);
            // A KS code or success; anything else would be thrown.
            FileOutcome outcome = Sign(changed, change: o => o with { InPlace = false, Output = _bench.Folder.At("out.rpm") });
            (outcome.Status == FileStatus.Signed || outcome.Code!.StartsWith("KS", StringComparison.Ordinal)).ShouldBeTrue();
        }
    }

    public void Dispose() => _bench.Dispose();

    // The index entry of a tag: be32 tag, then a type below 10.
    private static void Rename(byte[] package, int tag)
    {
        byte[] number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, tag);
        for (int at = package.AsSpan().IndexOf(number); at >= 0; at = package.AsSpan().IndexOf(number))
        {
            BinaryPrimitives.ReadInt32BigEndian(package.AsSpan(at + 4)).ShouldBeInRange(0, 9);
            BinaryPrimitives.WriteInt32BigEndian(package.AsSpan(at), 9999);
        }
    }

    private FileOutcome Sign(string package, TestSigner? signer = null, Func<RpmSignOptions, RpmSignOptions>? change = null)
    {
        var options = new RpmSignOptions { Files = [package], InPlace = true, Signing = _bench.Identity(signer ?? TestSigners.Rsa2048) };
        return RpmSignOperation.Definition.Run(change is null ? options : change(options), _bench.Context).Files.ShouldHaveSingleItem();
    }

    private FileOutcome Verify(string package, TestSigner signer) => RpmVerifyOperation.Definition.Run(
        new() { Files = [package], Certificates = [signer.CertificateFile(_bench.Folder)] }, _bench.Context).Files.ShouldHaveSingleItem();

    private string EvmctlValue(string file, string digest)
    {
        Tool.Run("evmctl", "ima_sign", "-a", digest, "--key", TestSigners.Rsa2048.KeyFile(_bench.Folder), "--sigfile", file);
        return Convert.ToHexStringLower(File.ReadAllBytes(file + ".sig"));
    }

    // A package with a file, an empty one, a folder and a link; digests of its files by the algorithm with that number.
    private string Build(int algorithm)
    {
        string root = _bench.Folder.Folder("root"), boot = Path.Combine(root, "boot");
        Directory.CreateDirectory(Path.Combine(boot, "folder"));
        File.WriteAllText(Path.Combine(boot, "kernel"), "the kernel\n");
        File.WriteAllText(Path.Combine(boot, "empty"), "");
        if (!Path.Exists(Path.Combine(boot, "link")))
            File.CreateSymbolicLink(Path.Combine(boot, "link"), "kernel");
        string spec = _bench.Folder.File("k.spec", Encoding.UTF8.GetBytes($"""
            Name: kernel-test
            Version: 1
            Release: 1
            Summary: the summary of it
            License: none
            BuildArch: noarch
            %description
            A test.
            %install
            mkdir -p %{"{buildroot}"}
            cp -a {root}/. %{"{buildroot}"}/
            %files
            /boot/kernel
            /boot/empty
            /boot/link
            %dir /boot/folder

            """));
        Tool.Run("rpmbuild", "-bb", "--define", $"_topdir {_bench.Folder.Path}", "--define", $"_binary_filedigest_algorithm {algorithm}", spec);
        return Path.Combine(_bench.Folder.Path, "RPMS/noarch/kernel-test-1-1.noarch.rpm");
    }
}
