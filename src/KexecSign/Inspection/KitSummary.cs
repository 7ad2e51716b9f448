using KexecSign.Formats.Errors;
using KexecSign.Formats.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Inspection;

/// <summary>What a zboot kit tells.</summary>
internal static class KitSummary
{
    public static IEnumerable<InspectedField> Of(ZbootKit kit)
    {
        ZbootKitManifest manifest = kit.Manifest;
        yield return new("kernel", $"{manifest.KernelRelease}, {manifest.Architecture}");
        if (manifest.SourcePackage is { } source)
            yield return new("source", source);
        yield return new("configuration", kit.Configuration is null ? manifest.Configuration : $"{manifest.Configuration}, in the kit");
        yield return new("compiler", manifest.Compiler);
        yield return new("linker", manifest.Linker);
        yield return new("stubs", string.Join(", ", manifest.Stubs.Select(s => PayloadFormat.Of(s.Compression).Word)));
        foreach ((string name, string value) in manifest.Security?.Rows() ?? [])
            yield return new(name, value);
        yield return new("sha256", kit.Sha256);
        yield return new("objects and link scripts", Judged(kit));
    }

    private static string Judged(ZbootKit kit)
    {
        try
        {
            foreach (ZbootKitStub stub in kit.Manifest.Stubs)
                kit.RequireSafe(stub);
            return "name nothing outside the kit";
        }
        catch (KexecSignException refused)
        {
            return refused.Message;
        }
    }
}
