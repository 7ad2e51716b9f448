using System.Buffers.Binary;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Uefi;

namespace KexecSign.Formats.Tests.Uefi;

public sealed class VariableStoreTests
{
    private static readonly Guid Vendor = new("11111111-2222-3333-4444-123456789abc");

    [Fact]
    public void A_written_variable_is_read_back_with_its_time()
    {
        var time = new DateTime(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc);
        UefiVariable variable = Variable("Odd", [1, 2, 3]) with { TimeStamp = time, Attributes = (VariableAttributes)0x27 };

        UefiVariable read = Reread(Empty().With(variable)).Find("Odd", Vendor)!;

        read.Value.ToArray().ShouldBe([1, 2, 3]);
        read.TimeStamp.ShouldBe(time);
        ((uint)read.Attributes).ShouldBe(0x27u);
    }

    [Fact]
    public void The_bytes_are_those_of_the_specification()
    {
        byte[] flash = Bytes(Empty().With(Variable("A", [0xAB, 0xCD, 0xEF])));

        string record = Convert.ToHexStringLower(flash, Flash.StoreStart, 68);
        record.ShouldBe(
            "aa553f00" + "07000000" + new string('0', 16) + new string('0', 32) + "00000000" + "04000000" + "03000000"
            + "11111111222233334444123456789abc" + "41000000" + "abcdef" + "ff");
    }

    [Fact]
    public void Values_of_odd_length_do_not_shift_what_follows()
    {
        VariableStore store = Empty().With(Variable("A", [1])).With(Variable("B", [1, 2])).With(Variable("C", [1, 2, 3]));

        Reread(store).Variables.Select(v => v.Variable.Name).ShouldBe(["A", "B", "C"]);
        store.Variables.ShouldAllBe(v => v.Offset % 4 == 0);
    }

    [Fact]
    public void A_variable_written_again_leaves_the_old_one_marked_as_deleted()
    {
        VariableStore store = Reread(Empty().With(Variable("A", [1])).With(Variable("A", [2])));

        store.Variables.Select(v => v.State).ShouldBe([0x3C, 0x3F]);
        store.Variables.Select(v => v.IsLive).ShouldBe([false, true]);
        store.Find("A", Vendor)!.Value.ToArray().ShouldBe([2]);
    }

    [Fact]
    public void The_same_name_of_another_vendor_is_another_variable()
    {
        VariableStore store = Empty().With(Variable("A", [1])).With(Variable("A", [2]) with { Vendor = EfiGuids.GlobalVariable });

        store.Find("A", Vendor)!.Value.ToArray().ShouldBe([1]);
        store.Find("A", EfiGuids.GlobalVariable)!.Value.ToArray().ShouldBe([2]);
    }

    [Fact]
    public void A_successor_counts_more_than_the_variable_in_transition_that_it_replaces()
    {
        byte[] flash = Bytes(Empty().With(Variable("A", [1])).With(Variable("B", [2])));
        flash[Flash.StoreStart + 2] = 0x3E;
        VariableStore interrupted = VariableStore.Read(Flash.Layout(flash));
        interrupted.Find("A", Vendor)!.Value.ToArray().ShouldBe([1]);

        flash = Bytes(interrupted.With(Variable("A", [3])));
        flash[Flash.StoreStart + 2] = 0x3E;

        VariableStore.Read(Flash.Layout(flash)).Find("A", Vendor)!.Value.ToArray().ShouldBe([3]);
    }

    [Fact]
    public void A_reset_leaves_an_erased_store_and_touches_nothing_else()
    {
        VariableStore store = Empty();
        byte[] flash = Bytes(store.With(Variable("A", new byte[500])).Reset());

        flash.ShouldBe(Flash.Empty());
        store.Free.ShouldBe(Flash.StoreEnd - Flash.StoreStart);
    }

    [Fact]
    public void A_change_leaves_the_store_it_was_made_from_as_it_was()
    {
        VariableStore store = Empty().With(Variable("A", [1]));
        store.With(Variable("A", [2]));

        store.Find("A", Vendor)!.Value.ToArray().ShouldBe([1]);
        store.Variables.Length.ShouldBe(1);
    }

