using System.Collections.Immutable;
using System.Diagnostics;
using KexecSign.Formats.Uefi;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>
/// Has Debian's shim judge images as its second stage, each in a machine of its own: shim draws a box and waits for a key after one that it
/// refuses. That the image's EFI stub says something tells that it was started.
/// </summary>
internal sealed class ShimSession(string folder, string shim, ImmutableArray<UefiVariable> keys)
{
    /// <summary>shim's own variables.</summary>
    public static Guid ShimLock { get; } = new("605dab50-e046-4300-abb6-3dd810dd8b23");

    /// <summary>The answers, in the order of the images.</summary>
    public ImmutableArray<FirmwareAnswer> Judge(IReadOnlyList<string> images)
    {
        var answers = new FirmwareAnswer[images.Count];
        // Two machines at a time: a machine without KVM takes one processor.
        Parallel.For(0, images.Count, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => answers[i] = Judge(images[i], Path.Combine(folder, $"shim{i}")));
        return [.. answers];
    }

    private FirmwareAnswer Judge(string image, string work)
    {
        string disk = Path.Combine(work, "esp"), store = Path.Combine(work, "vars.fd");
        Directory.CreateDirectory(disk);
        File.Copy(shim, Path.Combine(disk, "shim.efi"));
        File.Copy(image, Path.Combine(disk, "second.efi"));
        Firmware firmware = Firmware.Arm64;
        firmware.Write(keys, [(0, new("KexecSign", @"\shim.efi", @"\second.efi"))], store);
        var clock = Stopwatch.StartNew();
        bool? accepted = null;
        string console = Machine.Run(
            firmware.Program, [.. firmware.Arguments(store), "-m", "1024", "-drive", $"if=none,id=esp,format=raw,readonly=on,file=fat:{disk}", "-device", "virtio-blk-pci,drive=esp"],
            line =>
            {
                if (line.Contains("EFI stub: ", StringComparison.Ordinal))
                    accepted = true;
                else if (line.Contains("Security Violation", StringComparison.Ordinal) || line.Contains("Access Denied", StringComparison.Ordinal))
                    accepted = false;
                return accepted is not null;
            },
            seconds: 60, drawn: true);
        return new(accepted ?? throw new InvalidOperationException($"shim said nothing of {image}:\n{console}"), accepted == true, clock.Elapsed.TotalSeconds, console);
    }
}
