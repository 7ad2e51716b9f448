using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Catalog;
using KexecSign.Commands.Signatures;

namespace KexecSign.Cli.Compat;

/// <summary><c>sbattach</c> of sbsigntools.</summary>
internal sealed class SbattachCommand : PeerCommand
{
    /// <summary>What sbsign and sbattach say of an image that was signed before.</summary>
    public const string AddedBehind = "Image was already signed; adding additional signature";

    private static readonly PeerOption
        Attach = PeerOption.With("attach", 'a'), Detach = PeerOption.With("detach", 'd'), Remove = PeerOption.Flag("remove", 'r'),
        Number = PeerOption.With("signum", 's');

    public override string Name => "sbattach";

    public override string Native => "signatures add";

    public override string Usage => "--attach SIGFILE IMAGE | --detach SIGFILE [--remove] IMAGE | --remove IMAGE";

    public override ImmutableArray<PeerOption> Options => [Attach, Detach, Remove, Number, Help, Version];

    public override int Run(PeerArguments arguments, PeerRun run)
    {
        if (arguments.Has(Attach) && arguments.Has(Detach))
            return run.Misused(this, "Multiple actions specified");
        if (arguments.Operands is not [var image])
            return run.Misused(this);
        if (arguments.Has(Attach) && arguments.Has(Remove))
        {
            run.Tell("Can't use --remove with --attach");
            return UsageExit;
        }
        int index = Math.Max(0, int.TryParse(arguments.Value(Number), CultureInfo.InvariantCulture, out int number) ? number - 1 : 0);
        if (arguments.Value(Attach) is { } attached)
        {
            SignaturesAddResult added = OperationCatalog.SignaturesAdd.Run(
                new SignaturesAddOptions { File = image, Signatures = [attached], InPlace = true, TrailingBytes = true }, run.Context);
            run.Tell(added.Kept > 0 ? AddedBehind : "Signing Unsigned original image");
            return 0;
        }
        if (arguments.Value(Detach) is { } detached)
            run.Writing(detached, output => OperationCatalog.SignaturesExtract.Run(
                new SignaturesExtractOptions { File = image, Index = index, Output = output }, run.Context));
        else if (!arguments.Has(Remove))
            return run.Misused(this, "No action (attach/detach/remove) specified");
        if (arguments.Has(Remove))
            OperationCatalog.SignaturesRemove.Run(new SignaturesRemoveOptions
            {
                File = image,
                Indexes = [index],
                InPlace = true,
                TrailingBytes = true,
            }, run.Context);
        return 0;
    }
}
