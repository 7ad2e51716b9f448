namespace KexecSign.Batches;

/// <summary>A file that could not be signed.</summary>
/// <param name="File">The file.</param>
/// <param name="Code">KS code.</param>
/// <param name="Message">The error line.</param>
public sealed record FailedFile(string File, string Code, string Message);
