using System.Text;
using KexecSign.Commands.Template;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Commands.Template;

/// <summary>A template and the packages it speaks of, in a folder.</summary>
internal sealed class TemplateBench : IDisposable
{
    public const string Kernel = "boot/vmlinuz-6.12", Module = "lib/modules/6.12/kernel/a.ko", Package = "linux-image-6.12-unsigned";

    public static byte[] Image { get; } = TestImage.Arm64().Bytes;

    public static byte[] Ko { get; } = [0x7F, .. "ELF"u8, 2, 1, 1, .. new byte[9], 1, 0, .. "not much of a module"u8];

    public Bench Bench { get; } = new();

    public string Packages => Bench.Folder.At("packages");

    public string Signatures => Bench.Folder.At("signatures");

    /// <summary>Writes a file of an unpacked package.</summary>
    public string Put(string package, string path, byte[] content)
    {
        string file = Path.Combine(Packages, package, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
        return file;
    }

    /// <summary>A kernel and a module in one package, and the template that lists them.</summary>
    public void PutBoth()
    {
        Put(Package, Kernel, Image);
        Put(Package, Module, Ko);
        Write(("efi", Kernel), ("linux-module", Module));
    }

    /// <summary>Writes files.json for one package.</summary>
    public void Write(params (string Type, string Path)[] files) => WriteText(Json(Package, "", files));

    public void WriteText(string json) => Bench.Folder.File("files.json", Encoding.UTF8.GetBytes(json));

    public static string Json(string package, string trusted, params (string Type, string Path)[] files)
    {
        string list = string.Join(", ", files.Select(f => $$"""{"sig_type": "{{f.Type}}", "file": "{{f.Path}}"}"""));
        return $$"""{ "packages": { "{{package}}": { "trusted_certs": [{{trusted}}], "files": [{{list}}] } } }""";
    }

    /// <summary>Makes a .deb of an unpacked package by dpkg-deb, and takes the folder away.</summary>
    public string Pack(string package = Package, string? named = null)
    {
        string root = Path.Combine(Packages, package), deb = Path.Combine(Packages, $"{package}_6.12-1_arm64.deb");
        Directory.CreateDirectory(Path.Combine(root, "DEBIAN"));
        File.WriteAllText(
            Path.Combine(root, "DEBIAN/control"),
            $"Package: {named ?? package}\nVersion: 6.12-1\nArchitecture: arm64\nMaintainer: nobody <a@b.example>\nDescription: test\n");
        Tool.Run("dpkg-deb", "--root-owner-group", "--build", root, deb);
        Directory.Delete(root, recursive: true);
        return deb;
    }

    public TemplateSignResult Sign(Func<TemplateSignOptions, TemplateSignOptions>? change = null)
    {
        TemplateSignOptions options = Options();
        return TemplateSignOperation.Definition.Run(change is null ? options : change(options), Bench.Context);
    }

    public TemplateSignOptions Options() => new()
    {
        Template = Bench.Folder.At("files.json"),
        From = [Packages],
        Output = Signatures,
        Signing = Bench.Identity(TestSigners.Rsa2048),
        Module = Bench.Identity(TestSigners.Rsa3072),
    };

    /// <summary>A signature's path.</summary>
    public string At(string path) => Path.Combine(Signatures, Package, path + ".sig");

    public void Dispose() => Bench.Dispose();
}
