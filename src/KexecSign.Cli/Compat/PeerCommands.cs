using System.Text;
using KexecSign.Cli.Commands;
using KexecSign.Core.Errors;

namespace KexecSign.Cli.Compat;

/// <summary>
/// The table of the names that this program answers to beside its own. It is looked at before anything of the program's own command
/// line is made: build systems start these commands thousands of times.
/// </summary>
internal static class PeerCommands
{
    /// <summary>The command of a name; null for none.</summary>
    public static PeerCommand? Named(string name) => name switch
    {
        "sbsign" => new SbsignCommand(),
        "sbverify" => new SbverifyCommand(),
        "sbattach" => new SbattachCommand(),
        "systemd-sbsign" => new SystemdSbsignCommand(),
        "sign-file" => new SignFileCommand("sign-file"),
        "kmodsign" => new SignFileCommand("kmodsign"),
        "evmctl" => new EvmctlCommand(),
        "pesign" => new PesignCommand(),
        "rpmsign" => new RpmsignCommand(),
        _ => null,
    };

    /// <summary>The command that this process was started as, and the words for it; null for the program itself.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3030, KS3854.</exception>
    public static (PeerCommand Peer, IReadOnlyList<string> Words)? Of(string calledAs, IReadOnlyList<string> arguments)
    {
        if (Named(Path.GetFileName(calledAs)) is { } named)
            return (named, arguments);
        if (arguments is not [PeerNames.Word, ..])
            return null;
        if (arguments.Count < 2)
            throw OperationErrors.CommandLine.With($"'{PeerNames.Word}' is followed by the name of a command: {PeerNames.Listed}");
        string name = arguments[1];
        return Named(name) is { } peer
            ? (peer, arguments.Skip(2).ToArray())
            : throw OperationErrors.PeerUnknown.With(name, PeerNames.Listed);
    }

    /// <summary>The name this process was started by, links not followed: the runtime tells the program's own path instead.</summary>
    public static string CalledAs()
    {
        const string path = "/proc/self/cmdline";
        try
        {
            byte[] first = new byte[4096];
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
            int length = RandomAccess.Read(file, first, 0);
            int end = first.AsSpan(0, length).IndexOf((byte)0);
            return Encoding.UTF8.GetString(first, 0, end < 0 ? length : end);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return Environment.ProcessPath ?? "";
        }
    }
}
