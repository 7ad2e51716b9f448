using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>
/// Debian's templates of signed packages, out of the archive: signed here, and put together by their own rules. What comes out must be what
/// Debian has released, but for the signature.
/// </summary>
[Collection(nameof(CompatBench))]
public sealed class TemplateTests(CompatBench bench)
{
    [SkippableTheory]
    [InlineData("fwupd", "fwupd-unsigned", "override_dh_auto_build", "", "usr/libexec/fwupd/efi", "fwupdx64.efi")]
    [InlineData("shim-helpers", "shim-unsigned", "override_dh_auto_install", "debian/tmp/usr/lib/shim", "usr/lib/shim", "fbx64.efi", "mmx64.efi")]
    public void Their_rules_make_what_Debian_has_released_but_for_the_signature(
        string source, string package, string target, string made, string released, params string[] images)
    {
        Tool.Require("sbattach", "sbverify", "make", "dpkg-deb");
        string template = Fetched($"{source}-amd64-signed-template"), signed = Fetched($"{source}-amd64-signed"), unsigned = Fetched(package);
        string folder = bench.Folder.Folder(Guid.NewGuid().ToString("N"));
        Answer ours = bench.Ours(
            "kexecsign", "template", "sign", template, "--from", Packed(package, unsigned, folder),
            "--key", "file:db.key", "--cert", "db.pem", "-o", $"{folder}/debian/signatures");
        ours.Exit.ShouldBe(0, ours.Error);

        Rules(template, source, unsigned, folder);
        // Theirs, then ours by the same name.
        foreach (string path in (string[])["", bench.Links + ":"])
        {
            Answer rules = bench.Run("make", ["-C", folder, "-f", "debian/rules", target], ("PATH", path + Environment.GetEnvironmentVariable("PATH")));
            rules.Exit.ShouldBe(0, rules.Output + rules.Error);
            foreach (string image in images)
            {
                string file = Path.Combine(folder, made, image + ".signed");
                bench.Theirs("sbverify", "--cert", "db.pem", file).Exit.ShouldBe(0);
                bench.Theirs("sbverify", "--cert", "ima.pem", file).Exit.ShouldNotBe(0);
                Bare(file, folder).ShouldBe(Bare(Path.Combine(signed, released, image + ".signed"), folder));
                File.Delete(file);
            }
        }
    }

    // As it came from the builder: whoever signs gets packages, not trees.
    private static string Packed(string package, string unpacked, string folder)
    {
        string root = Path.Combine(folder, "root"), packages = Path.Combine(folder, "packages");
        Tool.Run("cp", "-r", unpacked, root);
        Directory.CreateDirectory(Path.Combine(root, "DEBIAN"));
        Directory.CreateDirectory(packages);
        File.WriteAllText(
            Path.Combine(root, "DEBIAN/control"),
            $"Package: {package}\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody <a@b.example>\nDescription: test\n");
        Tool.Run("dpkg-deb", "--root-owner-group", "--build", root, packages);
        return packages;
    }

    // The rules as they are, but for where the unsigned package is installed and for the owner that only root gives.
    private static void Rules(string template, string source, string unsigned, string folder)
    {
        string rules = File.ReadAllText(Path.Combine(template, $"usr/share/code-signing/{source}-amd64-signed-template/source-template/debian/rules"));
        rules.ShouldContain("sbattach --attach");
        File.WriteAllText(
            Path.Combine(folder, "debian/rules"),
            rules.Replace(" /usr/libexec", $" {unsigned}/usr/libexec", StringComparison.Ordinal)
                .Replace("\"/$${sig%.sig}\"", $"\"{unsigned}/$${{sig%.sig}}\"", StringComparison.Ordinal)
                .Replace(" -o 0 -g 0", "", StringComparison.Ordinal));
    }

    private byte[] Bare(string image, string folder)
    {
        string copy = Path.Combine(folder, "bare");
        File.Copy(image, copy, overwrite: true);
        bench.Theirs("sbattach", "--remove", copy).Exit.ShouldBe(0);
        return File.ReadAllBytes(copy);
    }

    private static string Fetched(string package)
    {
        string debian = Path.Combine(DebianKernels.Cache, "debian");
        string? found = !Directory.Exists(debian) ? null
            : Directory.GetDirectories(debian, package + "_*_amd64").Where(folder => !folder.Contains("deb13", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).LastOrDefault();
        Tool.Demand(found is not null, $"no {package} in {debian}; './build.sh --target=Test' fetches it (build/debian-kernels.sh)");
        return found!;
    }
}
