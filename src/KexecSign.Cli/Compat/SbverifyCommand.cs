using System.Collections.Immutable;
using KexecSign.Catalog;
using KexecSign.Commands.Signatures;
using KexecSign.Core;

namespace KexecSign.Cli.Compat;

/// <summary><c>sbverify</c> of sbsigntools.</summary>
internal sealed class SbverifyCommand : PeerCommand
{
    private static readonly PeerOption
        Cert = PeerOption.With("cert", 'c'), List = PeerOption.Flag("list", 'l'), Detached = PeerOption.With("detached", 'd'),
        Verbose = PeerOption.Flag("verbose", 'v');

    public override string Name => "sbverify";

    public override string Native => "verify";

    public override string Usage => "[options] --cert CERT EFI-BOOT-IMAGE";

    public override ImmutableArray<PeerOption> Options => [Cert, List, Detached, Verbose, Help, Version];

    public override int Run(PeerArguments arguments, PeerRun run)
    {
        if (arguments.Operands is not [var image])
            return run.Misused(this);
        SignaturesListResult listed = OperationCatalog.SignaturesList.Run(
            new SignaturesListOptions { File = image, Certificates = arguments.Values(Cert), Signature = arguments.Value(Detached) },
                run.Context);
        if (listed.Signatures.IsEmpty)
            run.Say("No signature table present");
        int number = 0;
        bool list = arguments.Has(List);
        foreach (ListedSignature signature in listed.Signatures)
        {
            // Nested ones, which only Windows reads, are none to sbverify.
            if (signature.Index.Contains('.', StringComparison.Ordinal))
                continue;
            number++;
            if (list || arguments.Has(Verbose))
                Show(number, signature, run);
            if (signature.Problem is { } problem)
                run.Tell(problem);
            if (!list && signature.DigestMatches == false)
                run.Tell("Image fails hash check");
        }
        if (list)
            return 0;
        bool holds = listed.Signatures.Any(s => s.LeadsTo is not null && !s.Index.Contains('.', StringComparison.Ordinal));
        run.Say(holds ? "Signature verification OK" : "Signature verification failed");
        return holds ? (int)ExitCode.Done : FailureExit;
    }

    private static void Show(int number, ListedSignature signature, PeerRun run)
    {
        run.Say($"signature {number}");
        run.Say("image signature issuers:");
        run.Say($" - {OpenSslName.Of(signature.Signer?.Issuer)}");
        run.Say("image signature certificates:");
        foreach (ListedSigner certificate in signature.Signer is { } signer ? [signer, .. signature.Chain] : signature.Chain)
        {
            run.Say($" - subject: {OpenSslName.Of(certificate.Subject)}");
            run.Say($"   issuer:  {OpenSslName.Of(certificate.Issuer)}");
        }
    }
}
