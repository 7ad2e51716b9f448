using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>An initrd with a shell and Debian's kexec-tools and efitools for arm64, for what a user would run.</summary>
internal static class DebianGuest
{
    private const string Init = """
        #!/bin/busybox sh
        /bin/busybox --install -s /bin
        export PATH=/bin:/sbin
        cp /sbin/setfattr /bin
        mount -t proc proc /proc
        mount -t sysfs sysfs /sys
        mount -t efivarfs efivarfs /sys/firmware/efi/efivars
        # efi-updatevar has a shell run "mount -l > FILE", of which busybox does not know the -l.
        rm /bin/sh
        printf '#!/bin/busybox sh\nexec /bin/busybox sh -c "mount ${2#mount -l}"\n' > /bin/sh
        chmod 755 /bin/sh
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
    /// <param name="paths">The files and folders of it that are put there.</param>
    /// <param name="command">What is run there.</param>
    public static string Write(string folder, string set, IEnumerable<string> paths, string command)
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
            cp '{Package("attr")}'/usr/bin/setfattr '{Package("efitools")}'/usr/bin/efi-updatevar '{Package("e2fsprogs")}'/usr/bin/chattr sbin
            for library in '{Package("libc6")}'/lib/aarch64-linux-gnu/libc.so.6 '{Package("libc6")}'/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 \
                '{Package("zlib1g")}'/lib/aarch64-linux-gnu/libz.so.1 '{Package("libattr1")}'/usr/lib/aarch64-linux-gnu/libattr.so.1 \
                '{Package("libssl3")}'/usr/lib/aarch64-linux-gnu/libcrypto.so.3 '{Package("libext2fs2")}'/lib/aarch64-linux-gnu/libe2p.so.2 \
                '{Package("libcom-err2")}'/lib/aarch64-linux-gnu/libcom_err.so.2; do
                cp -L "$library" lib
            done
            aarch64-linux-gnu-gcc -shared -nostdlib -Wl,-soname,libxenctrl.so.4.17 -Wl,--version-script='{sources}/xenctrl.map' -o lib/libxenctrl.so.4.17 '{sources}/xenctrl.c'
            mkdir set
            (cd '{set}' && cp -r --parents {string.Join(' ', paths)} '{root}'/set)
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
