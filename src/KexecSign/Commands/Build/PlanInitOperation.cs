using System.Collections.Immutable;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Commands.Build;

/// <summary>Options of <c>plan init</c>.</summary>
public sealed record PlanInitOptions
{
    /// <summary>The images; none for those of the output folder.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>The folder that the files go into.</summary>
    public string Output { get; init; } = ".";
}

/// <summary>An image that <c>plan init</c> planned for.</summary>
/// <param name="File">Its path, as the plan has it.</param>
/// <param name="Kind">What it is.</param>
public sealed record FoundImage(string File, string Kind);

/// <summary>Result of <c>plan init</c>.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Keys">The file of keys.</param>
/// <param name="Policy">The policy.</param>
/// <param name="Images">The images in the plan's order.</param>
public sealed record PlanInitResult(string Plan, string Keys, string Policy, ImmutableArray<FoundImage> Images) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Plan}, {Keys} and {Policy} for {Images.Length} image(s)",
        [new("", ["image", "kind"], [.. Images.Select(image => ImmutableArray.Create(image.File, image.Kind))])],
        [
            $"Try it with throw-away keys: kexecsign keys init --demo --plan-keys throwaway.keys.json, then kexecsign build {Plan} "
                + $"--keys throwaway.keys.json",
            $"For a release write your own keys into {Keys} and your rules into {Policy}.",
        ]);
}

/// <summary><c>plan init</c>: a plan, a policy and a file of keys to begin with, for the images that are there.</summary>
internal static class PlanInitOperation
{
    private const string PlanName = "kernel.plan.json", KeysName = "kernel.keys.json", PolicyName = "kernel.policy.json",
        SchemaFolder = "schema";

    /// <summary>The operation.</summary>
    /// <param name="schemas">The published schemas by file name, which go beside the files so that editors know what may stand
    /// there.</param>
    public static Operation<PlanInitOptions, PlanInitResult> Of(Func<IEnumerable<(string FileName, string Text)>> schemas) => new()
    {
        Name = "plan init",
        Summary = "Write a plan, a policy and a file of keys for the images that are here, with comments.",
        Details = $"Writes {PlanName}, {PolicyName} and {KeysName}, and the schemas that editors complete and check them by. "
            + "A kit among the files (*.kit), where it is the only one, is what the plan links kernel Images with. "
            + "Nothing that is there is written over.",
        Body = (options, context) => Run(options, schemas(), context),
        Plan = o => [.. PlannedStep.Read(o.Files), .. PlannedStep.Write(Names.Select(name => Path.Combine(o.Output, name)))],
        TypedResult = () => BuildJson.Default.PlanInitResult,
        MakeArguments = () =>
        [
            new("FILE", "The images, and the kit if there is one; without any, those of the folder.",
                (o, v) => o with { Files = o.Files.Add(v) }, required: false, repeatable: true),
        ],
        MakeOptions = () =>
        [
            new("o", "DIR", "The folder that the files go into; made where images are named.", (o, v) => o with { Output = v }, "."),
        ],
        Examples = [new("kexecsign plan init", "For the kernels of this folder."),
            new("kexecsign plan init vmlinuz.efi Image -o release", "For these two.")],
    };

    private static string[] Names => [PlanName, KeysName, PolicyName];

    private static PlanInitResult Run(PlanInitOptions options, IEnumerable<(string FileName, string Text)> schemas, RunContext context)
    {
        string[] files = [.. Names.Select(name => Path.Combine(options.Output, name))];
        if (Array.Find(files, File.Exists) is { } there)
            throw OperationErrors.PlanThere.With().In(there);
        if (options.Files.IsEmpty && !Directory.Exists(options.Output))
            throw OperationErrors.PlanFolderMissing.With().In(options.Output);
        string[] all = options.Files.IsEmpty ? FilesOf(options.Output) : [.. options.Files];
        string[] kits = [.. all.Where(file => file.EndsWith(".kit", StringComparison.Ordinal))];
        ImmutableArray<PlannedKind> images = [.. all.Except(kits).Select(file => PlannedKind.Of(file, kits.Length == 1 ? kits[0] : null))
            .OfType<PlannedKind>()];
        if (images.IsEmpty)
            throw OperationErrors.NoImages.With(all.Length).In(options.Output);
        string folder = Path.GetFullPath(options.Output), schema = Path.Combine(options.Output, SchemaFolder);
        Directory.CreateDirectory(schema);
        foreach ((string name, string text) in schemas.Where(schema => PlanTexts.Schemas.Contains(schema.FileName)))
            Write(Path.Combine(schema, name), text);
        Write(files[0], PlanTexts.Plan(images, folder, PolicyName));
        Write(files[1], PlanTexts.Keys);
        Write(files[2], PlanTexts.Policy);
        return new(files[0], files[1], files[2],
            [.. images.Select(image => new FoundImage(Path.GetRelativePath(folder, Path.GetFullPath(image.File)), image.Kind))]);

        void Write(string path, string text) => WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes(text)), path, [], context);
    }

    private static string[] FilesOf(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file)[0] != '.').Order(StringComparer.Ordinal)];
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.InputUnreadable.Because(denied, FileFailure.Reason(denied)).In(folder);
        }
    }
}
