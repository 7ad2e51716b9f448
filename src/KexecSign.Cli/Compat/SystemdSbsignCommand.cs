using System.Collections.Immutable;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
using KexecSign.Signing;

namespace KexecSign.Cli.Compat;

/// <summary><c>systemd-sbsign</c>.</summary>
internal sealed class SystemdSbsignCommand : PeerCommand
{
    private const string Offline = "Use 'kexecsign prepare --level attributes' and 'kexecsign attach', which bind an answer to its image";

    private static readonly PeerOption
        Output = PeerOption.With("output"), Certificate = PeerOption.With("certificate"),
        CertificateSource = PeerOption.With("certificate-source"),
        Key = PeerOption.With("private-key"), KeySource = PeerOption.With("private-key-source"),
        Prepare = PeerOption.Flag("prepare-offline-signing").No("what is written out does not name its image", Offline),
        Data = PeerOption.With("signed-data").No("it does not name its image", Offline),
        DataSignature = PeerOption.With("signed-data-signature").No("it does not name its image", Offline),
        SystemdVersion = PeerOption.Flag("version");

    public override string Name => "systemd-sbsign";

    public override string Native => "sign";

    public override string Usage => "[OPTIONS...] sign EXEFILE | validate-key";

    public override ImmutableArray<PeerOption> Options =>
        [Help, SystemdVersion, Output, Certificate, CertificateSource, Key, KeySource, Prepare, Data, DataSignature];

    public override int Run(PeerArguments arguments, PeerRun run)
    {
        if (arguments.Has(SystemdVersion))
        {
            run.Say($"{Name} of KexecSign {Terminal.ProgramVersion.Number}");
            return 0;
        }
        switch (arguments.Operands)
        {
            case ["help"]:
                return run.Shown(this);
            case ["validate-key"]:
                return Validate(arguments, run);
            case ["sign", var image]:
                return Sign(arguments, image, run);
            case []:
                return Wrong(run, "Command verb required.");
            case ["sign" or "validate-key", ..]:
                return Wrong(run, arguments.Operands.Length < 2 ? "Too few arguments." : "Too many arguments.");
            default:
                return Wrong(run, $"Unknown command verb '{arguments.Operands[0]}'.");
        }
    }

    private int Sign(PeerArguments arguments, string image, PeerRun run)
    {
        if (arguments.Value(Output) is not { } path)
            return Wrong(run, "No output specified, use --output=.");
        if (Signing(arguments, run) is not { } signing)
            return FailureExit;
        return run.Writing(path, output =>
        {
            OperationCatalog.Sign.Run(
                new SignOptions
                {
                    Files = [image],
                    Output = PeerRun.Same(output, image) ? null : output,
                    InPlace = PeerRun.Same(output, image),
                    Existing = ExistingSignatures.Append,
                    TrailingBytes = true,
                    SigningTime = run.Environment("SOURCE_DATE_EPOCH") is not null,
                    Signing = signing,
                },
                run.Context);
            run.Tell($"Wrote signed PE binary to {path}");
            return 0;
        });
    }

    // Whether key and certificate can be opened and belong together, by signing nothing that anybody verifies.
    private int Validate(PeerArguments arguments, PeerRun run)
    {
        if (Signing(arguments, run) is not { } signing)
            return FailureExit;
        KeyValidation.Run(signing, run.Context);
        run.Tell("OK");
        return 0;
    }

    private SigningOptions? Signing(PeerArguments arguments, PeerRun run)
    {
        PeerKeys.RequireSource(Name, KeySource.Typed, arguments.Value(KeySource));
        PeerKeys.RequireSource(Name, CertificateSource.Typed, arguments.Value(CertificateSource));
        if (arguments.Value(Certificate) is not { } certificate)
        {
            run.Tell("No certificate specified, use --certificate=.");
            return null;
        }
        if (arguments.Value(Key) is not { } key)
        {
            run.Tell("No private key specified, use --private-key=.");
            return null;
        }
        return new() { Key = key, Certificate = certificate, Pin = run.Pins };
    }

    private int Wrong(PeerRun run, string says)
    {
        run.Tell(says);
        return UsageExit;
    }
}
