namespace KexecSign.Files;

/// <summary>
/// Whether a file is this user's or root's alone, and so is the way to it: for what is run with the caller's rights. What another user may
/// have put there would be given them.
/// </summary>
internal static class OwnPath
{
    private const uint AnybodyWrites = 0x2, Execute = 0x49;
    private const int MaxLinks = 40;

    /// <summary>What is wrong with a program's path, in words; null for nothing.</summary>
    /// <remarks>
    /// Goes the path as the system does, part by part and through each link, so that every folder where a part of it is looked up is
    /// seen: whoever may rename there decides what is run. After that the path as given is as good as the resolved one.
    /// </remarks>
    /// <param name="program">The absolute path.</param>
    /// <exception cref="IOException">It cannot be told.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be told.</exception>
    public static string? FaultOfProgram(string program)
    {
        var parts = new Stack<string>();
        Push(parts, program);
        string at = "/";
        int links = 0;
        if (FileFacts.Of(at) is { } top && FaultOfFolder(at, top) is { } root)
            return root;
        while (parts.TryPop(out string? part))
        {
            if (part == "..")
            {
                at = Path.GetDirectoryName(at) ?? "/";
                continue;
            }
            string next = Path.Combine(at, part);
            FileFacts? facts = FileFacts.Of(next, followLink: false);
            if (facts is null)
                return "it does not exist";
            if (facts.Kind == FileKind.Link)
            {
                if (facts.IsForeign)
                    return $"the link '{next}' belongs to user {facts.Owner}";
                if (++links > MaxLinks || new FileInfo(next).LinkTarget is not { } target)
                    return $"the link '{next}' leads nowhere";
                Push(parts, target);
                at = target.StartsWith('/') ? "/" : at;
                continue;
            }
            if (parts.Count == 0)
                return FaultOfFile(facts);
            if (FaultOfFolder(next, facts) is { } folder)
                return folder;
            at = next;
        }
        return "it is a folder";
    }

    private static void Push(Stack<string> parts, string path)
    {
        foreach (string part in path.Split('/').Where(part => part is not ("" or ".")).Reverse())
            parts.Push(part);
    }

    private static string? FaultOfFolder(string folder, FileFacts facts) => facts switch
    {
        { Kind: not FileKind.Folder } => $"'{folder}' is no folder",
        { IsForeign: true } => $"its folder '{folder}' belongs to user {facts.Owner}",
        // The caller's own group may write many a home folder; in a sticky one (/tmp) nobody takes away what is another's.
        { Mode: var mode, IsSharedSticky: false } when (mode & AnybodyWrites) != 0 =>
            $"the mode of its folder '{folder}' is {Octal(mode)}, so that others may replace it",
        _ => null,
    };

    private static string? FaultOfFile(FileFacts facts) => facts switch
    {
        { Kind: not FileKind.Regular } => $"it is {facts.Described}",
        { OthersWrite: true } => $"its mode is {Octal(facts.Mode)}, so that others may write it",
        { Mode: var mode } when (mode & Execute) == 0 => $"its mode is {Octal(mode)}, so that nobody may run it",
        { IsForeign: true } => $"it belongs to user {facts.Owner}",
        _ => null,
    };

    private static string Octal(uint mode) => Convert.ToString(mode, 8).PadLeft(4, '0');
}
