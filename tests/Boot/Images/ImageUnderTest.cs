using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Images;

/// <summary>
/// Gives the images that the firmware is asked to judge. This is the one place to change when another signer is to be
/// judged: today it is Debian's Image, signed by sbsign.
/// </summary>
internal sealed class ImageUnderTest(string folder)
{
    /// <summary>The image without a signature.</summary>
    public string Unsigned { get; } = DebianKernel.Require();

    /// <summary>The image signed by a key.</summary>
    public string SignedBy(TestKey key)
    {
        Command.Require("sbsign", "sbsigntool");
        string signed = Path.Combine(folder, $"signed-by-{key.Name}.efi");
        if (!File.Exists(signed))
        {
            (int exit, string output) = Command.Run("sbsign", "--key", key.KeyFile, "--cert", key.CertificateFile, "--output", signed, Unsigned);
            exit.ShouldBe(0, output);
        }
        return signed;
    }

    /// <summary>An image with one byte changed in its middle, far from headers and signature.</summary>
    public string Damaged(string image)
    {
        byte[] bytes = File.ReadAllBytes(image);
        bytes[bytes.Length / 2] ^= 1;
        string damaged = Path.Combine(folder, "damaged.efi");
        File.WriteAllBytes(damaged, bytes);
        return damaged;
    }
}
