namespace KexecSign.Fixtures;

/// <summary>EFI files from Debian packages that <c>build/debian-kernels.sh</c> left in the cache; a test without them is skipped.</summary>
public static class DebianFiles
{
    /// <summary>All that Debian signs for Secure Boot but kernels: shim and its helpers, grub in its kinds, fwupd; of two architectures.</summary>
    public static string[] Signed()
    {
        string debian = Path.Combine(DebianKernels.Cache, "debian");
        string[] found = !Directory.Exists(debian)
            ? []
            : [.. Directory.GetDirectories(debian, "*-signed_*").SelectMany(f => Directory.GetFiles(f, "*.efi.signed", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)];
        Tool.Demand(found.Length >= 16, $"{found.Length} of 16 signed files of Debian's are in {debian}; './build.sh --target=Test' fetches them (build/debian-kernels.sh)");
        return found;
    }

    /// <summary>A file by a name that tests use: package, then architecture.</summary>
    public static string Named(string name)
    {
        (string folders, string file) = name switch
        {
            "kernel arm64" or "unsigned kernel arm64" => ("linux-image-6.12.*-arm64-unsigned_*", "boot/vmlinuz-*"),
            "cloud kernel arm64" => ("linux-image-6.12.*-cloud-arm64-unsigned_*", "boot/vmlinuz-*"),
            "signed kernel arm64" => ("linux-image-6.12.*-arm64_*", "boot/vmlinuz-*"),
            "signed kernel amd64" => ("linux-image-6.12.*-amd64_*", "boot/vmlinuz-*"),
            "unsigned kernel amd64" => ("linux-image-6.12.*-amd64-unsigned_*", "boot/vmlinuz-*"),
            "unsigned shim arm64" => ("shim-unsigned_*deb12*_arm64", "usr/lib/shim/shimaa64.efi"),
            "unsigned shim amd64" => ("shim-unsigned_*deb12*_amd64", "usr/lib/shim/shimx64.efi"),
            "cloud kernel amd64" => ("linux-image-6.12.*-cloud-amd64-unsigned_*", "boot/vmlinuz-*"),
            "shim arm64" => ("shim-signed_*_arm64", "usr/lib/shim/shimaa64.efi.signed"),
            "shim amd64" => ("shim-signed_*_amd64", "usr/lib/shim/shimx64.efi.signed"),
            "stub arm64" => ("systemd-boot-efi_*deb12*_arm64", "usr/lib/systemd/boot/efi/linuxaa64.efi.stub"),
            "stub amd64" => ("systemd-boot-efi_*deb12*_amd64", "usr/lib/systemd/boot/efi/linuxx64.efi.stub"),
            "newer stub arm64" => ("backports-systemd-boot-efi_*_arm64", "usr/lib/systemd/boot/efi/linuxaa64.efi.stub"),
            "newer stub amd64" => ("backports-systemd-boot-efi_*_amd64", "usr/lib/systemd/boot/efi/linuxx64.efi.stub"),
            "newest stub amd64" => ("systemd-boot-efi_262*_amd64", "usr/lib/systemd/boot/efi/linuxx64.efi.stub"),
            "addon stub arm64" => ("backports-systemd-boot-efi_*_arm64", "usr/lib/systemd/boot/efi/addonaa64.efi.stub"),
            "boot loader arm64" => ("systemd-boot-efi_*deb12*_arm64", "usr/lib/systemd/boot/efi/systemd-bootaa64.efi"),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
        };
        string debian = Path.Combine(DebianKernels.Cache, "debian");
        string? found = !Directory.Exists(debian)
            ? null
            : Directory.GetDirectories(debian, folders)
                .Where(folder => folders.Contains("-cloud-", StringComparison.Ordinal) || !folder.Contains("-cloud-", StringComparison.Ordinal))
                .Where(folder => folders.Contains("-rt-", StringComparison.Ordinal) || !folder.Contains("-rt-", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(folder => Path.Combine(folder, Path.GetDirectoryName(file)!))
                .Where(Directory.Exists)
                .SelectMany(folder => Directory.GetFiles(folder, Path.GetFileName(file)))
                .LastOrDefault();
        Tool.Demand(found is not null, $"no {name} in {debian}; './build.sh --target=Test' fetches it (build/debian-kernels.sh)");
        return found!;
    }
}
