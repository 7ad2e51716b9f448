using KexecSign.Formats.Errors;

namespace KexecSign.Keys.Errors;

/// <summary>Codes KS387x: a key that an agent holds.</summary>
public static class AgentErrors
{
    /// <summary>The agent said no.</summary>
    public static readonly ErrorCode Refused = new(
        "KS3870", "the agent refuses: {0}", "Ask who started [run:agent]; its audit log has the request.");

    /// <summary>The agent is gone, or silent.</summary>
    public static readonly ErrorCode Lost = new(
        "KS3871", "the agent at {0} cannot be asked: {1}.",
        "Start the command again under [run:agent -- COMMAND], or without KEXECSIGN_AGENT in the environment to use the key directly.");

    /// <summary>The agent speaks otherwise.</summary>
    public static readonly ErrorCode Malformed = new(
        "KS3872", "the message is malformed: {0}.", "Use the same version of kexecsign for the agent and for what it starts.");
}
