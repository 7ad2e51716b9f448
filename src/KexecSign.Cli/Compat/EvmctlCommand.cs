using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Catalog;
using KexecSign.Commands.Ima;
using KexecSign.Core.Errors;
using KexecSign.Core;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Cli.Compat;

/// <summary><c>evmctl</c> of ima-evm-utils: signing, hashing and verifying for IMA, portable signatures for EVM.</summary>
internal sealed class EvmctlCommand : PeerCommand
{
    private const string SigningKey = "/etc/keys/privkey_evm.pem", VerifyingKey = "/etc/keys/x509_evm.der";
    private const string Inode = "a signature over inode and generation holds on one file system alone, and no package can carry it";

    private static readonly PeerOption
        EvmctlVersion = PeerOption.Flag("version"), ImaSig = PeerOption.Flag("imasig", 's'), ImaHash = PeerOption.Flag("imahash", 'd'),
        Hash = PeerOption.With("hashalgo", 'a'), SigFile = PeerOption.Flag("sigfile", 'f'), Key = PeerOption.With("key", 'k'),
        Portable = PeerOption.Flag("portable", 'o'), Recursive = PeerOption.Flag("recursive", 'r'), Types = PeerOption.With("type", 't'),
        NoXattr = PeerOption.Flag("", 'n'), Verbose = PeerOption.Flag("", 'v'), Uid = PeerOption.With("uid"), Gid = PeerOption.With("gid"),
        Mode = PeerOption.With("mode"), Ima = PeerOption.With("ima"), Selinux = PeerOption.With("selinux"),
        KeyId = PeerOption.With("keyid"),
        KeyIdFromCert = PeerOption.With("keyid-from-cert"), XattrUser = PeerOption.Flag("xattr-user"), Engine = PeerOption.With("engine"),
        Pass = new("pass", 'p', PeerValue.Optional), Caps = new("caps", '\0', PeerValue.Optional),
        Uuid = new("uuid", 'u', PeerValue.Optional),
        M64 = PeerOption.Flag("m64", '6'),
        // What was posted for evmctl after 1.6.2; Debian's knows neither.
        Version2 = PeerOption.Flag("v2"),
        Version3 = PeerOption.Flag("v3"),
        Rsa = PeerOption.Flag("rsa", '1').No("kernels have dropped version 1 signatures", "Leave it out"),
        Immutably = PeerOption.Flag("immutable", 'i').No("no kernel verifies it", "Use --portable"),
        Smack = PeerOption.Flag("smack").No("Smack's attributes are covered as the kernel covers them, always", "Leave it out"),
        M32 = PeerOption.Flag("m32", '3').No("portable signatures are the same on every machine", "Leave it out"),
        // Portable signatures cover neither, with evmctl as here; without --portable nothing is signed.
        InodeNumber = PeerOption.With("inode"),
        Generation = PeerOption.With("generation"),
        Verity = PeerOption.Flag("veritysig").No("digests from standard input are not signed: what they are of is not seen",
            "Use 'kexecsign ima sign --verity FILE'");

    public override string Name => "evmctl";

    public override string Native => "ima sign";

    public override string Usage => "[options] sign|verify|ima_sign|ima_verify|ima_hash|ima_setxattr FILE...";

    public override ImmutableArray<PeerOption> Options =>
    [
        Help, EvmctlVersion, ImaSig, ImaHash, Hash, SigFile, Key, Portable, Recursive, Types, NoXattr, Verbose, Uid, Gid, Mode, Ima,
        Selinux, Caps, KeyId,
        KeyIdFromCert, XattrUser, Engine, Pass, Uuid, M64, Version2, Version3, Rsa, Immutably, Smack, M32, InodeNumber, Generation,
        Verity,
    ];

    public override int FailureExit => 125;

    public override int Run(PeerArguments arguments, PeerRun run)
    {
        if (arguments.Has(EvmctlVersion))
        {
            run.Say($"{Name} of KexecSign {Terminal.ProgramVersion.Number}");
            return 0;
        }
        if (arguments.Operands is not [var verb, .. var files])
            return run.Misused(this);
        switch (verb)
        {
            case "help":
                return run.Shown(this);
            case "ima_sign" or "ima_hash" or "ima_verify" or "sign" or "verify" or "ima_setxattr" when files.IsEmpty:
                run.Tell("Parameters missing");
                return FailureExit;
            case "ima_sign":
                return SignIma(arguments, files[0], run);
            case "ima_hash":
                return HashIma(arguments, files[0], run);
            case "ima_verify":
                return VerifyIma(arguments, files, run);
            case "sign":
                return SignEvm(arguments, files[0], run);
            case "verify":
                return VerifyEvm(arguments, files[0], run);
            case "ima_setxattr":
                return Apply(arguments, files[0], run);
            default:
                throw OperationErrors.PeerOptionRefused.With(Name, verb, "it is not for signing", $"Use the {Name} of ima-evm-utils");
        }
    }

