using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>What a zboot kit says about itself in <c>manifest.json</c>.</summary>
/// <param name="Kind">Always <see cref="ExpectedKind"/>.</param>
/// <param name="Schema">Version of this description; readers refuse a higher one.</param>
/// <param name="Architecture">The kernel's <c>ARCH=</c>.</param>
/// <param name="Machine">PE machine type.</param>
/// <param name="KernelRelease">The kernel's version as <c>uname -r</c> would give it.</param>
/// <param name="SourcePackage">Name and version of the source package, when known.</param>
/// <param name="SourceSha256">SHA-256 of the source archive, when there was one.</param>
/// <param name="Configuration">SHA-256 of the configuration file given, or the name of the one made.</param>
/// <param name="Compiler">First line of the compiler's version.</param>
/// <param name="Linker">Linker and version.</param>
/// <param name="Stubs">The stubs, one a compression.</param>
public sealed record ZbootKitManifest(
    string Kind, int Schema, string Architecture, ushort Machine, string KernelRelease, string? SourcePackage, string? SourceSha256,
    string Configuration, string Compiler, string Linker, ImmutableArray<ZbootKitStub> Stubs)
{
    /// <summary>
    /// Options of the kernel that change the stub's headers and that are on: ARM64_BTI_KERNEL, EFI_SBAT, DEBUG_EFI; null in kits that did
    /// not look.
    /// </summary>
    public ImmutableArray<string>? StubOptions { get; init; }

    /// <summary>The configuration of the kernel, in the kit; null in kits before schema 3.</summary>
    public ZbootKitFile? ConfigurationFile { get; init; }

    /// <summary>What of it counts for security; null in kits before schema 3.</summary>
    public KitSecurity? Security { get; init; }

    /// <summary>Value of <see cref="Kind"/>.</summary>
    public const string ExpectedKind = "kexecsign-zboot-kit";

    /// <summary>The version of the description that this program writes.</summary>
    public const int CurrentSchema = 3;
}

/// <summary>The objects of a stub that unpacks one compression.</summary>
/// <param name="Compression">What it unpacks.</param>
/// <param name="PadsPayload">Whether the kernel's build pads the Image to image_size before compressing (Linux 6.2 and later).</param>
/// <param name="NeedsCodeSize">Whether the link script wants <c>zboot_code_size</c>; left out it links silently with 0.</param>
/// <param name="Library"><c>lib.a</c>, the stub's code, members inside.</param>
/// <param name="Header"><c>zboot-header.o</c>, the PE headers.</param>
/// <param name="LinkScript"><c>zboot.lds</c>.</param>
public sealed record ZbootKitStub(
    [property: JsonConverter(typeof(CompressionNames))] ZbootCompression Compression, bool PadsPayload, bool NeedsCodeSize,
        ZbootKitFile Library, ZbootKitFile Header, ZbootKitFile LinkScript)
{
    /// <summary>The three files.</summary>
    internal ImmutableArray<ZbootKitFile> Files => [Library, Header, LinkScript];
}

/// <summary>A file of a kit.</summary>
/// <param name="Path">Its name in the archive.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Sha256">SHA-256, lower-case hex.</param>
public sealed record ZbootKitFile(string Path, long Size, string Sha256);

/// <summary>JSON of a manifest; a member that is missing or unknown is an error, so that a reader never guesses.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n", UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ZbootKitManifest))]
internal sealed partial class ZbootKitJson : JsonSerializerContext;
