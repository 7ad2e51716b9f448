using KexecSign.Compression;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Running;

namespace KexecSign.Verification;

/// <summary>The kernel that <c>kexec_file_load</c> is given: the file itself, or a zboot's payload, unpacked once.</summary>
internal sealed class KernelInside(PeImage image, Layout file, RunContext context) : IDisposable
{
    private TemporaryFile? _payload;

    /// <summary>Whether the file is a zboot image.</summary>
    public bool IsUnpacked { get; } = ZbootHeader.IsZboot(file.ReadBytes(0, Math.Min(file.Length, ZbootHeader.Size)));

    /// <summary>The kernel's bytes.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS12xx.</exception>
    public Layout Open()
    {
        if (!IsUnpacked)
            return file;
        if (_payload is null)
        {
            ZbootHeader header = ZbootHeader.Read(image, file);
            _payload = Decompressor.Decompress(
                file.Slice(header.PayloadOffset, header.PayloadSize), header, header.UncompressedLength(file), context);
        }
        return Layout.Of(_payload);
    }

    /// <inheritdoc/>
    public void Dispose() => _payload?.Dispose();
}
