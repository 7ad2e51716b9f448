using System.Runtime.InteropServices;
using KexecSign.Fixtures;

namespace KexecSign.Packages.Tests;

/// <summary>The self-contained archive on a machine that has no .NET: a root of its own, with the C library, OpenSSL and nothing else.</summary>
[Collection(PackedFeedGroup.Name)]
public sealed class ArchiveTests(PackedFeed feed)
{
    [SkippableFact]
    public void The_program_signs_and_verifies_where_there_is_no_dotnet()
    {
        string folder = feed.NewProject("archive"), root = Path.Combine(folder, "root"), archive = Path.Combine(folder, "kexecsign.tar.gz");
        string runtime = RuntimeInformation.OSArchitecture is Architecture.Arm64 ? "linux-arm64" : "linux-x64";
        feed.Run("dotnet", PackedFeed.Repository, "publish", "src/KexecSign.Cli", "-c", "Release", "-r", runtime, "--self-contained", "-o", Path.Combine(folder, "kexecsign"), "-v", "quiet", "--nologo").ShouldSucceed();
        feed.Run("sh", PackedFeed.Repository, "build/archive.sh", Path.Combine(folder, "kexecsign"), archive).ShouldSucceed();
        foreach (string name in new[] { "tmp", "proc", "dev", "work" })
            Directory.CreateDirectory(Path.Combine(root, name));
        feed.Run("tar", root, "-xzf", archive).ShouldSucceed();
        CopyLibraries(root);
        SigningFiles.Write(Path.Combine(root, "work"));

        File.WriteAllText(Path.Combine(root, "dev/urandom"), "");

        // /proc and /dev/urandom are what every build root has. In a mount namespace of its own, so that they go with it; as root, or as root of a user namespace.
        string enter = $"mount -t proc proc '{root}/proc' && mount --bind /dev/urandom '{root}/dev/urandom' && exec chroot '{root}' /kexecsign/kexecsign \"$@\"";
        string[] unshare = ["--mount", "--pid", "--fork", .. Environment.UserName == "root" ? Array.Empty<string>() : ["--map-root-user"], "sh", "-c", enter, "sh"];
        Output Run(params string[] arguments) => feed.Run("unshare", folder, [.. unshare, .. arguments]);
        Output version = Run("--version");
        Skip.If(version.Text.Contains("ermission denied", StringComparison.Ordinal) || version.Text.Contains("not permitted", StringComparison.Ordinal), $"no namespaces here: {version.Text}");
        version.ShouldSucceed().Text.ShouldStartWith("kexecsign ");
        string image = "work/" + SigningFiles.Image;
        Run("sign", image, "--key", "work/db.key", "--cert", "work/db.pem", "-o", "work/signed").ShouldSucceed();
        Run("verify", "work/signed", "--for", "firmware", "--cert", "work/db.pem").ShouldSucceed();
        feed.Run("sbverify", folder, "--cert", Path.Combine(root, "work/db.pem"), Path.Combine(root, "work/signed")).ShouldSucceed();

        foreach (string file in new[] { "man/man1/kexecsign-build.1.gz", "bash-completion/completions/kexecsign", "zsh/vendor-completions/_kexecsign", "fish/vendor_completions.d/kexecsign.fish" })
            new FileInfo(Path.Combine(root, "kexecsign/share", file)).Length.ShouldBeGreaterThan(100, file);
    }

    // The loader's answer for everything in the archive, and OpenSSL, which the runtime loads by itself.
    private void CopyLibraries(string root)
    {
        string script = """
            { find kexecsign -name '*.so' -o -name kexecsign -type f | xargs ldd 2>/dev/null | sed -nE 's|^\s+(.* => )?(/[^ ]+) \(.*|\2|p'
              ldconfig -p | grep -oE '/[^ ]*/lib(ssl|crypto)\.so\.3$'; } | grep -v "^$PWD" | sort -u | while read -r library; do
                mkdir -p ".$(dirname "$library")"
                cp -L "$library" ".$library"
            done
            """;
        feed.Run("sh", root, "-c", "PATH=$PATH:/sbin:/usr/sbin\n" + script).ShouldSucceed();
    }
}
