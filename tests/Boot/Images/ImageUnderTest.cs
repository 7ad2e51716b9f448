using KexecSign.Boot.Tests.Tools;
using KexecSign.Building;
using KexecSign.Keys;
using KexecSign.Operations;
using KexecSign.Running;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Boot.Tests.Images;

/// <summary>
/// Gives the images that the firmware is asked to judge: Debian's kernel as a zboot image, unsigned, and as the whole line
/// makes it, with an inner signature, a parser in .bpf and an outer signature.
/// </summary>
internal sealed class ImageUnderTest(string folder)
{
    /// <summary>The image without a signature.</summary>
    public string Unsigned
    {
        get
        {
            string image = Path.Combine(folder, "unsigned.efi");
            if (!File.Exists(image))
                Run(OperationCatalog.ZbootBuild, new ZbootBuildOptions { Image = DebianKernel.Require(), Kit = StubKit.Require(), Output = image });
            return image;
        }
    }

    /// <summary>The image signed by a key, inside and outside.</summary>
    public string SignedBy(TestKey key)
    {
        string image = Path.Combine(folder, $"signed-by-{key.Name}.efi");
        if (File.Exists(image))
            return image;
        var signing = new SigningOptions { Key = key.KeyFile, Certificate = key.CertificateFile };
        Run(OperationCatalog.Build, new BuildOptions
        {
            Image = DebianKernel.Require(), Kit = StubKit.Require(), Parser = Parser(), Outer = signing, Inner = signing, Output = image,
        });
        return image;
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

    private string Parser()
    {
        Command.Require("clang", "clang");
        Command.Require("bpftool", "bpftool");
        string parser = Path.Combine(folder, "parser.o");
        (int exit, string output) = Command.Run("bash", Path.Combine(AppContext.BaseDirectory, "parser", "build.sh"), parser);
        exit.ShouldBe(0, output);
        return parser;
    }

    private static void Run<TOptions, TResult>(Operation<TOptions, TResult> operation, TOptions options)
        where TOptions : class, new()
        where TResult : Reports.OperationResult
    {
        using var context = new RunContext { Keyring = new Keyring() };
        operation.Run(options, context);
    }
}
