using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>What became of an image that U-Boot was to start.</summary>
/// <param name="Seen">"boots", or what the stub or else U-Boot said last.</param>
/// <param name="Seconds">How long that took.</param>
/// <param name="Console">What the machine said.</param>
internal sealed record UBootAnswer(string Seen, double Seconds, string Console);

/// <summary>
/// Has Debian's U-Boot for riscv64 start many EFI images in a few boots: its script goes on to the next image after one that comes back,
/// and the machine is started again behind one that ran.
/// </summary>
internal sealed partial class UBootSession(string folder, string init)
{
    private const string Loader = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin";

    private string Disk => Path.Combine(folder, "esp");

    /// <summary>Skips the test when QEMU or U-Boot is missing.</summary>
    public static void Require()
    {
        Command.Require(Board.RiscV64.Program, "qemu-system-misc");
        Command.Require("/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin", "qemu-system-data");
        Command.Require(Loader, "u-boot-qemu");
    }

    /// <summary>The answers, in the order of the images.</summary>
    public ImmutableArray<UBootAnswer> Judge(IReadOnlyList<string> images)
    {
        WriteDisk();
        for (int i = 0; i < images.Count; i++)
            File.Copy(images[i], Path.Combine(Disk, $"i{i:D2}.efi"));

        var answers = new UBootAnswer?[images.Count];
        for (int next = 0; next < answers.Length; next = Array.IndexOf(answers, null) is >= 0 and int left ? left : answers.Length)
        {
            File.WriteAllBytes(Path.Combine(Disk, "boot.scr"), Script([.. Enumerable.Range(next, images.Count - next)]));
            Boot(next, answers);
            answers[next] ??= new("nothing", 0, "the machine said nothing of this image");
        }
        return [.. answers.Select(a => a!)];
    }

    /// <summary>What U-Boot does with an image that lies where removable media have theirs, without script or options.</summary>
    public UBootAnswer JudgeRemovable(string image)
    {
        WriteDisk();
        Directory.CreateDirectory(Path.Combine(Disk, "EFI", "BOOT"));
        File.Copy(image, Path.Combine(Disk, "EFI", "BOOT", "BOOTRISCV64.EFI"));
        var clock = Stopwatch.StartNew();
        bool booted = false;
        // Without an initrd the kernel comes as far as this.
        string console = Run(line => booted = line.StartsWith("Linux version ", StringComparison.Ordinal));
        return new(booted ? "boots" : "does not boot", clock.Elapsed.TotalSeconds, console);
    }

    private void WriteDisk()
    {
        Directory.CreateDirectory(Disk);
        Layout archive = NewcArchive.Write([("init", 0x1ED, Layout.Of(File.ReadAllBytes(init)))]);
        File.WriteAllBytes(Path.Combine(Disk, "initrd.img"), archive.ReadBytes(0, archive.Length));
    }

    private void Boot(int first, UBootAnswer?[] answers)
    {
        var clock = Stopwatch.StartNew();
        int current = -1;
        string said = "";
        string console = Run(line =>
        {
            if (Begin().Match(line) is { Success: true } begin)
                (current, said) = (int.Parse(begin.Groups[1].ValueSpan, CultureInfo.InvariantCulture), "");
            else if (current < 0)
                return false;
            else if (line.StartsWith("KexecSign: booted ", StringComparison.Ordinal))
                return Answer("boots");
            else if (line.StartsWith("KexecSign: back", StringComparison.Ordinal))
                Answer(said);
            else if (Complaint().Match(line) is { Success: true } complaint && !said.StartsWith("stub: ", StringComparison.Ordinal))
                said = (complaint.Groups[1].Success ? "stub: " : "") + complaint.Groups[2].Value;
            return current == answers.Length - 1 && answers[^1] is not null;
        });
        for (int i = first; i < answers.Length; i++)
            answers[i] = answers[i] is { } given ? given with { Console = console } : null;
        if (current >= 0)
            answers[current] ??= new("nothing", clock.Elapsed.TotalSeconds, console);

        bool Answer(string seen)
        {
            answers[current] = new(seen, clock.Elapsed.TotalSeconds, "");
            clock.Restart();
            return true;
        }
    }

    private string Run(Predicate<string> enough) => Machine.Run(
        Board.RiscV64.Program,
        [
            .. Board.RiscV64.Machine, "-m", "1024", "-kernel", Loader, "-drive", $"if=none,id=esp,format=raw,readonly=on,file=fat:{Disk}",
            "-device", "virtio-blk-device,drive=esp",
        ],
        enough, seconds: 120);

    // The old image format, the only one that "source" takes unless it is built for more (U-Boot's include/image.h); all big-endian.
    private static byte[] Script(ImmutableArray<int> images)
    {
        var text = new StringBuilder($"setenv bootargs initrd=initrd.img console={Board.RiscV64.Console} panic=-1\n");
        foreach (int image in images)
        {
            text.Append(CultureInfo.InvariantCulture, $"echo KexecSign: image {image}\nload virtio 0:1 ${{kernel_addr_r}} i{image:D2}.efi\n");
            text.Append("bootefi ${kernel_addr_r} ${fdtcontroladdr}\necho KexecSign: back\n");
        }
        byte[] script = Encoding.ASCII.GetBytes(text.Append("poweroff\n").ToString());
        // A list of lengths, ended by 0, and what it lists.
        byte[] content = [0, 0, 0, 0, 0, 0, 0, 0, .. script];
        BinaryPrimitives.WriteInt32BigEndian(content, script.Length);
        byte[] header = new byte[64];
        BinaryPrimitives.WriteUInt32BigEndian(header, 0x27051956);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(12), content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(24), Crc32(content));
        (header[28], header[29], header[30]) = (5 /* Linux */, 26 /* RISC-V */, 6 /* script */);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), Crc32(header));
        return [.. header, .. content];
    }

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }
        return ~crc;
    }

    [GeneratedRegex("^KexecSign: image ([0-9]+)$")]
    private static partial Regex Begin();

    [GeneratedRegex("^(?:(EFI stub: ERROR: )(?:EFI decompressor: )?|## |ERROR: )?(.+)$")]
    private static partial Regex Complaint();
}
