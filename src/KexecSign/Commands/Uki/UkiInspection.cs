using KexecSign.Uki;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Inspection;

namespace KexecSign.Commands.Uki;

/// <summary>Looks at an image as each of its consumers would. A broken part becomes a finding; what can still be read is.</summary>
internal sealed class UkiInspection
{
    private readonly string _name;
    private readonly UkiImage _uki;
    private readonly RunContext _context;
    private readonly List<string> _findings = [];
    private readonly string? _magic;

    public UkiInspection(string name, Layout file, RunContext context)
    {
        _name = name;
        _context = context;
        _uki = UkiImage.Read(file);
        _magic = StubImage.MagicOf(_uki.Image, file);
    }

    private bool IsProfile => !_uki.HasKernel && !_uki.Profiles.IsEmpty;

    /// <summary>Looks.</summary>
    public UkiInspectResult Run()
    {
        InspectResult image = ImageInspection.Inspect(_name, _uki.File, _context);
        ImmutableArray<InspectedUkiSection> sections = Sections();
        FindInSections();
        if (_uki.HasKernel)
            FindInKernel(image.Inner);
        if (_uki.HasKernel)
            _findings.AddRange(new PcrSignatureCheck(_uki, StubImage.VersionOf(_magic), _context).Findings());
        string kind = _uki.HasKernel ? "unified kernel image"
            : IsProfile ? "profile for a unified kernel image"
            : "addon for unified kernel images";
        return new(_name, kind, _magic, sections, [.. _uki.Profiles.Select((_, i) => Profile(i))], image, [.. _findings]);
    }

    private ImmutableArray<InspectedUkiSection> Sections()
    {
        var sections = ImmutableArray.CreateBuilder<InspectedUkiSection>();
        foreach ((UkiSection section, PeSection header) in UkiSection.Of(_uki.Image).Zip(_uki.Image.Sections))
        {
            var part = new UkiPart(section.Name, UkiImage.ContentOf(header, _uki.File));
            string sha256 = Convert.ToHexStringLower(LayoutPass.Hash(part.Content, HashAlgorithmName.SHA256, _context));
            string? content = null;
            try
            {
                content = UkiSectionContent.Describe(part, _context);
            }
            catch (KexecSignException broken)
            {
                _findings.Add(VerifyErrors.UkiContent.With(section.Name, broken.Message).Message);
            }
            sections.Add(new(section.Name, section.Profile, section.Offset, section.Size, section.VirtualSize, sha256, section.What,
                content));
        }
        return sections.ToImmutable();
    }

    private InspectedProfile Profile(int number)
    {
        ImmutableArray<UkiPart> effective = _uki.Effective(number);
        ProfileFields fields = ProfileFields.Of(effective);
        string? commandLine = effective.FirstOrDefault(part => part.Name == ".cmdline") is { } line
            ? UkiSectionContent.Describe(line, _context)
            : null;
        return new(
            number, fields.Id, fields.Title, commandLine,
            [.. _uki.Profiles[number].Select(part => part.Name).Where(name => name != UkiSections.Profile)],
                PcrSignatureCheck.SignedIn(effective));
    }

    private void FindInSections()
    {
        int? version = StubImage.VersionOf(_magic);
        foreach (ImmutableArray<UkiPart> group in _uki.Profiles.Prepend(_uki.Base))
        {
            foreach (IGrouping<string, UkiPart> same in group.GroupBy(part => part.Name))
            {
                UkiSectionKind? kind = UkiSections.Find(same.Key);
                if (kind is null)
                    Find(VerifyErrors.UkiUnknownSection, same.Key);
                else if (!kind.Repeats && same.Count() > 1)
                    Find(VerifyErrors.UkiRepeated, same.Key, same.Count());
                if (_uki.HasKernel && kind?.Since > version)
                    Find(VerifyErrors.UkiStubTooOld, same.Key, kind!.Since, _magic);
            }
        }
        if (!IsProfile && !_uki.Base.Any(part => part.Name == UkiSections.Sbat))
            Find(VerifyErrors.UkiWithoutSbat);
        if (!_uki.HasKernel && !IsProfile && !_uki.Base.Any(part => UkiSections.AddonPayloads.Contains(part.Name)))
            Find(VerifyErrors.UkiNothing, string.Join(' ', _uki.Image.Sections.Select(s => s.Name)));
        if (_uki.Image.SizeOfImage > UkiAssembly.MaxLoaded)
            Find(VerifyErrors.UkiTooLargeForFirmware, _uki.Image.SizeOfImage, UkiAssembly.MaxLoaded);
    }

    private void FindInKernel(InspectResult? kernel)
    {
        PeSection section = _uki.Image.FindSection(UkiSections.Linux)!;
        bool signed = kernel is { Signatures.IsEmpty: false };
        if (section.VirtualSize > section.SizeOfRawData)
            Find(VerifyErrors.UkiKernelVirtual, section.VirtualSize, section.SizeOfRawData, section.VirtualSize - section.SizeOfRawData);
        else if (signed && section.VirtualSize != section.SizeOfRawData)
            Find(VerifyErrors.UkiKernelLength, section.SizeOfRawData, section.VirtualSize);
        // Of a zboot it is the Image inside that kexec is given in the end.
        if ((kernel?.Inner ?? kernel) is not { Signatures.IsEmpty: false })
            Find(
                VerifyErrors.UkiKernelUnsigned,
                kernel?.Inner is null ? "the kernel in .linux" : "the Image inside the zboot kernel in .linux");
        if (!_uki.Base.Any(part => part.Name == ".osrel"))
            Find(VerifyErrors.UkiWithoutOsRelease, ".osrel");
        Layout content = UkiImage.ContentOf(section, _uki.File);
        string? told = UkiParts.Version(_uki.Base);
        string? actual = null;
        try
        {
            actual = told is null ? null : UkiKernel.VersionOf(content, _context);
        }
        catch (KexecSignException broken)
        {
            Find(VerifyErrors.UkiContent, UkiSections.Linux, broken.Message);
        }
        if (told is not null && actual is not null && told != actual)
            Find(VerifyErrors.UkiUname, told, actual);
    }

    private void Find(ErrorCode code, params object?[] arguments) => _findings.Add(code.With(arguments).Message);
}
