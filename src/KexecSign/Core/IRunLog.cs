namespace KexecSign.Core;

/// <summary>Where an operation says what it is doing. No secret is ever passed here.</summary>
public interface IRunLog
{
    /// <summary>Begins a step that may take long; disposing ends it.</summary>
    /// <param name="name">What is being done, for instance <c>compress Image (zstd)</c>.</param>
    /// <param name="totalBytes">Bytes to be worked through; 0 when not known.</param>
    IRunStep Step(string name, long totalBytes = 0);

    /// <summary>Something the user should know though the work goes on.</summary>
    void Warning(string message);

    /// <summary>Something that <c>-v</c> shows.</summary>
    void Detail(string message);
}

/// <summary>A step under way.</summary>
public interface IRunStep : IDisposable
{
    /// <summary>Tells how many bytes more are done.</summary>
    void Advance(long bytes);
}

/// <summary>Says nothing.</summary>
public sealed class SilentLog : IRunLog, IRunStep
{
    /// <summary>The only one.</summary>
    public static SilentLog Instance { get; } = new();

    /// <inheritdoc/>
    public IRunStep Step(string name, long totalBytes = 0) => this;

    /// <inheritdoc/>
    public void Warning(string message)
    {
    }

    /// <inheritdoc/>
    public void Detail(string message)
    {
    }

    /// <inheritdoc/>
    public void Advance(long bytes)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
