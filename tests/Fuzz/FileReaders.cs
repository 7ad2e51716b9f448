using System.Collections.Immutable;
using System.Text;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Pe;
using KexecSign.Commands.Rpm;
using KexecSign.Commands.Signatures;
using KexecSign.Commands.Uki;
using KexecSign.Commands.Verify;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Tests.Elf;
using KexecSign.Formats.Uefi;
using KexecSign.Ima;
using KexecSign.Judging;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Pins;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Fuzz;

/// <summary>Commands and readers that open a file.</summary>
internal static class FileReaders
{
    public static ImmutableArray<Reader> Of(SeedFiles seeds, FuzzBench bench)
    {
        byte[][] images = [seeds.Image, seeds.SignedImage, seeds.Zboot, seeds.Uki];
        SigningIdentity elsewhere = SigningIdentity.Elsewhere([FuzzBench.Signer.Certificate], null);
        return
        [
            new("verify", [.. images], b => VerifyOperation.Definition.Run(new() { File = bench.Put("i", b), Consumers = [.. Enum.GetValues<Consumer>()], Db = [bench.Certificate] }, bench.Context).View()),
            new("verify-no-trust", [.. images], b => VerifyOperation.Definition.Run(new() { File = bench.Put("i", b), NoTrust = true }, bench.Context).View()),
            new("verify-detached", [seeds.Pkcs7], b => VerifyOperation.Definition.Run(
                new() { File = bench.Put("i", seeds.Image), Signature = bench.Put("i.p7", b), Certificates = [bench.Certificate] }, bench.Context).View()),
            new("verify-dbx", [.. seeds.EnrolmentUpdates], b => VerifyOperation.Definition.Run(
                new() { File = bench.Put("i", seeds.SignedImage), Dbx = bench.Put("dbx", b), Certificates = [bench.Certificate] }, bench.Context).View()),
            new("inspect", [.. images, seeds.Elf, seeds.Kit, seeds.Pkcs7, RpmSeed.Build(), .. seeds.EnrolmentUpdates], b => InspectOperation.Definition.Run(new() { File = bench.Put("i", b) }, bench.Context).View()),
            new("signatures-list", [.. images], b => SignaturesListOperation.Definition.Run(new() { File = bench.Put("i", b) }, bench.Context).View()),
            new("uki-inspect", [seeds.Uki], b => UkiInspectOperation.Definition.Run(new() { File = bench.Put("i", b) }, bench.Context).View()),
            new("sign", [.. images], b => PendingSignature.Prepare(Layout.Of(b), elsewhere, ExistingSignatures.Append, fit: false)),
            new("sign-fit", [seeds.Image, seeds.SignedImage], b => PendingSignature.Prepare(Layout.Of(b), elsewhere, ExistingSignatures.Replace, fit: true)),
            new("normalize", [.. images], b => PeNormalizeOperation.Definition.Run(new() { File = bench.Put("i", b), Output = bench.At("o") }, bench.Context)),
            new("zboot", [seeds.Zboot], b => FinishedZboot.Open(Layout.Of(b), bench.Context).Dispose()),
            new("kit", [seeds.Kit], b => ZbootKit.Read(Layout.Of(b), "a.kit")),
            new("link-script", ["ENTRY(__efistub_efi_zboot_header);\nSECTIONS\n{\n .head : ALIGN(4096) {\n *(.head)\n }\n _end = .;\n}\n"u8.ToArray()], b => LinkScript.Require(b, "zboot.lds")),
            new("object-archive", [Archive()], b => KitObjects.RequireArchive(b, "lib.a", 183)),
            new("kernel-config", ["CONFIG_ARM64=y\nCONFIG_EFI_STUB=y\n# CONFIG_X is not set\n"u8.ToArray()], b => KernelConfig.Read(bench.Put("config", b))),
            new("certificates", [FuzzBench.Signer.Certificate.RawData, File.ReadAllBytes(bench.Certificate), seeds.Pkcs7, SignatureList.Of(FuzzBench.Signer.Certificate, Guid.Empty).Encode()], b =>
            {
                using var keyring = new Keyring();
                keyring.OpenCertificates(bench.Put("c", b), new PinOptions(), default);
            }),
            new("key", [File.ReadAllBytes(bench.Key), FuzzBench.Signer.Key.ExportPkcs8PrivateKey()], b =>
            {
                using var keyring = new Keyring();
                keyring.OpenKey(bench.Put("k", b), new PinOptions(), default);
            }),
            new("ima-manifest", [Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(seeds.ImaValue)}  boot/vmlinuz\n")], b => ImaManifest.Read(bench.Put("m", b))),
            new("module-verify", [seeds.Module, SeedFiles.Gzip(seeds.Module)], b => ModuleVerifyOperation.Definition.Run(
                new() { Files = [bench.Put("m.ko", b)], Certificates = [bench.Certificate] }, bench.Context).View()),
            new("rpm-verify", [RpmSeed.Build()], b => RpmVerifyOperation.Definition.Run(new() { Files = [bench.Put("p.rpm", b)], Certificates = [bench.Certificate] }, bench.Context).View()),
        ];
    }

    // ar(5): a header of 60 characters, the object, padded to an even length.
    private static byte[] Archive()
    {
        byte[] member = ElfBuilder.Parser("x"u8, new byte[8]);
        return [.. Encoding.ASCII.GetBytes($"!<arch>\n{"a.o/",-16}{0,-12}{0,-6}{0,-6}{644,-8}{member.Length,-10}`\n"), .. member, .. new byte[member.Length & 1]];
    }
}
