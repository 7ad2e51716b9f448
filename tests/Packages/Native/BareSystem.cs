using System.Security.Cryptography;
using System.Text;
using KexecSign.Fixtures;

namespace KexecSign.Packages.Tests.Native;

/// <summary>
/// A minimal Debian system (debootstrap minbase) below a folder, which only root can enter: the shared libraries of the base system,
/// those that the test asks for, and no .NET.
/// </summary>
internal sealed class BareSystem : IDisposable
{
    private BareSystem(string root) => Root = root;

    public string Root { get; }

    /// <summary>Unpacks the system of a release with the packages that <c>build/debian-root.sh</c> was told.</summary>
    public static BareSystem Of(string suite, params string[] packages)
    {
        Tool.Demand(Environment.UserName == "root", "only root can enter a bare system");
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(',', packages))))[..12];
        string archive = Path.Combine(DebianKernels.Cache, "roots", $"{suite}-{name}.tar");
        Tool.Demand(File.Exists(archive), $"{archive} is missing; './build.sh --target=Test' makes it");
        string root = Directory.CreateTempSubdirectory($"kexecsign-{suite}-").FullName;
        NativePackages.Must("tar", root, "--numeric-owner", "-xpf", archive);
        return new(root);
    }

    public string At(string path) => Path.Combine(Root, path.TrimStart('/'));

    public void Put(string file, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.Copy(file, At(path), overwrite: true);
    }

    /// <summary>Runs a line of the shell inside; its exit code is the answer. Mounts go with it.</summary>
    public Output Ask(string line) => NativePackages.Ask(
        "unshare", Root, "--mount", "--pid", "--fork", "sh", "-c",
        $"mount -t proc proc '{Root}/proc' && mount --bind /dev '{Root}/dev' && exec chroot '{Root}' /bin/sh -c \"$1\"", "sh",
        "cd /work 2>/dev/null; export DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; " + line);

    public string Run(string line)
    {
        Output output = Ask(line);
        output.Exit.ShouldBe(0, $"{line}\n{output.Text}");
        return output.Text;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
