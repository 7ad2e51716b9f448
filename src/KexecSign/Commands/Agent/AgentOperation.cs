using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Agents;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;
using KexecSign.Signing;

namespace KexecSign.Commands.Agent;

/// <summary>Options of <c>agent</c>.</summary>
public sealed record AgentOptions
{
    /// <summary>The command and its arguments.</summary>
    public ImmutableArray<string> Command { get; init; } = [];

    /// <summary>The keys that it holds.</summary>
    public ImmutableArray<string> Keys { get; init; } = [];

    /// <summary>The kinds of content that they sign; empty for those that are seen.</summary>
    public ImmutableArray<ContentKind> Kinds { get; init; } = [];

    /// <summary>Most signatures; null for any number.</summary>
    public long? Count { get; init; }

    /// <summary>When it ends, as text.</summary>
    public string? Until { get; init; }

    /// <summary>A policy in the place of these; null for none.</summary>
    public string? Policy { get; init; }

    /// <summary>The audit log; null for none.</summary>
    public string? Audit { get; init; }

    /// <summary>Key and certificate that sign the audit log at the end.</summary>
    public SigningOptions AuditSigning { get; init; } = new();

    /// <summary>Where PINs come from.</summary>
    public PinOptions Pin { get; init; } = new();
}

/// <summary>Result of <c>agent</c>.</summary>
/// <param name="CommandExit">Exit code of the command; 128 and the signal's number when one ended it.</param>
/// <param name="Signed">How many signatures were made.</param>
/// <param name="Refused">How many requests were refused.</param>
/// <param name="Audit">The audit log, if any.</param>
/// <param name="AuditHead">SHA-256 of its last line, lower-case hex.</param>
public sealed record AgentResult(int CommandExit, long Signed, long Refused, string? Audit, string? AuditHead) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => (ExitCode)CommandExit;

    /// <inheritdoc/>
    public override bool IsShown => false;

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"agent: {Signed} signature(s), {Refused} refused", [ReportTable.Fields("", ("audit", Audit), ("last line", AuditHead))], []);
}

/// <summary><c>agent</c>: one login for everything that a command starts.</summary>
internal static class AgentOperation
{
    public static Operation<AgentOptions, AgentResult> Definition { get; } = new()
    {
        Name = "agent",
        Summary = "Hold keys for everything that a command starts: one login, one PIN, an audit log.",
        Details = "kexecsign and its compat commands use the agent by themselves where KEXECSIGN_AGENT names its socket, and open a key "
            + "that it does not hold as without it. Only processes of the same user and session are answered. The agent is shown what it "
            + "signs: module, ima and evm content that could be an image's signed attributes is refused, and a bare digest, of which "
            + "nobody can tell what it is of, is signed only with --kind digest. The exit code is the command's.",
        Body = Run,
        Plan = o =>
        [
            .. PlannedStep.Read(o.Policy), .. o.Keys.SelectMany(k => PlannedStep.Sign("what the command asks for", k, null)),
            new("run", string.Join(' ', o.Command)), .. PlannedStep.Write(o.Audit),
        ],
        TypedResult = () => AgentJson.Default.AgentResult,
        MakeArguments = () =>
        [
            new("COMMAND", "The command and its arguments, behind --.", (o, v) => o with { Command = o.Command.Add(v) }, repeatable: true)
            {
                BehindDashes = true,
            },
        ],
        MakeOptions = () =>
        [
            new("key", "KEY", "A key that it holds: a PKCS#11 URI (RFC 7512), exec:/path of a program that signs, or a PEM file for tests.",
                (o, v) => o with { Keys = o.Keys.Add(v) }, repeatable: true),
            .. SigningOptionSpecs.Pins<AgentOptions>(o => o.Pin, (o, p) => o with { Pin = p }),
            new("kind", "KIND", "What the keys sign; without it all kinds that are seen, which a digest is not.",
                (o, v) => o with
                {
                    Kinds = o.Kinds.Add(AgentPolicy.KindNamed(OptionValues.Choice("kind", v, AgentPolicy.KindNames))!.Value),
                }, repeatable: true, choices: AgentPolicy.KindNames),
            new("count", "N", "Most signatures.", (o, v) => o with { Count = OptionValues.Number("count", v) }),
            new("until", "TIME", "When it ends, for instance 2026-12-01T06:00Z; without it with the command.",
                (o, v) => o with { Until = v }),
            new("policy", "FILE",
                "A policy instead: {\"keys\": [{\"key\": K, \"kinds\": [...], \"count\": N}], \"count\": N, \"until\": TIME}.", (o, v) =>
                o with { Policy = v }),
            new("audit", "FILE",
                "Log of what was signed, a JSON document a line, each with the hash of the line before; one that is there goes on.",
                (o, v) => o with { Audit = v }, kind: OptionKind.PathOut),
            .. SigningOptionSpecs.KeyAndCertificate<AgentOptions>("audit-", "that signs the log at the end (FILE.p7s)",
                o => o.AuditSigning, (o, s) => o with { AuditSigning = s }),
        ],
        Examples =
        [
            new("kexecsign agent --key 'pkcs11:token=release;object=modules' --kind module --pin-file pin --audit audit.jsonl -- make "
                + "modules_install",
                "Sign thousands of modules in one login."),
            new("kexecsign agent --policy agent.json -- dpkg-buildpackage -b", "Build a package whose rules call sbsign and sign-file."),
        ],
    };

