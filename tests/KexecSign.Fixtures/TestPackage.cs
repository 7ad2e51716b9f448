namespace KexecSign.Fixtures;

/// <summary>A small RPM package of files in /boot, made by rpmbuild.</summary>
public static class TestPackage
{
    /// <summary>Builds one; gives its path.</summary>
    /// <param name="folder">Where it is made, in a folder of its own.</param>
    /// <param name="files">Name and content of its files.</param>
    /// <param name="macros">Macros that rpmbuild is told, each as <c>NAME VALUE</c>.</param>
    public static string Build(TempFolder folder, IEnumerable<(string Name, byte[] Content)> files, params IEnumerable<string> macros)
    {
        Tool.Require("rpmbuild");
        string root = folder.Folder("package-" + Path.GetRandomFileName()), boot = Directory.CreateDirectory(Path.Combine(root, "boot")).FullName;
        foreach ((string name, byte[] content) in files)
            File.WriteAllBytes(Path.Combine(boot, name), content);
        string spec = Path.Combine(root, "package.spec");
        File.WriteAllText(spec, $"""
            Name: package
            Version: 1
            Release: 1
            Summary: a test
            License: none
            BuildArch: noarch
            %description
            A test.
            %install
            mkdir -p %{"{buildroot}"}
            cp -a {boot} %{"{buildroot}"}/
            %files
            {string.Join('\n', files.Select(file => "/boot/" + file.Name))}

            """);
        Tool.Run("rpmbuild", ["-bb", "--quiet", .. macros.Prepend($"_topdir {root}").SelectMany(macro => (string[])["--define", macro]), spec]);
        return Path.Combine(root, "RPMS/noarch/package-1-1.noarch.rpm");
    }
}