    [Fact]
    public void A_variable_that_just_fits_is_written_and_one_byte_more_is_refused_with_both_numbers()
    {
        int room = Flash.StoreEnd - Flash.StoreStart, header = 60 + 4;
        Reread(Empty().With(Variable("A", new byte[room - header]))).Free.ShouldBe(0);

        Refusal(() => Empty().With(Variable("A", new byte[room - header + 1])))
            .ShouldBe($"KS1605: the variable A needs 0x{room + 1:x} bytes but only 0x{room:x} are free in the store. Begin with an empty store, or enrol fewer certificates and digests.");
    }

    [Fact]
    public void A_blank_flash_is_refused() => Code(new byte[0x1000]).ShouldBe("KS1601");

    [Fact]
    public void A_volume_header_with_a_wrong_checksum_is_refused() => Code(Changed(f => f[50] ^= 1)).ShouldBe("KS1601");

    [Fact]
    public void A_volume_that_ends_behind_the_flash_is_refused() => Code(Flash.Empty()[..^1]).ShouldBe("KS1601");

    [Fact]
    public void A_volume_of_another_kind_is_refused() =>
        Code(Changed(f => { f[16] ^= 1; Flash.WithChecksum(f); })).ShouldBe("KS1601");

    [Fact]
    public void A_store_without_authentication_is_refused() => Code(Changed(f => f[Flash.VolumeHeaderSize] ^= 1)).ShouldBe("KS1602");

    [Fact]
    public void A_store_that_is_not_healthy_is_refused() => Code(Changed(f => f[Flash.VolumeHeaderSize + 21] = 0xFF)).ShouldBe("KS1602");

    [Fact]
    public void A_store_larger_than_its_volume_is_refused() =>
        Code(Changed(f => BinaryPrimitives.WriteUInt32LittleEndian(f.AsSpan(Flash.VolumeHeaderSize + 16), uint.MaxValue))).ShouldBe("KS1603");

    [Fact]
    public void A_variable_longer_than_the_store_is_refused()
    {
        byte[] flash = Bytes(Empty().With(Variable("A", [1])));
        BinaryPrimitives.WriteUInt32LittleEndian(flash.AsSpan(Flash.StoreStart + 40), uint.MaxValue);
        Code(flash).ShouldBe("KS1604");
    }

    [Fact]
    public void Something_else_than_a_variable_is_refused() => Code(Changed(f => f[Flash.StoreStart] = 0)).ShouldBe("KS1604");

    [Fact]
    public void Damaged_stores_never_raise_anything_but_coded_errors()
    {
        byte[] good = Bytes(Empty().With(Variable("A", [1]) with { TimeStamp = DateTime.UnixEpoch }).With(Variable("Long", new byte[300])));
        var random = new Random(16);
        int refused = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] bad = (byte[])good.Clone();
            for (int n = random.Next(1, 4); n > 0; n--)
                bad[random.Next(0x200)] = (byte)random.Next(256);
            try
            {
                VariableStore.Read(Flash.Layout(bad[..random.Next(0x100, bad.Length + 1)]));
            }
            catch (KexecSignException)
            {
                refused++;
            }
        }
        refused.ShouldBeGreaterThan(1000);
    }

    private static UefiVariable Variable(string name, byte[] value) => new(name, Vendor, (VariableAttributes)7, value);

    private static VariableStore Empty() => VariableStore.Read(Flash.Layout(Flash.Empty()));

    private static byte[] Bytes(VariableStore store) => store.ToLayout().ReadBytes(0, Flash.Length);

    private static VariableStore Reread(VariableStore store) => VariableStore.Read(Flash.Layout(Bytes(store)));

    private static byte[] Changed(Action<byte[]> change)
    {
        byte[] flash = Flash.Empty();
        change(flash);
        return flash;
    }

    private static string Code(byte[] flash) =>
        Should.Throw<KexecSignException>(() => VariableStore.Read(Flash.Layout(flash))).Code.Id;

    private static string Refusal(Action action) => Should.Throw<KexecSignException>(action).Message;
}
