using System.Buffers.Binary;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;

namespace KexecSign.Formats.Tests.Bpf;

/// <summary>Loader programs written by hand, one call at a time; those of bpftool are read in the tests of the operations.</summary>
public class LoaderProgramTests
{
    private readonly byte[] _data = new byte[512];
    private readonly List<byte> _program = [];

    [Fact]
    public void Reads_maps_in_the_order_of_their_calls()
    {
        Map(0, 27, 0x10000, "ringbuf_1"u8);
        Map(72, 2, 1, "x.rodata"u8);
        Map(144, 2, 1, ".rodata.str1.1"u8);

        ParserContents contents = ParserContents.Read(_data, _program.ToArray());
        contents.Maps.ShouldBe([new("ringbuf_1", 27, 0x10000, 0, 0), new("rodata", 2, 1, 0, 0), new("rodata_str1_1", 2, 1, 0, 0)]);
        contents.MapAttributes.ShouldBe(72);
    }

    [Fact]
    public void Reads_a_program_its_hook_and_what_it_calls()
    {
        U32(200, 26);
        U32(204, 7);
        U32(244, 16);
        "parse"u8.CopyTo(_data.AsSpan(248));
        U32(268, 24);
        "hook\0one\0GPL\0"u8.CopyTo(_data.AsSpan(400));
        Place(0, 409);
        Place(1, 216);
        Instruction(0x7B, to: 1, from: 0);
        Lookup(400, 5);
        Lookup(405, 4);
        Lookup(405, 4);
        Call(5, 200, 72);

        ParserProgram program = ParserContents.Read(_data, _program.ToArray()).Programs.Single();
        program.ShouldBe(new("parse", 26, 24, "hook", true, 7, "GPL", program.Functions));
        program.Functions.ShouldBe(["one"]);
    }

    [Fact]
    public void Refuses_attributes_outside_the_data()
    {
        Call(0, 480, 72);
        Refusal.Of("KS1324", () => ParserContents.Read(_data, _program.ToArray()), "0x1e0", "0x48", "0x200");
    }

    [Fact]
    public void Refuses_a_constant_without_its_second_half()
    {
        Instruction(0x18, to: 1);
        Refusal.Of("KS1323", () => ParserContents.Read(_data, _program.ToArray()), "instruction 0");
    }

    [Fact]
    public void Refuses_BTF_that_lies_about_its_strings()
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_data.AsSpan(100), 0xEB9F);
        U32(104, 24);
        U32(120, 0xFFFFFFFF);
        U32(16, 64);
        Place(0, 100);
        Place(1, 0);
        Instruction(0x7B, to: 1, from: 0);
        Call(18, 0, 32);
        Refusal.Of("KS1341", () => ParserContents.Read(_data, _program.ToArray()), "0xffffffff");
    }

    [Fact]
    public void Forgets_what_a_call_overwrites()
    {
        Call(0, 0, 72);
        Instruction(0x85, immediate: 166);
        ParserContents.Read(_data, _program.ToArray()).Maps.Length.ShouldBe(1);
    }

    private void Map(int at, uint type, uint entries, ReadOnlySpan<byte> name)
    {
        U32(at, type);
        U32(at + 12, entries);
        name.CopyTo(_data.AsSpan(at + 28));
        Call(0, at, 72);
    }

    private void Call(int command, int attributes, int size)
    {
        Instruction(0xB7, to: 1, immediate: command);
        Place(2, attributes);
        Instruction(0xB7, to: 3, immediate: size);
        Instruction(0x85, immediate: 166);
    }

    private void Lookup(int name, int length)
    {
        Place(1, name);
        Instruction(0xB7, to: 2, immediate: length);
        Instruction(0x85, immediate: 167);
    }

    private void Place(int register, int offset)
    {
        Instruction(0x18, to: register, from: 6);
        Instruction(0, immediate: offset);
    }

    private void Instruction(byte operation, int to = 0, int from = 0, int immediate = 0)
    {
        byte[] bytes = new byte[8];
        bytes[0] = operation;
        bytes[1] = (byte)(to | from << 4);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), immediate);
        _program.AddRange(bytes);
    }

    private void U32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_data.AsSpan(at), value);
}
