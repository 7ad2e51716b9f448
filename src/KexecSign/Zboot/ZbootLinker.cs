using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Programs;

namespace KexecSign.Zboot;

/// <summary>
/// The three commands at the end of Makefile.zboot: payload into an object, object and stub into an ELF file, ELF file into
/// flat bytes.
/// </summary>
internal sealed class ZbootLinker
{
    private readonly StubTarget _target;
    private readonly RunContext _context;
    private readonly LinkerFamily _family;
    private readonly SystemProgram _objcopy, _ld;

    /// <summary>Finds the programs, so that a missing one is told before the long work.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5002.</exception>
    public ZbootLinker(StubTarget target, LinkerFamily family, RunContext context)
    {
        _family = family;
        _target = target;
        _context = context;
        _objcopy = target.Link("objcopy", family);
        _ld = target.Link("ld", family);
        _objcopy.Find(context);
        _ld.Find(context);
    }

    /// <summary>Links.</summary>
    /// <param name="kit">The kit, for the files' content.</param>
    /// <param name="stub">The stub to link with.</param>
    /// <param name="payload">What Makefile.zboot calls vmlinuz: the compressed Image, its length behind it unless gzip.</param>
    /// <param name="codeSize">zboot_code_size; given only to stubs that ask.</param>
    /// <returns>The image; its name is gone with the files in between.</returns>
    /// <exception cref="Formats.Errors.KexecSignException">KS5003.</exception>
    public FileSource Link(ZbootKit kit, ZbootKitStub stub, Layout payload, uint codeSize)
    {
        using IRunStep step = _context.Log.Step("link");
        using var folder = WorkFolder.Open();
        folder.Put("lib.a", Layout.Of(kit.Content(stub.Library)), _context.Cancellation);
        folder.Put("zboot-header.o", Layout.Of(kit.Content(stub.Header)), _context.Cancellation);
        folder.Put("zboot.lds", Layout.Of(kit.Content(stub.LinkScript)), _context.Cancellation);
        folder.Put("vmlinuz", payload, _context.Cancellation);
        string[] symbol = stub.NeedsCodeSize ? [$"--add-symbol=zboot_code_size=0x{codeSize:x}"] : [];
        Run(_objcopy, folder,
            ["-I", "binary", "-O", _target.ObjectFormat, .. symbol, "--rename-section=.data=.gzdata,load,alloc,readonly,contents",
                "vmlinuz", "vmlinuz.o"]);
        // -nostdlib: no folder of this machine is searched for anything.
        Run(_ld, folder, [.. _target.FlagsFor(_family), "-nostdlib", "-T", "zboot.lds", "vmlinuz.o", "zboot-header.o", "lib.a", "-o",
            "vmlinuz.efi.elf"]);
        Run(_objcopy, folder, ["-O", "binary", "vmlinuz.efi.elf", "vmlinuz.efi"]);
        return FileSource.Open(folder.File("vmlinuz.efi"));
    }

    private void Run(SystemProgram program, WorkFolder folder, string[] arguments) =>
        new ChildProgram(program, arguments, _context) { Folder = folder.Path }.Run(_context);
}
