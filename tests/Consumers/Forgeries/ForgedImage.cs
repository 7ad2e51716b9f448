namespace KexecSign.Consumers.Tests.Forgeries;

/// <summary>An image whose signature is right or wrong in one way.</summary>
/// <param name="Name">In which.</param>
/// <param name="File">The image.</param>
internal sealed record ForgedImage(string Name, byte[] File);
