using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Core.Operations;

/// <summary>
/// The paths that were given to be read and to be written. One path for both is refused before anything is done, whatever the command; what
/// is one file by other names, or is read without having been named, the layer that touches the disk finds out.
/// </summary>
internal sealed class GivenPaths
{
    private const string Output = "o";

    private readonly List<(string Path, string? Option)> _read = [], _written = [];

    /// <summary>Notes the value of an option.</summary>
    public void Add(OptionSpec option, string value)
    {
        if (option.Kind is OptionKind.PathIn)
            _read.Add((value, option.Name));
        else if (option.Kind is OptionKind.PathOut)
            _written.Add((value, option.Name));
    }

    /// <summary>Notes an argument.</summary>
    public void Add(ArgumentSpec argument, string value)
    {
        if (argument.Kind is OptionKind.PathIn)
            _read.Add((value, null));
    }

    /// <summary>Refuses an output in the place of an input.</summary>
    /// <exception cref="KexecSignException">KS3005, KS3052.</exception>
    public void Require()
    {
        foreach ((string written, string? option) in _written.Where(w => IsFile(w.Path)))
        {
            string full = Path.GetFullPath(written);
            foreach ((string read, string? from) in _read.Where(r => IsFile(r.Path) && Path.GetFullPath(r.Path) == full))
                throw (from is null && option == Output ? OperationErrors.OutputIsInput.With() : OperationErrors.OutputIsRead.With(read))
                    .In(written);
        }
    }

    // Standard input and output are two things, and what is a device or another process's stays what it is.
    private static bool IsFile(string path) => path != "-" && !path.Contains('\0', StringComparison.Ordinal)
        && !path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/proc/", StringComparison.Ordinal);
}
