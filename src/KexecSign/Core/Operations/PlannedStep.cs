using System.Collections.Immutable;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.References;

namespace KexecSign.Core.Operations;

/// <summary>A step that an operation would take.</summary>
/// <param name="Action">
/// <c>read</c>, <c>load</c>, <c>sign</c>, <c>run</c>, <c>write</c>, <c>set</c>; with a key that is elsewhere <c>prepare</c>, <c>attach</c>.
/// </param>
/// <param name="What">The file or key; a key's PIN and where it comes from are left out.</param>
public sealed record PlannedStep(string Action, string What)
{
    /// <summary>Reads a file that was named; none when it was not.</summary>
    internal static IEnumerable<PlannedStep> Read(params IEnumerable<string?> files) => Each("read", files);

    /// <summary>Writes a file that was named; none when it was not.</summary>
    internal static IEnumerable<PlannedStep> Write(params IEnumerable<string?> files) => Each("write", files);

    /// <summary>Signs something with a key that was named; none when it was not.</summary>
    internal static IEnumerable<PlannedStep> Sign(string what, string? key, string? certificate) =>
        key is null ? []
        : BundleReference.Is(key) ? [Elsewhere(what, BundleReference.Parse(key))]
        :
        [
            .. Run(key),
            .. Load(key, certificate),
            new("sign", $"{what} with {WithoutQuery(key)}, certificate {(certificate is null ? "none" : WithoutQuery(certificate))}"),
        ];

    /// <summary>What is left of the steps when nothing but bundles is written.</summary>
    internal static ImmutableArray<PlannedStep> Rehearsed(ImmutableArray<PlannedStep> steps) =>
        steps.Any(step => step.Action == "prepare") ? steps.RemoveAll(step => step.Action is "write" or "set") : steps;

    private static PlannedStep Elsewhere(string what, BundleReference bundle) => bundle.Use switch
    {
        BundleUse.Prepare => new("prepare", $"{what}, in {bundle.Place}"),
        BundleUse.Attach => new("attach", $"{what}, from {bundle.Place}"),
    };

    // So is a program.
    private static IEnumerable<PlannedStep> Run(string key) =>
        ProgramReference.Is(key) ? [new("run", $"{ProgramReference.Parse(key).Path}, which signs")] : [];

    // A module is code that will run in this process; whoever looks at a plan wants to see which.
    private static IEnumerable<PlannedStep> Load(params IEnumerable<string?> references) =>
        references.OfType<string>().Where(TokenReference.Is).Select(r => Keyring.ModuleFor(r, Environment.GetEnvironmentVariable))
            .Distinct()
            .Select(module => new PlannedStep("load", module is null
                ? "a PKCS#11 module, but none was found"
                : $"PKCS#11 module {module}"));

    private static IEnumerable<PlannedStep> Each(string action, IEnumerable<string?> files) =>
        files.Where(file => file is not null).Select(file => new PlannedStep(action, file!));

    // The query of a PKCS#11 URI is where PINs are.
    private static string WithoutQuery(string reference) => reference.Split('?', 2)[0];
}
