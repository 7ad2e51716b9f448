using KexecSign.Fixtures;

namespace KexecSign.Packages.Tests.Native;

/// <summary>The container of build/packaging/Containerfile, built without a daemon and without a network, on a base of the same Debian.</summary>
[Collection(NativePackagesGroup.Name)]
public sealed class ContainerTests(NativePackages packages)
{
    [SkippableFact]
    public void The_container_is_built_from_the_package_and_starts_the_program()
    {
        string folder = packages.NewFolder("container"), storage = packages.NewFolder("container-storage");
        SigningFiles.Need("buildah");
        string deb = packages.Deb();
        using BareSystem system = BareSystem.Of("bookworm", "libssl3", "binutils-aarch64-linux-gnu");
        string[] at = ["--root", Path.Combine(storage, "root"), "--runroot", Path.Combine(storage, "run"), "--storage-driver", "vfs"];
        Output Buildah(params string[] arguments) => NativePackages.Ask("buildah", folder, [.. at, .. arguments]);
        string from = Buildah("from", "scratch").ShouldSucceed().Text.Trim().Split('\n')[^1];
        Buildah("add", "--quiet", from, system.Root, "/").ShouldSucceed();
        Buildah("commit", "--quiet", from, "localhost/debian:bare").ShouldSucceed();

        File.Copy(Path.Combine(PackedFeed.Repository, "build/packaging/Containerfile"), Path.Combine(folder, "Containerfile"));
        File.Copy(deb, Path.Combine(folder, "kexecsign.deb"));
        Buildah("build", "--isolation", "chroot", "--pull-never", "--build-arg", "BASE=localhost/debian:bare", "--build-arg", "EXTRA=",
            "-t", "localhost/kexecsign:test", ".").ShouldSucceed();
        Buildah("push", "--quiet", "localhost/kexecsign:test", $"oci-archive:{folder}/kexecsign.oci.tar").ShouldSucceed();
        NativePackages.Must("tar", folder, "-tf", "kexecsign.oci.tar").ShouldContain("oci-layout");
        string inside = Buildah("from", "--pull-never", "localhost/kexecsign:test").ShouldSucceed().Text.Trim().Split('\n')[^1];
        Buildah("run", "--isolation", "chroot", inside, "--", "/usr/bin/kexecsign", "--version").ShouldSucceed().Text.ShouldContain("kexecsign 0.");
        Buildah("inspect", "--type", "image", "localhost/kexecsign:test").ShouldSucceed().Text.ShouldContain("/usr/bin/kexecsign");
    }
}
