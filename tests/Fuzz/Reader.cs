using System.Collections.Immutable;

namespace KexecSign.Fuzz;

/// <summary>A public reader of the product, and files that it takes.</summary>
/// <param name="Name">Its name, for the table and the corpus.</param>
/// <param name="Seeds">Sound files.</param>
/// <param name="Read">Reads one; a KexecSignException is an answer, any other exception is a fault.</param>
public sealed record Reader(string Name, ImmutableArray<byte[]> Seeds, Action<byte[]> Read);
