using KexecSign.Commands.Ima;
using KexecSign.Files;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Ima;

/// <summary>Debian packages that carry a manifest and the postinst snippet: dpkg-deb builds them, dpkg installs them into a root of their own.</summary>
public sealed class DebianPackageTests : IDisposable
{
    private const string Package = "ks-demo-kernel", Image = "boot/vmlinuz-6.12.0-demo", Module = "lib/modules/6.12.0-demo/kernel/a b.ko";
    private readonly Bench _bench = new();
    private readonly string _root, _namespace;

    public DebianPackageTests()
    {
        _root = _bench.Folder.Folder("root");
        foreach (string folder in (string[])["info", "updates", "triggers"])
            Directory.CreateDirectory(Path.Combine(_root, "var/lib/dpkg", folder));
        File.WriteAllText(Path.Combine(_root, "var/lib/dpkg/status"), "");
        _namespace = ExtendedAttribute.TrySet(_root, "security.ima", [3]) is null ? "security" : "user";
    }

    [SkippableFact]
    public void An_installed_package_has_its_signatures_and_keeps_them_when_reinstalled()
    {
        Dictionary<string, string> signed = Build("1", "first", []);
        Install("1");
        Judge(signed);
        // dpkg puts new files in place of the old ones, which have no attributes before postinst runs again.
        File.WriteAllText(At(Image), "changed by hand");
        Install("1");
        Judge(signed);
    }

    [SkippableFact]
    public void An_upgrade_brings_the_signatures_of_the_new_files()
    {
        Dictionary<string, string> first = Build("1", "first", ["usr/share/doc/old"]);
        Install("1");
        Judge(first);
        Dictionary<string, string> second = Build("2", "second", ["usr/share/doc/new"]);
        Install("2");
        Judge(second);
        File.Exists(At("usr/share/doc/old")).ShouldBeFalse();
        second[Image].ShouldNotBe(first[Image]);
    }

    [SkippableFact]
    public void Apply_repairs_an_installation_whose_postinst_could_set_nothing()
    {
        Dictionary<string, string> signed = Build("1", "first", []);
        // No attribute has such a name, so that setfattr fails on each file; installation goes on and says how many.
        Install("1", "none").ShouldContain("IMA signatures of 2 files could not be set");
        ImaApplyResult result = ImaApplyOperation.Definition.Run(
            new()
            {
                Manifest = At($"usr/share/ima/{Package}.manifest"),
                Root = _root,
                Xattr = _namespace,
                Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)],
            },
            _bench.Context);
        Skip.If(result.Files.Any(f => f.Code == "KS3923"), "this file system has no such attributes");
        Judge(signed);
    }

    public void Dispose() => _bench.Dispose();

    private string At(string name) => Path.Combine(_root, name);

    // Gives the values in the manifest by the files' names.
    private Dictionary<string, string> Build(string version, string content, IEnumerable<string> more)
    {
        Tool.Require("dpkg-deb", "dpkg", "setfattr", "getfattr");
        string tree = _bench.Folder.Folder($"package-{version}");
        foreach (string name in (string[])[Image, Module, .. more])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(tree, name))!);
            File.WriteAllText(Path.Combine(tree, name), $"{content} {name}");
        }
        string manifest = _bench.Folder.At($"manifest-{version}"), snippet = _bench.Folder.At($"snippet-{version}");
        ImaSignOperation.Definition.Run(
            new() { Files = [tree], Signing = _bench.Identity(TestSigners.Rsa2048), Manifest = manifest, Postinst = snippet }, _bench.Context);
        Directory.CreateDirectory(Path.Combine(tree, "usr/share/ima"));
        File.Copy(manifest, Path.Combine(tree, $"usr/share/ima/{Package}.manifest"));
        string control = Path.Combine(tree, "DEBIAN");
        Directory.CreateDirectory(control);
        File.WriteAllText(Path.Combine(control, "control"),
            $"Package: {Package}\nVersion: {version}\nArchitecture: all\nMaintainer: KexecSign tests <tests@example.org>\nDepends: attr\nDescription: files signed for IMA\n");
        File.WriteAllText(Path.Combine(control, "postinst"), "#!/bin/sh\nset -eu\n" + File.ReadAllText(snippet));
        File.SetUnixFileMode(Path.Combine(control, "postinst"), (UnixFileMode)0b111_101_101);
        Tool.Run("dpkg-deb", "--root-owner-group", "--build", tree, Deb(version));
        return File.ReadAllLines(manifest).ToDictionary(line => line[(line.IndexOf("  ", StringComparison.Ordinal) + 2)..], line => line[..line.IndexOf("  ", StringComparison.Ordinal)]);
    }

    private string Deb(string version) => _bench.Folder.At($"{Package}_{version}_all.deb");

    // The script runs without chroot, where the root has no shell, and is told the root in DPKG_ROOT.
    private string Install(string version, string? names = null) => Tool.Run(
        "env", "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin", $"IMA_NAMESPACE={names ?? _namespace}",
        "dpkg", $"--root={_root}", "--force-script-chrootless", "--force-not-root", "--force-depends", "--log=/dev/null", "-i", Deb(version));

    private void Judge(Dictionary<string, string> signed)
    {
        Skip.If(ExtendedAttribute.TrySet(_root, _namespace + ".ima", [3]) is not null, "this file system has no such attributes");
        string der = _bench.Folder.File("ima.der", TestSigners.Rsa2048.Certificate.RawData);
        foreach ((string name, string value) in signed)
        {
            Tool.Run("getfattr", "--absolute-names", "--only-values", "-e", "hex", "-n", _namespace + ".ima", At(name)).Length.ShouldBeGreaterThan(0);
            Tool.Run("getfattr", "--absolute-names", "-e", "hex", "-n", _namespace + ".ima", At(name)).ShouldContain($"0x{value}");
            string[] user = _namespace == "user" ? ["--xattr-user"] : [];
            Tool.Run("evmctl", ["ima_verify", .. user, "--key", der, At(name)]).ShouldContain("verification is OK");
        }
    }
}
