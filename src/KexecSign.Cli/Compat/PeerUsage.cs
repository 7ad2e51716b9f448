using System.Text;

namespace KexecSign.Cli.Compat;

/// <summary>How a peer's command is used, made from its table.</summary>
internal static class PeerUsage
{
    public static string Of(PeerCommand peer)
    {
        var text = new StringBuilder();
        text.Append("Usage: ").Append(peer.Name).Append(' ').Append(peer.Usage).Append("\nOptions:\n");
        foreach (PeerOption option in peer.Options)
        {
            text.Append("  ").Append(option.Short == '\0' ? "    " : $"-{option.Short}, ")
                .Append(option.Long.Length == 0 ? "" : "--" + option.Long);
            text.Append(option.Value switch
            {
                PeerValue.None => "",
                PeerValue.Required => " VALUE",
                PeerValue.Optional => "[=VALUE]",
                _ => throw new InvalidOperationException()
            });
            text.Append(option.Refused is null ? "\n" : $"   (refused: {option.Refused})\n");
        }
        return text.Append(
            $"\nThis is KexecSign under the name of {peer.Name}; 'kexecsign {peer.Native} --help' tells of the command behind it.")
            .ToString();
    }
}