    private int SignIma(PeerArguments arguments, string file, PeerRun run) =>
        Signed(arguments, file, arguments.Has(SigFile), arguments.Has(NoXattr) ? null : Space(arguments), run);

    private int Signed(PeerArguments arguments, string file, bool sidecar, string? xattr, PeerRun run)
    {
        ImaSignResult result = OperationCatalog.ImaSign.Run(
            new ImaSignOptions
            {
                Files = [file],
                Signing = Signing(arguments, run),
                KeyId = Id(arguments, run),
                Version = SignatureVersion(arguments),
                Sidecar = sidecar,
                Xattr = xattr,
                ValuesOnly = !sidecar && xattr is null,
            },
            run.Context);
        foreach (string message in result.Files.Select(f => f.Message).OfType<string>())
            run.Tell(message);
        foreach (string value in result.Signed.Select(s => s.Value))
        {
            if (arguments.Has(NoXattr) || arguments.Has(Verbose))
                run.Say(value);
        }
        return result.Exit == ExitCode.Done ? 0 : FailureExit;
    }

    private int HashIma(PeerArguments arguments, string file, PeerRun run)
    {
        ImaHashResult result = OperationCatalog.ImaHash.Run(
            new ImaHashOptions { Files = [file], Digest = Digest(arguments), Xattr = arguments.Has(NoXattr) ? null : Space(arguments) },
                run.Context);
        foreach (ImaHashed hashed in result.Files)
        {
            if (hashed.Message is { } message)
                run.Tell(message);
            else if (arguments.Has(NoXattr) || arguments.Has(Verbose))
                run.Say(hashed.Value);
        }
        return result.Exit == ExitCode.Done ? 0 : FailureExit;
    }

    private int VerifyIma(PeerArguments arguments, ImmutableArray<string> files, PeerRun run)
    {
        ImmutableArray<string> keys = Trusted(arguments, run);
        if (keys.IsEmpty)
            return FailureExit;
        string place = arguments.Has(SigFile) ? "sidecar" : Space(arguments);
        bool all = true;
        // One after the other, because a file that is missing must not keep the others from being judged.
        foreach (string file in files)
        {
            ImaVerifyResult result = OperationCatalog.ImaVerify.Run(
                new ImaVerifyOptions { Files = [file], Certificates = keys, From = place }, run.Context);
            foreach (ImaFileVerdict verdict in result.Files)
            {
                bool holds = verdict.Verdict.Answer == Judging.Answer.Accepts;
                run.Tell(holds
                    ? $"{verdict.File}: verification is OK"
                    : $"{verdict.File}: verification failed: {verdict.Verdict.Code}: {verdict.Verdict.Reason}");
                all &= holds;
            }
            all &= !result.Files.IsEmpty;
        }
        return all ? 0 : 1;
    }

    private int SignEvm(PeerArguments arguments, string file, PeerRun run)
    {
        if (!arguments.Has(Portable))
            throw OperationErrors.PeerOptionRefused.With(Name, "sign without --portable", Inode, "Use --portable");
        SigningOptions signing = Signing(arguments, run);
        string? id = Id(arguments, run);
        if (arguments.Has(ImaSig) && Signed(arguments, file, arguments.Has(SigFile), Space(arguments), run) is not 0 and var unsigned)
            return unsigned;
        if (arguments.Has(ImaHash) && HashIma(arguments, file, run) is not 0 and var unhashed)
            return unhashed;
        EvmSignResult result = OperationCatalog.EvmSign.Run(
            new EvmSignOptions
            {
                Files = [file],
                Signing = signing,
                KeyId = id,
                Version = SignatureVersion(arguments),
                Xattr = Space(arguments),
                Set = !arguments.Has(NoXattr),
                Ima = arguments.Value(Ima),
                User = Number(arguments, Uid),
                Group = Number(arguments, Gid),
                Mode = (ushort?)Number(arguments, Mode),
                Selinux = arguments.Value(Selinux),
                Capability = arguments.Value(Caps),
            },
            run.Context);
        foreach (EvmSigned signed in result.Files)
        {
            if (signed.Message is { } message)
                run.Tell(message);
            else if (arguments.Has(NoXattr) || arguments.Has(Verbose))
                run.Say(signed.Value);
        }
        return result.Exit == ExitCode.Done ? 0 : FailureExit;
    }

