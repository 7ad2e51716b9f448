using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Commands.Build;

/// <summary>
/// A plan of many images in one login: what is there and verified is kept, all keys are opened before the first image is
/// begun, and an image that fails leaves the others alone.
/// </summary>
internal static class PlanRun
{
    /// <summary>More parts than any plan has images worth a job of their own.</summary>
    public const int MostShards = 10000;

    /// <summary>Builds the images of a plan, or of one shard of it.</summary>
    public static PlanResult Run(BuildOptions given, RunContext context)
    {
        PlanDocument plan = PlanDocument.Read(given.Plan!, given, context.Settings);
        PlanShard? shard = Shard(given.Shard, context.Environment);
        string? report = given.Report ?? plan.Report;
        if (report is not null && plan.Images.FirstOrDefault(image => BuildFiles.Of(image.Options)
            .Contains(Path.GetFullPath(report))) is { } taken)
            throw OperationErrors.SameOutput.With("the report", taken.Name, report);
        var lines = new List<(int Index, PlannedImage Image, BuildResult? Kept, BuildLine? Line)>();
        foreach ((int index, PlannedImage image) in plan.Of(shard))
        {
            BuildOptions options = Complete(image);
            BuildResult? kept = given.Rebuild ? null : KeptImage.Find(options, context);
            lines.Add((index, image, kept, kept is null ? new BuildLine(options, context) : null));
        }
        var result = new PlanResult
        {
            Tool = "KexecSign " + ToolVersion.Number,
            Plan = plan.File,
            Shard = shard,
            Total = plan.Images.Length,
            Images = [.. lines.Select(l => l.Kept is null
                ? Build(l.Index, l.Image, l.Line!, context)
                : new(l.Index, l.Image.Name, PlannedImageStatus.Kept, l.Kept, null, null))],
        };
        if (report is not null)
            WrittenFile.Write(Layout.Of(ReportDocument.Of(result, BuildJson.Default.PlanResult)), report, [plan.File.File], context);
        return result;
    }

    /// <summary>The part of a plan that a text names: <c>I/N</c>, <c>auto</c> or <c>auto/N</c>; null for null.</summary>
    /// <param name="text">What was said.</param>
    /// <param name="environment">Reads what the scheduler of an array job has set.</param>
    /// <exception cref="KexecSignException">KS3307, and what <see cref="ArrayJob.Shard"/> refuses.</exception>
    public static PlanShard? Shard(string? text, Func<string, string?> environment)
    {
        if (text is null)
            return null;
        string[] parts = text.Split('/');
        if (parts is [ArrayJob.Auto])
            return ArrayJob.Shard(null, environment);
        if (parts.Length != 2 || !Number(parts[1], out int count) || count is < 1 or > MostShards)
            throw OperationErrors.ShardMalformed.With(text);
        if (parts[0] == ArrayJob.Auto)
            return ArrayJob.Shard(count, environment);
        return Number(parts[0], out int index) && index >= 1 && index <= count
            ? new(index, count)
            : throw OperationErrors.ShardMalformed.With(text);

        static bool Number(string part, out int number) => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static BuildOptions Complete(PlannedImage image)
    {
        try
        {
            return BuildOperation.Complete(image.Options);
        }
        catch (KexecSignException refused)
        {
            throw refused.At(image.Line, image.Column);
        }
    }

    private static PlannedImageResult Build(int index, PlannedImage image, BuildLine line, RunContext context)
    {
        try
        {
            context.Log.Detail($"building {image.Name}");
            foreach (string file in BuildFiles.Of(image.Options))
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            return new(index, image.Name, PlannedImageStatus.Built, line.Run(), null, null);
        }
        catch (Exception failed) when (failed is KexecSignException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            KexecSignException error = Failure.Explain(failed);
            return new(index, image.Name, PlannedImageStatus.Failed, null, error.Code.Id, error.Message);
        }
    }
}
