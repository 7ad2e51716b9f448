namespace KexecSign.Formats.Bpf;

/// <summary>Which kernel series a parser object was made for; they are never mixed.</summary>
public enum ParserAbi
{
    /// <summary>Hook <c>bpf_handle_pefile</c>: series v3 to v5.</summary>
    V5,

    /// <summary>Hook <c>kexec_image_parser_anchor</c>, and the image is in the context's <c>kernel</c>: series v6.</summary>
    V6,

    /// <summary>The same hook, and the image is in the context's <c>parsing_buf</c>: series v7.</summary>
    V7,

    /// <summary>The hook of v6 and v7, but nothing that tells which: only the packets that it sends do.</summary>
    V6OrV7,

    /// <summary>Neither hook's name is in the loader's data.</summary>
    Unknown,
}
