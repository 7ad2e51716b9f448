using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Catalog;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Signatures;
using KexecSign.Core.Errors;
using KexecSign.Formats.Vocabulary;
using KexecSign.Inspection;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Cli.Compat;

/// <summary><c>pesign</c>, with keys in tokens: an NSS folder is refused.</summary>
internal sealed class PesignCommand : PeerCommand
{
    private const string Bundles = "Use 'kexecsign prepare' and 'kexecsign attach', which bind an answer to its image";
    private const string Line = "---------------------------------------------";

    private static readonly PeerOption
        In = PeerOption.With("in", 'i'), Out = PeerOption.With("out", 'o'), Certificate = new("certficate", 'c', PeerValue.Required),
        Certificate2 = PeerOption.With("certificate"), Folder = PeerOption.With("certdir", 'n'), Force = PeerOption.Flag("force", 'f'),
        Sign = PeerOption.Flag("sign", 's'), HashIt = PeerOption.Flag("hash", 'h'), Digest = PeerOption.With("digest_type", 'd'),
        Number = PeerOption.With("signature-number", 'u'), Token = PeerOption.With("nss-token", 't'), Token2 = PeerOption.With("token"),
        Show = PeerOption.Flag("show-signature", 'S'), Show2 = PeerOption.Flag("list-signatures", 'l'),
        Remove = PeerOption.Flag("remove-signature", 'r'),
        Export = PeerOption.With("export-signature", 'e'), Import = PeerOption.With("import-signature", 'm'),
        Armor = PeerOption.Flag("ascii-armor", 'a'),
        Verbose = PeerOption.Flag("verbose", 'v'), Padding = PeerOption.Flag("padding", 'P'), PinFile = PeerOption.With("pinfile"),
        PwFile = PeerOption.With("pwfile"),
        NoFork = PeerOption.Flag("nofork", 'N').No("there is no daemon", "Use 'kexecsign agent -- COMMAND'"),
        Daemon = PeerOption.Flag("daemonize", 'D').No("there is no daemon", "Use 'kexecsign agent -- COMMAND'"),
        ExportAttributes = PeerOption.With("export-signed-attributes", 'E').No("they do not name their image", Bundles),
        ImportAttributes = PeerOption.With("import-signed-attributes", 'I').No("they do not name their image", Bundles),
        ImportRaw = PeerOption.With("import-raw-signature", 'R').No("it does not name its image", Bundles),
        ExportKey = PeerOption.With("export-pubkey", 'K').No("keys are exported by another command", "Use 'kexecsign keys export'"),
        ExportCert = PeerOption.With("export-cert", 'C').No("certificates are exported by another command", "Use 'kexecsign keys export'"),
        Usage1 = PeerOption.Flag("usage"), PesignHelp = PeerOption.Flag("help", '?');

    public override string Name => "pesign";

    public override string Native => "sign";

    public override string Usage => "-s -i IN -o OUT -t TOKEN -c NAME | -h -i IN | -S -i IN | -r -i IN -o OUT";

    public override ImmutableArray<PeerOption> Options =>
    [
        In, Out, Certificate, Certificate2, Folder, Force, Sign, HashIt, Digest, Number, Token, Token2, Show, Show2, Remove, Export,
        Import, Armor, Verbose, Padding,
        PinFile, PwFile, NoFork, Daemon, ExportAttributes, ImportAttributes, ImportRaw, ExportKey, ExportCert, Usage1, PesignHelp,
    ];

    public override int Run(PeerArguments arguments, PeerRun run)
    {
        if (arguments.Has(PesignHelp) || arguments.Has(Usage1))
            return run.Shown(this);
        if (!arguments.Operands.IsEmpty)
        {
            run.Tell($"pesign: Invalid Argument: \"{arguments.Operands[0]}\"");
            return UsageExit;
        }
        if (arguments.Value(In) is not { } image)
            return Told(run, "pesign: No input file specified.");
        if (arguments.Has(Show) || arguments.Has(Show2))
            return List(image, run);
        if (arguments.Has(HashIt))
            return Hash(arguments, image, run);
        if (arguments.Value(Export) is { } signature)
            return Written(arguments, signature, run, output => OperationCatalog.SignaturesExtract.Run(
                new SignaturesExtractOptions { File = image, Index = Index(arguments), Pem = arguments.Has(Armor), Output = output },
                    run.Context));
        if (!arguments.Has(Sign) && !arguments.Has(Remove) && !arguments.Has(Import))
            return run.Misused(this);
        if (arguments.Value(Out) is not { } path)
            return Told(run, "pesign: No output file specified.");
        if (PeerRun.Same(path, image))
            return Told(run, "pesign: in-place file editing is not yet supported");
        if (arguments.Value(Import) is { } imported)
            return Written(arguments, path, run, output => OperationCatalog.SignaturesAdd.Run(
                new SignaturesAddOptions { File = image, Signatures = [imported], Output = output, TrailingBytes = true }, run.Context));
        if (arguments.Has(Remove))
            return Written(arguments, path, run, output => OperationCatalog.SignaturesRemove.Run(
                new SignaturesRemoveOptions { File = image, Indexes = [Index(arguments)], Output = output, TrailingBytes = true },
                    run.Context));
        SigningOptions signing = Signing(arguments, run);
        return Written(arguments, path, run, output => OperationCatalog.Sign.Run(
            new SignOptions
            {
                Files = [image],
                Output = output,
                Existing = ExistingSignatures.Append,
                TrailingBytes = true,
                Signing = signing,
            }, run.Context));
    }

