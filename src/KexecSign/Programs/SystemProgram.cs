using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;

namespace KexecSign.Programs;

/// <summary>A program that is expected on the system.</summary>
/// <param name="Name">Its file name, without folder.</param>
/// <param name="Purpose">What it is needed for, to follow "needed to".</param>
/// <param name="Package">The Debian package that brings it.</param>
internal sealed record SystemProgram(string Name, string Purpose, string Package)
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Folders to look in behind those of PATH.</summary>
    public ImmutableArray<string> AlsoIn { get; init; } = [];

    /// <summary>The program's path, from the PATH of the run.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5002.</exception>
    public string Find(RunContext context)
    {
        // An empty or relative entry means the current folder: nothing is run from there.
        foreach (string folder in (context.Environment("PATH") ?? "").Split(':').Concat(AlsoIn).Where(Path.IsPathRooted))
        {
            string path = Path.Combine(folder, Name);
            if (File.Exists(path) && (File.GetUnixFileMode(path) & Executable) != 0)
                return path;
        }
        throw OperationErrors.ProgramMissing.With(Name, Purpose, Package);
    }
}
