using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>Validators of other people's formats that come as npm packages; './build.sh --target=Test' puts them into the cache.</summary>
internal static class NodePackages
{
    /// <summary>Folder of a package; the test is skipped without.</summary>
    public static string Folder(string name)
    {
        string folder = Path.Combine(DebianKernels.Cache, "npm/node_modules", name);
        Tool.Demand(Directory.Exists(folder), $"the npm package {name} is not in {folder}; './build.sh --target=Test' puts it there");
        return folder;
    }
}
