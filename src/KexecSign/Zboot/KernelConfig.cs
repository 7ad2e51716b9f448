using System.Collections.Immutable;
using System.Text;
using KexecSign.Compression;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>A kernel's <c>.config</c>: lines <c>CONFIG_NAME=value</c> or <c># CONFIG_NAME is not set</c>.</summary>
internal sealed class KernelConfig
{
    // Debian's largest is 340 KB.
    private const long MaxLength = 8 << 20;

    private readonly ImmutableArray<string> _lines;

    private KernelConfig(ImmutableArray<string> lines) => _lines = lines;

    /// <summary>Reads a configuration, as it is or packed by xz, gzip or zstd, as distributions ship it.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3114, KS3755, KS3754, KS3913, KS3914.</exception>
    public static KernelConfig Read(string path)
    {
        var file = Layout.Of(WholeFile.Read(path, MaxLength, "a kernel configuration"));
        try
        {
            ModuleCompression compression = ModuleCodec.Of(file);
            byte[] text = compression == ModuleCompression.None
                ? file.ReadBytes(0, file.Length)
                : ModuleCodec.Open(file, compression, default).ToArray();
            KernelConfig config = new([.. Encoding.UTF8.GetString(text).Split('\n')]);
            // Without this a file of anything would be a configuration with every option off.
            return config._lines.Any(IsOption) ? config : throw OperationErrors.NotAConfig.With(config._lines.Length);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    /// <summary>Raises KS3756 unless it is for that architecture.</summary>
    public void Require(StubTarget target)
    {
        if (!IsOn(target.ConfigSymbol))
            throw OperationErrors.ConfigOtherMachine.With(target.Architecture, target.ConfigSymbol);
    }

    /// <summary>Whether an option is built in.</summary>
    public bool IsOn(string name) => Value(name) == "y";

    /// <summary>An option's value without quotation marks; null when it is not set.</summary>
    public string? Value(string name)
    {
        string start = $"CONFIG_{name}=";
        return _lines.LastOrDefault(l => l.StartsWith(start, StringComparison.Ordinal))?[start.Length..].Trim('"');
    }

    /// <summary>The compression that the kernel's own build would use: gzip unless another is chosen (Makefile.zboot).</summary>
    public ZbootCompression Compression =>
        (PayloadFormat.Written.FirstOrDefault(format => format != PayloadFormat.Default && IsOn(format.ConfigSymbol))
            ?? PayloadFormat.Default).Compression!.Value;

    /// <summary>The compiler as the configuration names it.</summary>
    public string Compiler => Value("CC_VERSION_TEXT") ?? "unknown";

    /// <summary>The linker; the configuration holds its version as five digits, 24000 for 2.40.</summary>
    public string Linker => IsOn("LD_IS_LLD") ? "LLD " + Version("LLD_VERSION", 10000, 100) : "GNU ld " + Version("LD_VERSION", 10000, 100);

    /// <summary>This configuration with options switched on and off.</summary>
    public KernelConfig With(IEnumerable<string> on, IEnumerable<string> off)
    {
        string[] names = [.. on, .. off];
        return new(
        [
            .. _lines.Where(l => !names.Any(n => Names(l, n))),
            .. on.Select(n => $"CONFIG_{n}=y"),
            .. off.Select(n => $"# CONFIG_{n} is not set"),
            "",
        ]);
    }

    /// <summary>The file's text.</summary>
    public override string ToString() => string.Join('\n', _lines);

    private static bool IsOption(string line) =>
        line.StartsWith("CONFIG_", StringComparison.Ordinal) && line.Contains('=', StringComparison.Ordinal);

    private static bool Names(string line, string name) =>
        line.StartsWith($"CONFIG_{name}=", StringComparison.Ordinal) || line == $"# CONFIG_{name} is not set";

    private string Version(string name, int major, int minor) =>
        int.TryParse(Value(name), out int number) && number > 0 ? $"{number / major}.{number % major / minor}" : "unknown";
}
