using System.Collections.Immutable;

namespace KexecSign.Cli.Commands;

/// <summary>The names of other signers' commands that this program answers to, and the word that they stand behind.</summary>
internal static class PeerNames
{
    /// <summary>The word behind <c>kexecsign</c> that takes a name.</summary>
    public const string Word = "as";

    /// <summary>Behind <see cref="Word"/>: tells the names, one a line, for those who make the links.</summary>
    public const string List = "--list";

    /// <summary>What the links in <c>/usr/libexec/kexecsign/compat</c> are called.</summary>
    public static ImmutableArray<string> All { get; } =
        ["sbsign", "sbverify", "sbattach", "systemd-sbsign", "sign-file", "kmodsign", "evmctl", "pesign", "rpmsign"];

    /// <summary>All of them, for people.</summary>
    public static string Listed { get; } = string.Join(", ", All);

    /// <summary>What <c>--help</c> behind <see cref="Word"/> shows.</summary>
    public static string Usage { get; } = $"""
        Answer as another signer's command does, with its options and exit codes.

        Usage: kexecsign {Word} NAME [ARGUMENTS]
               kexecsign {Word} {List}

        NAME is one of: {Listed}.
        Links of these names do the same; '{List}' tells them, one a line.

        """;
}