    private static int List(string image, PeerRun run)
    {
        SignaturesListResult listed = OperationCatalog.SignaturesList.Run(new SignaturesListOptions { File = image }, run.Context);
        if (listed.Signatures.IsEmpty)
        {
            run.Say("No signatures found.");
            return 0;
        }
        foreach (ListedSignature signature in listed.Signatures)
        {
            run.Say(Line);
            run.Say("Content was not encrypted.");
            run.Say(signature.SignatureHolds == true && signature.DigestMatches == true
                ? "Signature holds by the certificate in it."
                : "Signature does NOT hold.");
            run.Say($"The signer's common name is {CommonName(signature.Signer?.Subject)}");
            run.Say("No signer email address.");
            if (signature.SigningTime is { } time)
                run.Say($"Signing time: {time.UtcDateTime.ToString("ddd MMM dd, yyyy", CultureInfo.InvariantCulture)}");
            run.Say("There were certs or crls included.");
        }
        run.Say(Line);
        return 0;
    }

    private int Hash(PeerArguments arguments, string image, PeerRun run)
    {
        InspectResult found = OperationCatalog.Inspect.Run(new InspectOptions { File = image }, run.Context);
        if (DigestOf(arguments) is not (null or "sha256") and { } other)
            throw OperationErrors.PeerDigestRefused.With(Name, $"-h -d {other}", "image digests are shown by SHA-256 here", "sha256");
        if (found is not { Canonical: true, AuthenticodeSha256: { } digest })
            return Told(run, found.Traps is [var trap, ..] ? trap : $"pesign: {image} has no one image digest");
        run.Say($"hash: {digest}");
        return 0;
    }

    private int Written<T>(PeerArguments arguments, string path, PeerRun run, Func<string, T> write)
    {
        if (File.Exists(path) && !arguments.Has(Force))
            return Told(run, $"pesign: \"{path}\" exists and --force was not given.");
        run.Writing(path, write);
        return 0;
    }

    private SigningOptions Signing(PeerArguments arguments, PeerRun run)
    {
        string? name = arguments.Value(Certificate2) ?? arguments.Value(Certificate), token = arguments.Value(Token2)
            ?? arguments.Value(Token);
        string? file = arguments.Value(PinFile) ?? arguments.Value(PwFile);
        PinOptions pins = file is null ? run.Pins : new() { File = file };
        if (run.Environment("KEXECSIGN_PESIGN_KEY") is { } key && run.Environment("KEXECSIGN_PESIGN_CERT") is { } certificate)
            return new() { Key = key, Certificate = certificate, Pin = pins, Digest = DigestOf(arguments) };
        // NSS writes TOKEN:NAME too.
        if (token is null && name?.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
            (token, name) = (name[..colon], name[(colon + 1)..]);
        if (token is null or "NSS Certificate DB")
            throw OperationErrors.NssRefused.With(arguments.Value(Folder) ?? "/etc/pki/pesign");
        if (name is null)
            throw OperationErrors.PeerOptionBare.With(Name, "--certificate");
        string uri = $"pkcs11:token={Uri.EscapeDataString(token)};object={Uri.EscapeDataString(name)}";
        return new() { Key = uri + ";type=private", Certificate = uri + ";type=cert", Pin = pins, Digest = DigestOf(arguments) };
    }

    private string? DigestOf(PeerArguments arguments) =>
        arguments.Value(Digest) is { } name ? PeerDigests.Known(Name, name, HashUses.Image) : null;

    private static int Index(PeerArguments arguments) =>
        int.TryParse(arguments.Value(Number), CultureInfo.InvariantCulture, out int number) && number >= 0 ? number : 0;

    private static string CommonName(string? subject)
    {
        string name = OpenSslName.Of(subject);
        int at = name.LastIndexOf("/CN=", StringComparison.Ordinal);
        return at < 0 ? name : name[(at + 4)..].Split('/')[0];
    }

    private int Told(PeerRun run, string says)
    {
        run.Tell(says);
        return FailureExit;
    }
}
