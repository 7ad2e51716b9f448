using System.Collections.Immutable;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
using KexecSign.Signing;

namespace KexecSign.Cli.Compat;

/// <summary><c>sbsign</c> of sbsigntools.</summary>
internal sealed class SbsignCommand : PeerCommand
{
    private static readonly PeerOption
        Output = PeerOption.With("output", 'o'), Cert = PeerOption.With("cert", 'c'), Key = PeerOption.With("key", 'k'),
        Detached = PeerOption.Flag("detached", 'd'), Verbose = PeerOption.Flag("verbose", 'v'), Engine = PeerOption.With("engine", 'e'),
        AddCert = PeerOption.With("addcert", 'a');

    public override string Name => "sbsign";

    public override string Native => "sign";

    public override string Usage => "[options] --key KEY --cert CERT EFI-BOOT-IMAGE";

    public override ImmutableArray<PeerOption> Options => [Engine, Key, Cert, AddCert, Detached, Output, Verbose, Help, Version];

    public override int Run(PeerArguments arguments, PeerRun run)
    {
        if (arguments.Operands is not [var image])
            return run.Misused(this);
        if (arguments.Value(Cert) is not { } certificate)
            return run.Misused(this, "error: No certificate specified (with --cert)");
        if (arguments.Value(Key) is not { } key)
            return run.Misused(this, "error: No key specified (with --key)");
        PeerKeys.RequireEngine(Name, arguments.Value(Engine), key);
        bool detached = arguments.Has(Detached);
        return run.Writing(arguments.Value(Output) ?? image + (detached ? ".pk7" : ".signed"), output =>
        {
            SignResult result = OperationCatalog.Sign.Run(
                new SignOptions
                {
                    Files = [image],
                    // sbsign writes over its input when it is told to, as the systemd and Debian packages do.
                    Output = PeerRun.Same(output, image) ? null : output,
                    InPlace = PeerRun.Same(output, image),
                    Existing = ExistingSignatures.Append,
                    Detached = detached,
                    TrailingBytes = true,
                    Chain = arguments.Values(AddCert),
                    Signing = new() { Key = key, Certificate = certificate, Pin = run.Pins },
                },
                run.Context);
            run.Tell(result.Signed[0].Kept > 0 ? SbattachCommand.AddedBehind : "Signing Unsigned original image");
            return 0;
        });
    }
}
