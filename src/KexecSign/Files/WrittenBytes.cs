using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>What an output holds so far, for reading it back before it appears under its name.</summary>
internal sealed class WrittenBytes(OutputFile output) : IByteSource
{
    /// <inheritdoc/>
    public long Length => output.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count = RandomAccess.Read(output.Handle, destination, offset);
            if (count == 0)
                throw OperationErrors.InputChanged.With(Length, offset).In(output.Path);
            offset += count;
            destination = destination[count..];
        }
    }
}
