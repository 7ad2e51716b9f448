using KexecSign.Files;

namespace KexecSign.Commands.Build;

/// <summary>Where the files of a build are made before they are put in place together; null for those that are not made.</summary>
internal sealed record BuildTargets(string Image, string? SignedImage, string? Tar, string? Report, string? Sidecar, string? Provenance)
{
    /// <summary>Finds a place for each.</summary>
    public static BuildTargets Of(BuildOptions options, StagedFiles files) => new(
        files.Add(options.Output!), Stage(files, options.SignedImage), Stage(files, options.Tar), Stage(files, options.Report),
        Stage(files, options.Ima.Key is null ? null : options.Output + ".sig"), Stage(files, options.Provenance));

    private static string? Stage(StagedFiles files, string? path) => path is null ? null : files.Add(path);
}
