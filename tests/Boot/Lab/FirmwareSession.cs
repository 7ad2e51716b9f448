using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>What firmware did with an image.</summary>
/// <param name="Accepted">Whether it loaded it.</param>
/// <param name="Booted">Whether the kernel in it then ran its initrd.</param>
/// <param name="Seconds">How long that took.</param>
/// <param name="Console">What the machine said.</param>
internal sealed record FirmwareAnswer(bool Accepted, bool Booted, double Seconds, string Console)
{
    /// <summary>Whether it broke a rule of memory when it ran, which ends the machine.</summary>
    public bool Faulted { get; init; }
}

/// <summary>
/// Has firmware judge many images in a few boots: each has a boot entry, firmware goes on to the next after one that it refuses, and the
/// machine is started again behind one that ran.
/// </summary>
internal sealed partial class FirmwareSession(string folder, string init, ImmutableArray<UefiVariable> keys)
{
    /// <summary>Whose verdict is asked for.</summary>
    public Firmware Firmware { get; init; } = Firmware.Arm64;

    /// <summary>A store that firmware filled before; null for one with nothing but the keys. It stays as it is.</summary>
    public string? Store { get; init; }

    // What the variable store has room for, and few enough for a folder that QEMU shows as a FAT disk.
    private const int PerDisk = 24;

    /// <summary>The answers, in the order of the images.</summary>
    public ImmutableArray<FirmwareAnswer> Judge(IReadOnlyList<string> images)
    {
        // Two machines at a time: a machine without KVM takes one processor.
        ImmutableArray<FirmwareAnswer>[] halves = new ImmutableArray<FirmwareAnswer>[(images.Count + PerDisk - 1) / PerDisk];
        Parallel.For(0, halves.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 },
            i => halves[i] = JudgeDisk([.. images.Skip(i * PerDisk).Take(PerDisk)], Path.Combine(folder, $"disk{i}")));
        return [.. halves.SelectMany(h => h)];
    }

    private ImmutableArray<FirmwareAnswer> JudgeDisk(ImmutableArray<string> images, string work)
    {
        string disk = Path.Combine(work, "esp"), store = Path.Combine(work, "vars.fd");
        Directory.CreateDirectory(disk);
        for (int i = 0; i < images.Length; i++)
            File.Copy(images[i], Path.Combine(disk, $"i{i:D2}.efi"));
        WriteInitrd(Path.Combine(disk, "initrd.img"));

        var answers = new FirmwareAnswer?[images.Length];
        for (int next = 0; next < answers.Length; next = Array.IndexOf(answers, null) is >= 0 and int left ? left : answers.Length)
        {
            Firmware.Write(keys, [.. Enumerable.Range(next, images.Length - next).Select(i => ((ushort)i, Entry(i)))], store, Store);
            Boot(disk, store, next, answers);
            answers[next] ??= new(false, false, 0, "the machine said nothing of this image");
        }
        return [.. answers.Select(a => a!)];
    }

    private BootEntry Entry(int number) => new("KexecSign", $@"\i{number:D2}.efi", $@"initrd=\initrd.img console={Firmware.Console} panic=-1");

    private void Boot(string disk, string store, int current, FirmwareAnswer?[] answers)
    {
        var clock = Stopwatch.StartNew();
        bool booted = false;
        string console = Machine.Run(
            Firmware.Program, [.. Firmware.Arguments(store), "-m", "1024", "-drive", $"if=none,id=esp,format=raw,readonly=on,file=fat:{disk}", "-device", "virtio-blk-pci,drive=esp"],
            line =>
            {
                if (Decision().Match(line) is { Success: true } decision)
                {
                    current = int.Parse(decision.Groups[2].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    // "starting" comes behind the check; an image may then still give up by itself.
                    Answer(decision.Groups[1].Value is not "failed to load");
                    return decision.Groups[1].Value is not "starting" && current == answers.Length - 1;
                }
                if (Fault().IsMatch(line))
                {
                    answers[current] = answers[current]! with { Faulted = true };
                    return true;
                }
                if (!line.Contains(Firmware.Booted, StringComparison.Ordinal))
                    return false;
                booted = true;
                Answer(true);
                return true;
            });
        for (int i = 0; i < answers.Length; i++)
            answers[i] = answers[i] is { Console: "" } open ? open with { Console = console } : answers[i];

        void Answer(bool accepted)
        {
            answers[current] = new(accepted, booted, (answers[current]?.Seconds ?? 0) + clock.Elapsed.TotalSeconds, "");
            clock.Restart();
        }
    }

    private void WriteInitrd(string path)
    {
        Layout archive = NewcArchive.Write([("init", 0x1ED, Layout.Of(File.ReadAllBytes(init)))]);
        File.WriteAllBytes(path, archive.ReadBytes(0, archive.Length));
    }

    [GeneratedRegex("Synchronous Exception at|X64 Exception Type")]
    private static partial Regex Fault();

    [GeneratedRegex("(failed to load|failed to start|starting) Boot([0-9A-F]{4})")]
    private static partial Regex Decision();
}
