using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Catalog;
using KexecSign.Commands.Rpm;
using KexecSign.Core.Errors;
using KexecSign.Core;

namespace KexecSign.Cli.Compat;

/// <summary>
/// <c>rpmsign --signfiles</c>: the IMA signatures of a package's files. OpenPGP signatures of packages are RPM's own work.
/// </summary>
internal sealed class RpmsignCommand : PeerCommand
{
    private const string OpenPgp = "Run this first, then rpmsign of rpm with the same option and without --signfiles";

    private static readonly PeerOption
        SignFiles = PeerOption.Flag("signfiles"), Key = PeerOption.With("fskpath"), Cert = PeerOption.With("certpath"),
        AddSign = PeerOption.Flag("addsign").No("a package's OpenPGP signature is made by rpm", OpenPgp),
        Resign = PeerOption.Flag("resign").No("a package's OpenPGP signature is made by rpm", OpenPgp),
        DelSign = PeerOption.Flag("delsign").No("a package's OpenPGP signature is taken off by rpm", "Use rpmsign of rpm"),
        SignVerity = PeerOption.Flag("signverity").No("fs-verity's own signatures are gone from RPM", "Use --signfiles");

    public override string Name => "rpmsign";

    public override string Native => "rpm sign";

    public override string Usage => "--signfiles --fskpath KEY [--certpath CERT] PACKAGE...";

    public override ImmutableArray<PeerOption> Options => [SignFiles, Key, Cert, AddSign, Resign, DelSign, SignVerity, Help, Version];

    public override int Run(PeerArguments arguments, PeerRun run)
    {
        if (!arguments.Has(SignFiles) || arguments.Operands.IsEmpty)
            return run.Misused(this);
        string key = arguments.Value(Key) ?? throw OperationErrors.PeerOptionBare.With(Name, Key.Typed);
        RpmSignResult result = OperationCatalog.RpmSign.Run(
            new RpmSignOptions
            {
                Files = arguments.Operands,
                InPlace = true,
                Replace = true,
                // A key file may hold its certificate, as the peers' own keys do.
                Signing = new() { Key = key, Certificate = arguments.Value(Cert) ?? key, Pin = run.Pins },
            },
            run.Context);
        foreach (FileOutcome file in result.Files.Where(f => f.Message is not null))
            run.Tell(file.Message!);
        return result.Exit == ExitCode.Done ? 0 : FailureExit;
    }
}
