using System.Collections.Immutable;

namespace KexecSign.Cli.Compat;

/// <summary>
/// A command of another project, answered to under its name: the same options, the same words on the same stream where callers read
/// them, the same exit codes. What it accepts and we refuse on purpose is refused with our reason.
/// </summary>
internal abstract class PeerCommand
{
    public static readonly PeerOption Help = PeerOption.Flag("help", 'h'), Version = PeerOption.Flag("version", 'V');

    /// <summary>Its name.</summary>
    public abstract string Name { get; }

    /// <summary>The command of ours that does the same.</summary>
    public abstract string Native { get; }

    /// <summary>What it is called with, below "Usage:".</summary>
    public abstract string Usage { get; }

    /// <summary>The options that the peer has; help and version stand here where the peer has them.</summary>
    public abstract ImmutableArray<PeerOption> Options { get; }

    /// <summary>Exit code of a command line that makes no sense.</summary>
    public virtual int UsageExit => 1;

    /// <summary>Exit code of everything else that fails.</summary>
    public virtual int FailureExit => 1;

    /// <summary>Does what it is asked to; its exit code.</summary>
    public abstract int Run(PeerArguments arguments, PeerRun run);
}