    private static AgentResult Run(AgentOptions options, RunContext context)
    {
        AgentPolicy policy = PolicyOf(options);
        if (policy.Keys.IsEmpty)
            throw OperationErrors.AgentWithoutKeys.With();
        if (options.AuditSigning.Key is not null && options.Audit is null)
            throw OperationErrors.OptionMissing.With("agent", $"{new NamedOption("audit")} with {new NamedOption("audit-key")}");
        // Opened before anything runs: a wrong certificate would be found when the log is written and cannot be signed.
        SigningIdentity? auditor = options.AuditSigning.Key is null
            ? null
            : SigningIdentity.Open("agent", options.AuditSigning with { Pin = options.Pin }, context);
        using AuditLog? audit = options.Audit is null ? null : AuditLog.Open(options.Audit, context.Clock);
        AgentPeer.HideMemory();
        using var server = AgentServer.Start(policy, options.Pin, audit, context);
        audit?.Write("begin", json =>
        {
            json.WriteString("command", string.Join(' ', options.Command));
            json.WriteString("keys", string.Join(", ", policy.Keys.Select(k => KeyReference.Canonical(k.Key))));
        });
        int exit = Wait(options, server.SocketPath, context);
        audit?.Write("end", json =>
        {
            json.WriteNumber("exit", exit);
            json.WriteNumber("signed", server.Signed);
            json.WriteNumber("refused", server.Refused);
        });
        audit?.Flush();
        if (auditor is not null)
            Seal(options.Audit!, auditor, context);
        context.Log.Detail($"agent: {server.Signed} signature(s), {server.Refused} refused");
        return new(exit, server.Signed, server.Refused, options.Audit, audit?.Head);
    }

    private static AgentPolicy PolicyOf(AgentOptions options)
    {
        ImmutableArray<ContentKind> kinds = options.Kinds.IsEmpty ? AgentPolicy.Seen : options.Kinds;
        if (options.Policy is null)
            return new([.. options.Keys.Select(k => new AgentKeyRule(k, kinds, null))], options.Count, options.Until is null
                ? null
                : AgentPolicy.Time(options.Until));
        if (!options.Keys.IsEmpty || !options.Kinds.IsEmpty || options.Count is not null || options.Until is not null)
            throw OperationErrors.OptionsConflict.With(new NamedOption("policy"), !options.Keys.IsEmpty ? new NamedOption("key")
                : !options.Kinds.IsEmpty ? new NamedOption("kind") : options.Count is not null ? new NamedOption("count")
                : new NamedOption("until"));
        return AgentPolicy.Read(options.Policy);
    }

    private static int Wait(AgentOptions options, string socket, RunContext context)
    {
        var start = new ProcessStartInfo(options.Command[0]) { UseShellExecute = false };
        foreach (string argument in options.Command.AsSpan()[1..])
            start.ArgumentList.Add(argument);
        start.Environment[AgentMessage.Variable] = socket;
        // The agent has it; what the command starts needs it no more.
        if (options.Pin.EnvironmentVariable is { } secret)
            start.Environment.Remove(secret);
        try
        {
            using Process command = Process.Start(start)
                ?? throw OperationErrors.AgentCommand.With(options.Command[0], "the system gave no process");
            using CancellationTokenRegistration stop = context.Cancellation.Register(() => AgentPeer.Terminate(command.Id));
            command.WaitForExit();
            return command.ExitCode;
        }
        catch (Win32Exception failed)
        {
            throw OperationErrors.AgentCommand.Because(failed, options.Command[0], failed.NativeErrorCode == 2
                ? "there is no such program"
                : $"errno {failed.NativeErrorCode}");
        }
    }

    // As sign-file signs a module: 'openssl cms -verify -binary -content FILE -inform DER -in FILE.p7s' checks it.
    private static void Seal(string log, SigningIdentity auditor, RunContext context)
    {
        byte[] content = WholeFile.Read(log, 1L << 31, "an audit log");
        byte[] signature = auditor.SignContent(ContentKind.Module, CryptographicOperations.HashData(auditor.Hash, content), () => content,
            context.Cancellation, log);
        WrittenFile.Write(
            Layout.Of(DetachedSignedData.Encode(new(SignerName.ByIssuer(auditor.Certificate), auditor.Hash, signature), auditor.Scheme)),
                log + ".p7s", [log], context);
    }
}
