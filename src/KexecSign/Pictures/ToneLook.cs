namespace KexecSign.Pictures;

/// <summary>How a yes, a no and what is neither look: a sign beside the colour, so that nothing is told by colour alone.</summary>
/// <param name="Sign">The sign in front of the words.</param>
/// <param name="Style">The class in the style sheet.</param>
/// <param name="Emoji">The sign in Markdown, which has no colours.</param>
internal sealed record ToneLook(string Sign, string Style, string Emoji)
{
    /// <summary>The look of a tone.</summary>
    public static ToneLook Of(PictureTone tone) => tone switch
    {
        PictureTone.Good => new("✓", "good", "✅"),
        PictureTone.Bad => new("✗", "bad", "❌"),
        PictureTone.Open => new("○", "open", "⚪"),
        PictureTone.None => new("–", "none", "–"),
        _ => throw new System.Diagnostics.UnreachableException($"{tone}"),
    };
}
