using KexecSign.Bpf;
using KexecSign.Errors;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;

namespace KexecSign.Verification;

/// <summary>What a kernel of the kexec BPF series finds in an image: whether the parser is there and can be read. It is not run.</summary>
internal static class BpfCheck
{
    /// <summary>The verdict.</summary>
    public static Verdict Judge(PeImage image, Layout file)
    {
        try
        {
            if (image.FindSection(BpfEmbedOperation.SectionName) is null)
                throw VerifyErrors.NoParser.With();
            ParserObject parser = ParserObject.Parse(BpfExtractOperation.Extract(image, file));
            if (parser.CutsPayload && ZbootHeader.IsZboot(file.ReadBytes(0, Math.Min(file.Length, ZbootHeader.Size))))
            {
                ZbootHeader header = ZbootHeader.Read(image, file);
                if (header.Compression == ZbootCompression.Zstd)
                    throw VerifyErrors.ParserCutsZstd.With(header.CompressionName);
            }
            return new(Consumer.Bpf, Answer.Accepts, $".bpf holds a parser for {parser.Abi}: 0x{parser.Data.Length:x} bytes of data, 0x{parser.Instructions.Length / 8:x} loader instructions");
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Bpf, refused);
        }
    }
}
