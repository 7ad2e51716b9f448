using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Zboot;

namespace KexecSign.Commands.Testset;

/// <summary><c>testset</c>: right and wrong images with the verdict that each consumer must give.</summary>
internal static class TestsetOperation
{
    public static Operation<TestsetOptions, TestsetResult> Definition { get; } = new()
    {
        Name = "testset",
        Summary = "Make right and wrong images from one kernel, with the verdict that firmware, kexec and IMA must give on each.",
        Details = "The folder is for those who test firmware, kernels, kexec-tools or verifiers: expected.json holds verdicts and error "
            + "numbers, run.sh asks the running kernel, and neither needs KexecSign. Images are kept as recipes, which unpack.sh follows, "
            + "so that the set stays a few times as large as the kernel. Its keys are made for it and lie in it; with --keys the same set "
            + "is made again, byte for byte.",
        Body = Run,
        RunsPrograms = true,
        Plan = o => [.. PlannedStep.Read(o.Image, o.Kit, o.Stub, o.Keys), new("run", "objcopy and ld, twice"),
            .. PlannedStep.Write(o.Output)],
        TypedResult = () => TestsetJson.Default.TestsetResult,
        MakeOptions = () =>
        [
            new("image", "FILE", "The kernel: an arm64 Image without a signature; small ones give small sets.",
                (o, v) => o with { Image = v }, required: true),
            new("kit", "FILE", "A kit from 'zboot kit'.", (o, v) => o with { Kit = v }, required: true),
            new("stub", "FILE",
                "An EFI stub for arm64, such as systemd's linuxaa64.efi.stub: the set then has unified kernel images, too.", (o, v) =>
                o with { Stub = v }),
            new("keys", "DIR", "The keys/ folder of an earlier set; without it keys are made.", (o, v) => o with { Keys = v }),
            new("o", "DIR", "The folder to make.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign testset --image Image --kit linux.kit -o testset", "Make a set with keys of its own."),
            new("kexecsign testset --image Image --kit linux.kit --stub linuxaa64.efi.stub -o testset",
                "Make a set with unified kernel images, too."),
            new("kexecsign testset --image Image --kit linux.kit --keys testset/keys -o again", "Make the same set once more."),
        ],
    };

    private static TestsetResult Run(TestsetOptions options, RunContext context)
    {
        string image = options.Image ?? throw OperationErrors.OptionMissing.With("testset", new NamedOption("image"));
        string kitFile = options.Kit ?? throw OperationErrors.OptionMissing.With("testset", new NamedOption("kit"));
        string output = Path.TrimEndingDirectorySeparator(
            Path.GetFullPath(options.Output ?? throw OperationErrors.OptionMissing.With("testset", new NamedOption("o"))));
        using FileSource source = FileSource.Open(image);
        Layout kernel = Checked(source);
        ZbootKit kit = ZbootKit.Open(kitFile);
        if (kit.Target.Machine != PeConstants.MachineArm64)
            throw OperationErrors.TestsetMachine.With("kit", kit.Target.Architecture).In(kitFile);
        using FileSource? stub = options.Stub is null ? null : FileSource.Open(options.Stub);
        Layout? stubFile = stub is null ? null : CheckedStub(stub);
        RequireFree(output);

        string work = Path.Combine(Path.GetDirectoryName(output)!, $".kexecsign-{Guid.NewGuid():N}.tmp");
        try
        {
            MakeFolder(Path.Combine(work, "keys"), output);
            TestsetResult result = Fill(work, kernel, kit, stubFile, options, context);
            Place(work, output);
            return result with { Folder = options.Output! };
        }
        catch (KexecSignException refused) when (refused.Code.Id.StartsWith("KS1", StringComparison.Ordinal))
        {
            throw refused.In(image);
        }
        finally
        {
            if (Directory.Exists(work))
                Directory.Delete(work, recursive: true);
        }
    }

    private static TestsetResult Fill(string work, Layout kernel, ZbootKit kit, Layout? stub, TestsetOptions options, RunContext context)
    {
        string keyFolder = Path.Combine(work, "keys");
        TestsetKeys keys = options.Keys is null ? TestsetKeys.Make(keyFolder, context) : TestsetKeys.Copy(options.Keys, keyFolder, context);
        keys.WriteEnrolment(context);
        var folder = new TestsetFolder(work, context);
        using var workshop = new TestsetWorkshop(kernel, kit, keys, context);
        folder.AddBase("Image", kernel);
        folder.AddBase("zboot-unsigned.efi", workshop.PlainZboot);
        folder.AddBase("zboot-signed-inside.efi", workshop.SignedInsideZboot);
        if (stub is not null)
            folder.AddBase("stub.efi", stub);
        IEnumerable<TestsetCase> cases =
            [.. RawImages.All(workshop), .. ZbootImages.All(workshop), .. ImaImages.All(workshop), .. Ukis(workshop, stub, options.Stub)];
        ImmutableArray<TestsetImage> images = [.. cases.Select(folder.Add)];
        string sha256 = Convert.ToHexStringLower(TestsetWorkshop.Hash(kernel, HashAlgorithmName.SHA256));
        folder.Finish(new(sha256, kit.Sha256, images));
        return new(work, folder.Written, images.Sum(i => i.Size), images);
    }

    private static IEnumerable<TestsetCase> Ukis(TestsetWorkshop workshop, Layout? stub, string? path)
    {
        try
        {
            return stub is null ? [] : [.. UkiImages.All(workshop, stub)];
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path!);
        }
    }

    private static Layout Checked(FileSource source)
    {
        try
        {
            Layout kernel = source.ToLayout();
            PeImage image = PeReader.Read(kernel);
            if (image.Machine != PeConstants.MachineArm64)
                throw OperationErrors.TestsetMachine.With("Image", PeConstants.MachineName(image.Machine));
            _ = KernelImage.Read(kernel);
            if (image.IsSigned)
                throw OperationErrors.TestsetSignedImage.With();
            PeCanonical.Require(image, kernel);
            return kernel;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(source.Path);
        }
    }

    private static Layout CheckedStub(FileSource source)
    {
        try
        {
            Layout stub = source.ToLayout();
            PeImage image = PeReader.Read(stub);
            if (image.Machine != PeConstants.MachineArm64)
                throw OperationErrors.TestsetMachine.With("stub", PeConstants.MachineName(image.Machine));
            return image.IsSigned ? throw OperationErrors.TestsetSignedStub.With() : stub;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(source.Path);
        }
    }

    private static void RequireFree(string output)
    {
        if (File.Exists(output))
            throw OperationErrors.OutputUnwritable.With("it is a file").In(output);
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).FirstOrDefault() is { } first)
            throw OperationErrors.TestsetFolderTaken.With(Path.GetFileName(first)).In(output);
    }

    private static void MakeFolder(string folder, string output)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(output);
        }
    }

    private static void Place(string work, string output)
    {
        try
        {
            if (Directory.Exists(output))
                Directory.Delete(output);
            Directory.Move(work, output);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(output);
        }
    }
}
