using System.Runtime.InteropServices;
using System.Text;

namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>An array of CK_ATTRIBUTE with its values in native memory.</summary>
internal sealed unsafe class Template : IDisposable
{
    private readonly List<Entry> _entries = [];
    private byte* _block;

    public Template Add(nuint type, ReadOnlySpan<byte> value)
    {
        ObjectDisposedException.ThrowIf(_block is not null, this);
        _entries.Add(new(type, value.ToArray()));
        return this;
    }

    public Template Add(nuint type, nuint value)
    {
        byte[] bytes = new byte[sizeof(nuint)];
        MemoryMarshal.Write(bytes, value);
        return Add(type, bytes);
    }

    public Template Add(nuint type, bool value) => Add(type, [value ? (byte)1 : (byte)0]);

    public Template Add(nuint type, string value) => Add(type, Encoding.UTF8.GetBytes(value));

    public nuint Count => (nuint)_entries.Count;

    /// <summary>The array, valid until this is disposed.</summary>
    public NativeAttribute* Attributes()
    {
        if (_block is null)
            Lay();
        return (NativeAttribute*)_block;
    }

    public void Dispose()
    {
        NativeMemory.Free(_block);
        _block = null;
    }

    private void Lay()
    {
        int head = _entries.Count * sizeof(NativeAttribute);
        int length = head + 1;
        foreach (Entry entry in _entries)
            length += entry.Value.Length;
        _block = (byte*)NativeMemory.AllocZeroed((nuint)length);
        var attributes = (NativeAttribute*)_block;
        byte* next = _block + head;
        for (int i = 0; i < _entries.Count; i++)
        {
            (nuint type, byte[] value) = _entries[i];
            value.CopyTo(new Span<byte>(next, value.Length));
            attributes[i] = new NativeAttribute { Type = type, Value = next, Length = (nuint)value.Length };
            next += value.Length;
        }
    }

    // No tuple: lists of tuples are not compiled ahead of time.
    private sealed record Entry(nuint Type, byte[] Value);
}