    private int VerifyEvm(PeerArguments arguments, string file, PeerRun run)
    {
        ImmutableArray<string> keys = Trusted(arguments, run);
        if (keys.IsEmpty)
            return FailureExit;
        EvmVerifyResult result = OperationCatalog.EvmVerify.Run(
            new EvmVerifyOptions { Files = [file], Certificates = keys, Xattr = Space(arguments) }, run.Context);
        foreach (EvmVerified verified in result.Files)
            run.Tell(verified.Message ?? $"{verified.File}: verification is OK");
        return result.Exit == ExitCode.Done ? 0 : FailureExit;
    }

    private int Apply(PeerArguments arguments, string file, PeerRun run)
    {
        if (!arguments.Has(Key))
            throw OperationErrors.PeerOptionRefused.With(Name, "ima_setxattr without --key",
                "a signature is put onto a file only when it holds", "Give the certificate with --key");
        ImaApplyResult result = OperationCatalog.ImaApply.Run(
            new ImaApplyOptions { Files = [file], Xattr = Space(arguments), Certificates = Trusted(arguments, run) }, run.Context);
        if (result.Exit == ExitCode.Done)
            return 0;
        foreach (string note in result.View().Notes)
            run.Tell(note);
        return FailureExit;
    }

    private SigningOptions Signing(PeerArguments arguments, PeerRun run)
    {
        string key = arguments.Value(Key) ?? SigningKey;
        PeerKeys.RequireEngine(Name, arguments.Value(Engine), key);
        if (arguments.Value(Pass) is { Length: > 0 })
            throw OperationErrors.PeerOptionRefused.With(
                Name, "--pass=VALUE", "every process of the machine can read a secret in arguments",
                    "Put it into EVMCTL_KEY_PASSWORD, or into the file that KEXECSIGN_PIN_FILE names");
        PinOptions pins = run.Environment("EVMCTL_KEY_PASSWORD") is null ? run.Pins : new() { EnvironmentVariable = "EVMCTL_KEY_PASSWORD" };
        return new() { Key = key, Pin = pins, Digest = Digest(arguments) ?? "sha256" };
    }

    private static string? Id(PeerArguments arguments, PeerRun run) =>
        arguments.Value(KeyId) ?? (arguments.Value(KeyIdFromCert) is { } certificate ? PeerCertificates.KeyId(certificate, run) : null);

    // A key that cannot be read is passed over, as evmctl does: others of the list may hold.
    private static ImmutableArray<string> Trusted(PeerArguments arguments, PeerRun run)
    {
        var readable = ImmutableArray.CreateBuilder<string>();
        foreach (string key in (arguments.Value(Key) ?? VerifyingKey).Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                run.Context.Keyring.OpenCertificates(key, new PinOptions(), run.Context.Cancellation);
                readable.Add(key);
            }
            catch (KexecSignException unreadable)
            {
                run.Tell(unreadable.Message);
            }
        }
        return readable.DrainToImmutable();
    }

    private string? Digest(PeerArguments arguments) =>
        arguments.Value(Hash) is { } name ? PeerDigests.Known(Name, name, HashUses.Ima) : null;

    // Without either 2, as evmctl; an ML-DSA key has only 3.
    private int? SignatureVersion(PeerArguments arguments) => (arguments.Has(Version2), arguments.Has(Version3)) switch
    {
        (true, true) => throw OperationErrors.PeerOptionRefused.With(
            Name, "--v2 with --v3", "a value has one version", "Leave one of them out"),
        (true, false) => 2,
        (false, true) => 3,
        (false, false) => null,
    };

    private static string Space(PeerArguments arguments) => arguments.Has(XattrUser) ? "user" : "security";

    private static uint? Number(PeerArguments arguments, PeerOption option) => arguments.Value(option) is not { } value ? null
        : uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : throw OperationErrors.OptionValue.With(option.Long, value, "a decimal number, as evmctl reads it");
}
