using System.Collections.Immutable;
using KexecSign.Catalog;
using KexecSign.Commands.Modules;
using KexecSign.Core;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Pins;

namespace KexecSign.Cli.Compat;

/// <summary><c>scripts/sign-file</c> of the kernel, and Ubuntu's <c>kmodsign</c>, which is the same program.</summary>
internal sealed class SignFileCommand(string name) : PeerCommand
{
    private static readonly PeerOption
        Detached = PeerOption.Flag("", 'd'), Save = PeerOption.Flag("", 'p'), KeyId = PeerOption.Flag("", 'k'),
        Raw = PeerOption.Flag("", 's'),
        Hashed = PeerOption.Flag("", 'D').No("kmodsign writes a signature over the hash alone, which no kernel reads", "Use -d");

    public override string Name => name;

    public override string Native => "module sign";

    public override string Usage => "[-dpk] HASH KEY X509 MODULE [DEST] | -s SIGNATURE HASH X509 MODULE [DEST]";

    public override ImmutableArray<PeerOption> Options => [Detached, Save, KeyId, Raw, Hashed];

    public override int UsageExit => 2;

    public override int Run(PeerArguments arguments, PeerRun run)
    {
        if (arguments.Operands is not { Length: 4 or 5 } words)
        {
            run.Tell($"Usage: scripts/{Name} [-dp] <hash algo> <key> <x509> <module> [<dest>]");
            run.Tell($"       scripts/{Name} -s <raw sig> <hash algo> <x509> <module> [<dest>]");
            return UsageExit;
        }
        bool raw = arguments.Has(Raw), detached = arguments.Has(Detached);
        bool inPlace = words.Length == 4 || PeerRun.Same(words[4], words[3]);
        string hash = PeerDigests.Known(Name, raw ? words[1] : words[0], HashUses.Module);
        var options = new ModuleSignOptions
        {
            Files = [words[3]],
            Output = inPlace || detached ? null : words[4],
            InPlace = inPlace && !detached,
            Replace = true,
            Signature = raw ? words[0] : null,
            KeyIdentifier = arguments.Has(KeyId),
            Detached = detached,
            SaveSignature = arguments.Has(Save) && !detached,
            Signing = raw ? new() : new() { Key = words[1], Certificate = words[2], Pin = Pins(run), Digest = hash },
        };
        ModuleSignResult result = OperationCatalog.ModuleSign.Run(options, run.Context);
        foreach (string? message in result.Files.Select(f => f.Message))
        {
            if (message is not null)
                run.Tell(message);
        }
        return result.Exit == ExitCode.Done ? 0 : FailureExit;
    }

    // The kernel's build hands the phrase of its key over in KBUILD_SIGN_PIN.
    private static PinOptions Pins(PeerRun run) =>
        run.Environment("KBUILD_SIGN_PIN") is null ? run.Pins : new() { EnvironmentVariable = "KBUILD_SIGN_PIN" };
}
