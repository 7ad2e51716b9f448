using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.References;
using KexecSign.Signing;

namespace KexecSign.Commands.Keys;

/// <summary>Result of <c>keys enroll</c>.</summary>
/// <param name="Time">Time of the updates, UTC, ISO 8601.</param>
/// <param name="Updates">The updates, in the order in which firmware in setup mode wants them.</param>
/// <param name="Store">The filled variable store; null when none was asked for.</param>
public sealed record KeysEnrollResult(string Time, ImmutableArray<EnrolledVariable> Updates, string? Store) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Updates.Length} variable(s), {Time}",
        [new("", ["variable", "entries", "signed by", "file"],
            [.. Updates.Select(u => ImmutableArray.Create(u.Variable, $"{u.Entries}", u.SignedBy ?? "nobody", u.File ?? ""))])],
        [.. Store is null ? (IEnumerable<string>)[] : [$"Variable store for QEMU: {Store}"],
            .. Updates.Any(u => u.File is not null)
                ? (IEnumerable<string>)[
                    $"Enrol in this order, PK last: 'efi-updatevar {(Updates.Any(u => u.Append) ? "-a " : "")}-f FILE VARIABLE', the "
                        + $"firmware's own menu, or systemd-boot's loader/keys folder.",
                    "Of a variable that is there already take the lock first: 'chattr -i /sys/firmware/efi/efivars/VARIABLE-*'."] : []]);
}

/// <summary>A variable of which an update was made.</summary>
/// <param name="Variable">PK, KEK, db or dbx.</param>
/// <param name="Entries">Certificates and digests in it.</param>
/// <param name="Append">Whether they are added to what is there.</param>
/// <param name="SignedBy">Subject of the signer; null when only a store was written.</param>
/// <param name="File">The <c>.auth</c> file; null when only a store was written.</param>
/// <param name="Size">Its length in bytes; null as <paramref name="File"/>.</param>
/// <param name="Sha256">Its SHA-256; null as <paramref name="File"/>.</param>
public sealed record EnrolledVariable(string Variable, int Entries, bool Append, string? SignedBy, string? File, long? Size,
    string? Sha256);

/// <summary><c>keys enroll</c>: signed updates of PK, KEK, db and dbx, and variable stores for QEMU.</summary>
internal static class KeysEnrollOperation
{
    public static Operation<KeysEnrollOptions, KeysEnrollResult> Definition { get; } = new()
    {
        Name = "keys enroll",
        Summary = "Write signed updates of PK, KEK, db and dbx for firmware.",
        Details = "Writes db.auth, dbx.auth, KEK.auth and PK.auth for what is named: PK's key signs PK and KEK, the first KEK's key signs "
            + "db and dbx. With --store it fills a variable store for QEMU, which takes no signatures.",
        Body = Run,
        SignsElsewhere = true,
        Plan = Plan,
        TypedResult = () => KeysJson.Default.KeysEnrollResult,
        MakeOptions = () => KeysEnrollOptionSpecs.All,
        Examples =
        [
            new("kexecsign keys enroll --pk pk.pem --pk-key 'pkcs11:token=root;object=pk' --kek kek.pem --kek-key "
                + "'pkcs11:token=root;object=kek' --db db.pem --pin-env PIN -o enrol",
                "Write all that a machine in setup mode needs."),
            new("kexecsign keys enroll --kek kek.pem --kek-key kek.key --dbx-digest "
                + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef --append -o enrol",
                "Write an update that forbids one image."),
        ],
    };

