using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>An initrd with a shell and Debian's kexec-tools for arm64, for what a user would run.</summary>
internal static class DebianGuest
{
    private const string Init = """
        #!/bin/busybox sh
        /bin/busybox --install -s /bin
        export PATH=/bin:/sbin
        cp /sbin/setfattr /bin
        mount -t proc proc /proc
        mount -t sysfs sysfs /sys
        mknod /dev/null c 1 3
        mknod /dev/zero c 1 5
        cd /set
        @COMMAND@
        echo "KexecSign: exit $?"
        poweroff -f

        """;

    /// <summary>Writes an initrd.</summary>
    /// <param name="folder">Where it is put together.</param>
    /// <param name="set">Folder that becomes /set.</param>
    /// <param name="command">What is run there.</param>
    public static string Write(string folder, string set, string command)
    {
        Command.Require("cpio", "cpio");
        string root = Path.Combine(folder, "root"), initrd = Path.Combine(folder, "initrd.img"), sources = Path.Combine(AppContext.BaseDirectory, "initrd");
        string script = $"""
            set -e
            mkdir -p '{root}'
            cd '{root}'
            mkdir bin sbin lib proc sys dev tmp
            cp '{Package("busybox-static")}'/bin/busybox bin
            cp '{Package("kexec-tools")}'/sbin/kexec sbin
            cp '{Package("attr")}'/usr/bin/setfattr sbin
            for library in '{Package("libc6")}'/lib/aarch64-linux-gnu/libc.so.6 '{Package("libc6")}'/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 \
                '{Package("zlib1g")}'/lib/aarch64-linux-gnu/libz.so.1 '{Package("libattr1")}'/usr/lib/aarch64-linux-gnu/libattr.so.1; do
                cp -L "$library" lib
            done
            aarch64-linux-gnu-gcc -shared -nostdlib -Wl,-soname,libxenctrl.so.4.17 -Wl,--version-script='{sources}/xenctrl.map' -o lib/libxenctrl.so.4.17 '{sources}/xenctrl.c'
            mkdir set
            cp -r '{set}/expected.tsv' '{set}/run.sh' set
            mkdir set/images
            cp -r '{set}/images/raw' '{set}/images/ima' set/images
            cp ../init .
            chmod 755 init
            find . | cpio --quiet -o -H newc > '{initrd}'
            """;
        File.WriteAllText(Path.Combine(folder, "init"), Init.Replace("@COMMAND@", command, StringComparison.Ordinal));
        (int exit, string output) = Command.Run("bash", "-c", script);
        exit.ShouldBe(0, output);
        return initrd;
    }

    private static string Package(string name)
    {
        string folder = Path.Combine(DebianKernel.Cache, "debian");
        string? newest = Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, name + "_*_arm64").MaxBy(Directory.GetLastWriteTimeUtc) : null;
        Command.Require(newest is not null, $"no {name}_*_arm64 in {folder}; './build.sh --target=Boot' puts one there");
        return newest!;
    }
}
