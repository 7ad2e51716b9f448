using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;

namespace KexecSign.Commands.Offline;

/// <summary>Finds out whether the kernel inside a zboot image is one that an earlier stage of the bundle signed.</summary>
internal static class InnerKernel
{
    /// <summary>The kernel inside; null when the image is no zboot image. Warns when it is not what one would expect.</summary>
    public static BundleInner? Find(PeImage image, Layout file, BundleManifest manifest, string path, RunContext context)
    {
        using var kernel = new KernelInside(image, file, context);
        if (!kernel.IsUnpacked)
            return null;
        try
        {
            Layout inner = kernel.Open();
            string sha256 = Convert.ToHexStringLower(LayoutPass.Hash(inner, HashAlgorithmName.SHA256, context));
            bool signed = KnownImage.Of(inner).IsPe && PeReader.Read(inner).IsSigned;
            int? stage = manifest.Stages.FirstOrDefault(s => s.Files.Any(f => f.Output?.Sha256 == sha256))?.Number;
            if (!signed)
                context.Log.Warning($"{path}: the kernel inside carries no signature; kexec will refuse it where signatures are enforced.");
            else if (stage is null && !manifest.Stages.IsEmpty)
                context.Log.Warning($"{path}: the kernel inside comes from none of the bundle's {manifest.Stages.Length} stage(s).");
            return new(sha256, signed, stage);
        }
        catch (KexecSignException broken)
        {
            context.Log.Warning($"{path}: the kernel inside cannot be read: {broken.Message}");
            return null;
        }
    }
}