    private static KeysEnrollResult Run(KeysEnrollOptions options, RunContext context)
    {
        RequireSense(options);
        DateTime time = options.Time ?? Time(options, context);
        ImmutableArray<(UefiVariable Variable, int Entries)> variables = Variables(options, time, context);
        var updates = ImmutableArray.CreateBuilder<EnrolledVariable>();
        using var staged = new StagedFiles(options.Store is { } copied ? [copied] : []);
        // Signed before anything is written, so that a refused PIN leaves no half of a set.
        List<(string Path, byte[] Bytes)> files = [];
        foreach ((UefiVariable variable, int entries) in variables)
        {
            if (Signer(variable.Name, options, context) is not { } signer)
            {
                updates.Add(new(variable.Name, entries, options.Append, null, null, null, null));
                continue;
            }
            var update = new VariableUpdate(variable, options.Append);
            byte[] signature = signer.Key.SignContent(
                new(ContentKind.Digest, update.Digest(), () => update.Covered()) { Name = variable.Name + ".auth" }, VariableUpdate.Hash,
                context.Cancellation);
            byte[] bytes = update.Encode(signer.Certificates, signer.Scheme, signature);
            string path = Path.Combine(options.Output!, variable.Name + ".auth");
            files.Add((staged.Add(path), bytes));
            updates.Add(new(variable.Name, entries, options.Append, signer.Certificate.Subject, path, bytes.Length,
                Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))));
        }
        foreach ((string path, byte[] bytes) in files)
            WrittenFile.Write(Layout.Of(bytes), path, [], context);
        if (options.Store is { } store)
            WriteStore(store, staged.Add(options.StoreOutput!), [.. variables.Select(v => v.Variable)], context);
        staged.Place();
        return new(time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture), updates.ToImmutable(), options.StoreOutput);
    }

    private static IEnumerable<PlannedStep> Plan(KeysEnrollOptions o)
    {
        RequireSense(o);
        foreach (string name in Named(o))
        {
            (string? key, string? certificate) = SignerOf(name, o);
            if (o.Output is null || key is null)
                continue;
            foreach (PlannedStep step in PlannedStep.Sign(name + ".auth", key, certificate)
                .Concat(PlannedStep.Write(Path.Combine(o.Output, name + ".auth"))))
                yield return step;
        }
        foreach (PlannedStep step in PlannedStep.Write(o.StoreOutput))
            yield return step;
    }

    private static void RequireSense(KeysEnrollOptions o)
    {
        if (o is { Append: true, PlatformKey: not null, KeyExchangeKeys.IsEmpty: true })
            throw OperationErrors.PlatformKeyAppended.With();
        if (!Named(o).Any())
            throw OperationErrors.NothingToEnroll.With();
        if ((o.Store is null) != (o.StoreOutput is null))
            throw OperationErrors.OptionMissing.With("keys enroll", o.Store is null
                ? $"{new NamedOption("store")}, the store to copy,"
                : $"{new NamedOption("store-out")}, where the copy goes,");
        if (o.Output is null && o.Store is null)
            throw OperationErrors.OptionMissing.With("keys enroll", $"{new NamedOption("o")} or {new NamedOption("store")}");
        if (o.Output is null)
            return;
        foreach (string name in Named(o))
        {
            (string? key, string? certificate) = SignerOf(name, o);
            bool platform = name is "PK" or "KEK";
            // KEK's certificate may stand there only to say who signs db and dbx.
            if (key is null && !(name == "KEK" && o.KeyExchangeSigner is not null))
                throw OperationErrors.EnrolmentUnsigned.With(name, platform ? "the platform key"
                    : "the KEK's key", platform ? new NamedOption("pk-key")
                    : new NamedOption("kek-key"));
            if (key is not null && certificate is null)
                throw OperationErrors.EnrolmentUnsigned.With(name, platform ? "the platform key's certificate" : "the KEK's certificate",
                    platform ? new NamedOption("pk") : new NamedOption("kek"));
        }
    }

    private static IEnumerable<string> Named(KeysEnrollOptions o)
    {
        if (!o.Allowed.IsEmpty)
            yield return "db";
        if (!o.Forbidden.IsEmpty || !o.ForbiddenDigests.IsEmpty)
            yield return "dbx";
        if (!o.KeyExchangeKeys.IsEmpty && (o.KeyExchangeSigner is null || o.PlatformSigner is not null || o.Store is not null))
            yield return "KEK";
        if (o is { PlatformKey: not null, Append: false })
            yield return "PK";
    }

    private static (string? Key, string? Certificate) SignerOf(string variable, KeysEnrollOptions o) => variable is "PK" or "KEK"
        ? (o.PlatformSigner, o.PlatformKey)
        : (o.KeyExchangeSigner, o.KeyExchangeKeys.FirstOrDefault());

    private static SigningIdentity? Signer(string variable, KeysEnrollOptions options, RunContext context)
    {
        (string? key, string? certificate) = SignerOf(variable, options);
        return options.Output is null || key is null
            ? null
            : SigningIdentity.Open("keys enroll", new SigningOptions
            {
                Key = key,
                Certificate = certificate,
                Pin = options.Pin,
                Digest = "sha256",
            }, context);
    }

    // Whole seconds: EFI_TIME's fraction must be zero in signed updates (UEFI 8.2.2).
    private static DateTime Time(KeysEnrollOptions options, RunContext context)
    {
        // What is signed elsewhere today is attached another day, and must be the same then.
        if (context.Environment("SOURCE_DATE_EPOCH") is not { Length: > 0 }
            && (IsElsewhere(options.PlatformSigner) || IsElsewhere(options.KeyExchangeSigner)))
            throw OperationErrors.OptionMissing.With("keys enroll",
                $"{new NamedOption("time")} (or SOURCE_DATE_EPOCH), with keys elsewhere,");
        DateTimeOffset time = context.Environment("SOURCE_DATE_EPOCH") is { Length: > 0 }
            ? SourceDate.Get(context)
            : context.Clock.GetUtcNow();
        return new DateTime(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerSecond, DateTimeKind.Utc);
    }

    private static bool IsElsewhere(string? key) => key is not null && BundleReference.Is(key);

    private static ImmutableArray<(UefiVariable Variable, int Entries)> Variables(KeysEnrollOptions o, DateTime time, RunContext context)
    {
        return [.. Named(o).Select(name => name switch
        {
            "db" => Of("db", EfiGuids.ImageSecurityDatabase, OfCertificates(o.Allowed)),
            "dbx" => Of("dbx", EfiGuids.ImageSecurityDatabase, [.. OfCertificates(o.Forbidden), .. OfDigests()]),
            "KEK" => Of("KEK", EfiGuids.GlobalVariable, OfCertificates(o.KeyExchangeKeys)),
            _ => Of("PK", EfiGuids.GlobalVariable, OfCertificates([o.PlatformKey!])),
        })];

        (UefiVariable, int) Of(string name, Guid vendor, IReadOnlyList<SignatureList> lists) =>
            (new(name, vendor, UefiVariable.Authenticated, SignatureList.EncodeAll(lists)) { TimeStamp = time },
                lists.Sum(list => list.Entries.Length));

        SignatureList[] OfCertificates(ImmutableArray<string> references) =>
            [.. TrustedCertificates.Open(references, o.Pin, context).Select(certificate => SignatureList.Of(certificate, o.Owner))];

        SignatureList[] OfDigests() => o.ForbiddenDigests.IsEmpty
            ? []
            : [SignatureList.OfSha256(o.ForbiddenDigests.Select(digest => (ReadOnlyMemory<byte>)Convert.FromHexString(digest)), o.Owner)];
    }

    private static void WriteStore(string from, string to, ImmutableArray<UefiVariable> variables, RunContext context)
    {
        using FileSource source = FileSource.Open(from);
        VariableStore store;
        try
        {
            store = VariableStore.Read(source.ToLayout()).Reset();
            foreach (UefiVariable variable in variables)
                store = store.With(variable);
        }
        catch (Formats.Errors.KexecSignException refused)
        {
            throw refused.In(from);
        }
        FlashFile.Write(store.ToLayout(), to, context);
    }
}
