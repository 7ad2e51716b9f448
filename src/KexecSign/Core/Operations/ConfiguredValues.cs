using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Core.Settings;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Pins;

namespace KexecSign.Core.Operations;

/// <summary>
/// Puts in what a configuration says: the options of a profile, what a key's name stands for, and whom to trust. What was given
/// for the run itself always wins.
/// </summary>
internal static class ConfiguredValues
{
    private const string CertificateValue = "CERT", ProfileWord = "PROFILE";
    private const char Mark = '@';

    private static readonly string[] PinOptions = ["pin-env", "pin-file", "pin-fd"];

    /// <summary>Whether a value is the name of a key and not a reference.</summary>
    public static bool IsName(OptionSpec spec, string value) => spec.Kind is OptionKind.KeyReference && value is [Mark, _, ..];

    /// <summary>Whether a value was perhaps meant as such a name, and its mark forgotten: it is a word, and no file.</summary>
    public static bool MayBeBareName(OptionSpec spec, string value) => spec.Kind is OptionKind.KeyReference
        && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && !File.Exists(value);

    /// <summary>Whether an option names a profile.</summary>
    public static bool IsProfile(OptionSpec spec) => spec.Value is ProfileWord;

    /// <summary>Fills a request.</summary>
    /// <exception cref="KexecSignException">KS3081, KS3084, KS3087, KS3088, and what reading a configuration raises.</exception>
    public static void Fill(OperationRequest request, RunContext context)
    {
        if (request.Profile is { } profile)
            FillProfile(request, profile, context.Settings.Value, context.Log);
        foreach (NamedValue named in request.Named)
            FillKey(request, named, context);
        foreach (NamedValue bare in request.Bare)
            RefuseBareName(bare, context.Settings.Value);
        FillTrust(request, context);
    }

    private static void FillProfile(OperationRequest request, string name, KeySettings settings, IRunLog log)
    {
        SettingsProfile profile = settings.Profiles.FirstOrDefault(profile => profile.Name == name)
            ?? throw Unknown(OperationErrors.ProfileUnknown, "profile", name, settings.Profiles.Select(profile => profile.Name), settings);
        string folder = Path.GetDirectoryName(profile.File)!;
        HashSet<string> own = [.. request.Operation.Options.Where(option => request.IsGiven(option.Name)).Select(option => option.Name)];
        foreach (ProfileValue value in profile.Values)
        {
            OptionSpec spec = request.Operation.Options.FirstOrDefault(option => option.Name == value.Option
                || (option.Name == "o" && value.Option == "output"))
                ?? throw OperationErrors.PlanNameUnknown.With(value.Option).At(value.Line, value.Column).In(profile.File);
            // The certificate of a profile's key is of no use beside another key.
            if (own.Contains(spec.Name) || (spec.Value is CertificateValue && own.Contains(spec.Name[..^"cert".Length] + "key")))
                continue;
            log.Detail($"profile '{name}': {spec.Typed} {value.Value}, from {profile.File}");
            request.Set(spec.Name, spec.Kind switch
            {
                OptionKind.PathIn or OptionKind.PathOut or OptionKind.Folder => DocumentPaths.From(folder, value.Value)!,
                OptionKind.KeyReference => DocumentPaths.Reference(folder, value.Value),
                OptionKind.Flag or OptionKind.Text or OptionKind.TextOrFile or OptionKind.Number or OptionKind.Choice
                    or OptionKind.NamedPath => value.Value,
                _ => throw new System.Diagnostics.UnreachableException($"{spec.Kind}"),
            });
        }
    }

