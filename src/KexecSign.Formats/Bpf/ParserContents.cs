using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Bpf;

/// <summary>A map that the loader creates.</summary>
/// <param name="Name">Its name; of a data section, that section's: <c>rodata</c>, <c>data</c>, <c>bss</c>, <c>rodata_str1_1</c>.</param>
/// <param name="Type">Map type: 27 ring buffer, 2 array.</param>
/// <param name="MaxEntries">Of a ring buffer its size in bytes.</param>
/// <param name="ValueSize">Bytes of a value; of a data section its size.</param>
/// <param name="Flags">map_flags: 0x80 read-only for programs, 0x400 can be mapped.</param>
public sealed record ParserMap(string Name, uint Type, uint MaxEntries, uint ValueSize, uint Flags)
{
    /// <summary>BPF_MAP_TYPE_RINGBUF.</summary>
    public const uint RingBuffer = 27;
}

/// <summary>A program that the loader loads.</summary>
/// <param name="Name">Its name, cut to 15 bytes as the kernel has it.</param>
/// <param name="Type">Program type: 26 tracing.</param>
/// <param name="AttachType">Where a tracing program is called: 24 at a function's entry.</param>
/// <param name="Target">The kernel function that it is attached to; null when it is attached to none.</param>
/// <param name="Sleepable">Whether it may sleep.</param>
/// <param name="Instructions">How many instructions it has, its functions' included.</param>
/// <param name="License">What it says its license is.</param>
/// <param name="Functions">The kernel's functions that it calls (kfuncs).</param>
public sealed record ParserProgram(
    string Name, uint Type, uint AttachType, string? Target, bool Sleepable, uint Instructions, string License,
        ImmutableArray<string> Functions);

/// <summary>What a parser object holds, read from its loader program: libbpf makes it, and the kernel runs it unseen.</summary>
/// <param name="Maps">Maps, in the order in which they are created, which is that of the skeleton's descriptors.</param>
/// <param name="Programs">Programs, in that order, too.</param>
/// <param name="Strings">Strings of its BTF: names of types and fields, files, source lines.</param>
/// <param name="MapAttributes">Bytes of <c>union bpf_attr</c> that maps are created with; each libbpf has its own number.</param>
/// <param name="ProgramAttributes">The same of programs.</param>
public sealed record ParserContents(
    ImmutableArray<ParserMap> Maps, ImmutableArray<ParserProgram> Programs, ImmutableArray<string> Strings, int MapAttributes,
        int ProgramAttributes)
{
    private const uint MapCreate = 0;
    private const uint ProgramLoad = 5;
    private const uint BtfLoad = 18;
    private const uint Tracing = 26;
    private const uint Extension = 28;
    private const uint SecurityModule = 29;
    private const uint SleepableFlag = 1 << 4;
    private const int NameLength = 16;

    /// <summary>Reads a parser.</summary>
    /// <exception cref="KexecSignException">KS1323, KS1324, KS1341.</exception>
    public static ParserContents Read(ParserObject parser) => Read(parser.Data, parser.Instructions);

    /// <summary>Reads the two arrays of a light skeleton.</summary>
    /// <exception cref="KexecSignException">KS1323, KS1324, KS1341.</exception>
    public static ParserContents Read(ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> instructions)
    {
        LoaderProgram loader = LoaderProgram.Read(data, instructions);
        var maps = ImmutableArray.CreateBuilder<ParserMap>();
        var programs = ImmutableArray.CreateBuilder<ParserProgram>();
        ImmutableArray<string> strings = [];
        int mapAttributes = 0, programAttributes = 0;
        foreach (LoaderCall call in loader.Calls)
        {
            if (call.Command == MapCreate)
            {
                maps.Add(Map(loader, call));
                mapAttributes = call.Size;
            }
            else if (call.Command == ProgramLoad)
            {
                programs.Add(Program(loader, call));
                programAttributes = call.Size;
            }
            else if (call.Command == BtfLoad && loader.Target(call.Attributes) is { } btf)
                strings = StringsOf(loader, btf, U32(loader.Data(call.Attributes + 16, 4, "btf_size")));
        }
        return new(maps.ToImmutable(), programs.ToImmutable(), strings, mapAttributes, programAttributes);
    }

    // map_type 0, key_size 4, value_size 8, max_entries 12, map_flags 16, map_name 28.
    private static ParserMap Map(LoaderProgram loader, LoaderCall call)
    {
        ReadOnlySpan<byte> attributes = loader.Data(call.Attributes, 28 + NameLength, "the attributes of a map");
        return new(SectionName(Text(attributes.Slice(28, NameLength))), U32(attributes), U32(attributes[12..]), U32(attributes[8..]),
            U32(attributes[16..]));
    }

    // prog_type 0, insn_cnt 4, insns 8, license 16, prog_flags 44, prog_name 48, expected_attach_type 68. A tracing program's
    // function to attach to is looked up first, then the functions that it calls.
    private static ParserProgram Program(LoaderProgram loader, LoaderCall call)
    {
        ReadOnlySpan<byte> attributes = loader.Data(call.Attributes, 72, "the attributes of a program");
        string license = loader.Target(call.Attributes + 16) is { } at
            ? Text(loader.Data(at, Math.Min(128, loader.Rest(at)), "the license"))
            : "";
        uint type = U32(attributes);
        int attached = type is Tracing or Extension or SecurityModule && call.Lookups.Length > 0 ? 1 : 0;
        return new(
            Text(attributes.Slice(48, NameLength)), type, U32(attributes[68..]), attached > 0 ? call.Lookups[0] : null,
            (U32(attributes[44..]) & SleepableFlag) != 0, U32(attributes[4..]), license,
                [.. call.Lookups.Skip(attached).Distinct(StringComparer.Ordinal)]);
    }

    // struct btf_header: magic 0, hdr_len 4, type_off 8, type_len 12, str_off 16, str_len 20.
    private static ImmutableArray<string> StringsOf(LoaderProgram loader, int place, uint size)
    {
        if (size > int.MaxValue)
            throw FormatErrors.BtfHeader.With($"claims 0x{size:x} bytes");
        ReadOnlySpan<byte> btf = loader.Data(place, (int)size, "the BTF");
        if (btf.Length < 24 || BinaryPrimitives.ReadUInt16LittleEndian(btf) != 0xEB9F)
            throw FormatErrors.BtfHeader.With("has no BTF header");
        ulong start = (ulong)U32(btf[4..]) + U32(btf[16..]), length = U32(btf[20..]);
        if (start + length > (ulong)btf.Length)
            throw FormatErrors.BtfHeader.With($"has strings at 0x{start:x} with 0x{length:x} bytes but is 0x{btf.Length:x} bytes long");
        return [.. Encoding.Latin1.GetString(btf.Slice((int)start, (int)length)).Split('\0', StringSplitOptions.RemoveEmptyEntries)];
    }

    // "parser.rodata" of the section .rodata, ".rodata.str1.1" of that section.
    private static string SectionName(string map) =>
        map.StartsWith('.') ? map[1..].Replace('.', '_')
        : map.IndexOf('.', StringComparison.Ordinal) is var dot and > 0 ? map[(dot + 1)..].Replace('.', '_')
        : map;

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
