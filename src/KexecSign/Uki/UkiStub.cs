using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Uki;

/// <summary>Finds and opens the stub of a machine.</summary>
internal static class UkiStub
{
    private const string Folder = "/usr/lib/systemd/boot/efi";

    /// <summary>Where systemd-boot-efi installs it.</summary>
    /// <exception cref="KexecSignException">KS3662.</exception>
    public static string Installed(ushort machine)
    {
        string? suffix = ArchitectureFacts.OfPe(machine)?.EfiName;
        string path = $"{Folder}/linux{suffix}.efi.stub";
        return suffix is not null && File.Exists(path)
            ? path
            : throw OperationErrors.UkiStubMissing.With(PeConstants.MachineName(machine), path);
    }

    /// <summary>Reads a stub and checks its machine.</summary>
    /// <param name="layout">Its bytes.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="machine">The machine wanted.</param>
    /// <param name="what">What is for that machine.</param>
    /// <exception cref="KexecSignException">KS3661, KS1714, KS10xx.</exception>
    public static StubImage Read(Layout layout, string path, ushort machine, string what)
    {
        try
        {
            StubImage stub = StubImage.Read(layout);
            return stub.Image.Machine == machine
                ? stub
                : throw OperationErrors.UkiMachine.With(what, PeConstants.MachineName(machine), machine,
                    PeConstants.MachineName(stub.Image.Machine), stub.Image.Machine);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }
}