    private static void FillKey(OperationRequest request, NamedValue named, RunContext context)
    {
        KeySettings settings = context.Settings.Value;
        NamedKey key = settings.Keys.FirstOrDefault(key => key.Name == named.Name)
            ?? throw Unknown(OperationErrors.NamedKeyUnknown, "key", named.Name, settings.Keys.Select(key => key.Name), settings);
        bool pin = !PinOptions.Any(request.IsGiven);
        string certificate = key.Complete(key.Certificate, settings, pin);
        if (named.Spec.Value is CertificateValue)
        {
            request.Put(named.Spec, certificate);
            context.Log.Detail($"{named.Spec.Typed} {Mark}{key.Name}: {Shown(certificate)}, from {key.File}");
            return;
        }
        request.Put(named.Spec, key.Complete(key.Key, settings, pin));
        context.Log.Detail($"{named.Spec.Typed} {Mark}{key.Name}: {Shown(key.Key)}, certificate {Shown(key.Certificate)}, from {key.File}");
        string prefix = named.Spec.Name[..^"key".Length];
        if (request.Option(prefix + "cert") is { } beside && !request.IsGiven(beside.Name))
            request.Put(beside, certificate);
        if (key.Digest is { } digest && !request.IsGiven("digest"))
            request.PutDigest(named.Spec, digest);
        if (pin && !NamedKey.IsToken(key.Key) && (key.Pin ?? settings.Pin) is { } source)
            FillPin(request, source);
        // A signature that must fit into a given length has no timestamp.
        if (prefix.Length == 0 && request.Option("timestamp") is { } timestamp && !request.IsGiven(timestamp.Name)
            && !request.IsGiven("fit"))
        {
            foreach (string server in key.Timestamps ?? settings.Timestamps)
                request.Put(timestamp, server);
        }
    }

    private static void RefuseBareName(NamedValue bare, KeySettings settings)
    {
        if (settings.Keys.Any(key => key.Name == bare.Name))
        {
            string letter = bare.Spec.OtherTyped is { } other ? $", or on the command line {other} {bare.Name}" : "";
            throw OperationErrors.KeyNameBare.With(bare.Spec.Name, bare.Name, letter);
        }
    }

    private static void FillPin(OperationRequest request, PinOptions source)
    {
        if (source.EnvironmentVariable is { } variable && request.Option("pin-env") is { } byVariable)
            request.Put(byVariable, variable);
        if (source.File is { } file && request.Option("pin-file") is { } byFile)
            request.Put(byFile, file);
    }

    private static void FillTrust(OperationRequest request, RunContext context)
    {
        OptionSpec[] asking = [.. request.Operation.Options.Where(option => !option.Trusts.IsEmpty)];
        // A policy says itself whom it trusts.
        if (asking.Length == 0 || asking.Any(option => request.IsGiven(option.Name)) || request.IsGiven("policy")
            || request.Operation.Options.Any(option => option.SaysWhomToTrust && request.IsGiven(option.Name)))
            return;
        KeySettings settings = context.Settings.Value;
        foreach (OptionSpec option in asking)
        {
            foreach (TrustedCertificate trusted in settings.Trust.Where(trusted => option.Trusts.Contains(trusted.Role)))
            {
                request.Put(option, trusted.Certificate);
                string says = $"{Shown(trusted.Certificate)} is trusted as {TrustRoles.Name(trusted.Role)}, because {trusted.File} says so";
                if (trusted.BesideTheWork)
                    context.Log.Warning(says);
                else
                    context.Log.Detail(says);
            }
        }
    }

    // The query of a PKCS#11 URI is where PINs are.
    private static string Shown(string reference) => reference.Split('?', 2)[0];

    private static string Listed(IEnumerable<string> names) =>
        names.Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } all ? string.Join(", ", all) : "none";

    private static KexecSignException Unknown(ErrorCode code, string kind, string name, IEnumerable<string> there, KeySettings settings) =>
        settings.Files.IsEmpty
            ? OperationErrors.NoConfiguration.With(kind, name)
            : code.With(name, Listed(there), string.Join(", ", settings.Files));
}

/// <summary>An option whose value is the name of a key.</summary>
/// <param name="Spec">The option.</param>
/// <param name="Name">The name, without its mark.</param>
internal sealed record NamedValue(OptionSpec Spec, string Name);
