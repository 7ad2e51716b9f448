using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Judging;
using KexecSign.Keys.Certificates;
using KexecSign.Simulation.Answers;

namespace KexecSign.Commands.Build;

/// <summary>Whose signatures a built image carries; null where there is none.</summary>
internal sealed record BuildSigners(X509Certificate2? Outer, X509Certificate2? Inner, X509Certificate2? Ima, bool HasParser)
{
    /// <summary>Whether a build made something that this consumer looks at.</summary>
    public bool HaveSomethingFor(Consumer consumer) => consumer switch
    {
        Consumer.Firmware or Consumer.Shim => Outer is not null,
        Consumer.Kexec => Inner is not null,
        Consumer.Ima => Ima is not null,
        Consumer.Bpf => HasParser,
    };

    /// <summary>
    /// By whose rules IMA judges: who signs by ML-DSA means kernels that take it, whatever kernel is signed. Null for the image's own.
    /// </summary>
    public KernelRelease? ImaRelease =>
        Ima is not null && MlDsaCertificate.NameOf(Ima) is not null ? KernelChanges.Of(KernelRule.ImaMlDsa).Since : null;

    /// <summary>Each trusted for what it signs.</summary>
    public TrustedRoles Roles => new()
    {
        Db = Outer is null ? [] : [Outer],
        Kexec = Inner is null ? [] : [Inner],
        Ima = Ima is null ? [] : [Ima],
    };
}

/// <summary>A built image as its consumers see it, each with the one certificate that it is signed for.</summary>
internal static class BuildVerdicts
{
    /// <summary>The verdicts of those that the image has something for.</summary>
    public static ImmutableArray<Verdict> Of(JudgedFile file, BuildSigners signers, RunContext context)
    {
        ImmutableArray<Consumer> consumers = [.. ConsumerFacts.All.Select(facts => facts.Consumer).Where(signers.HaveSomethingFor)];
        if (consumers.IsEmpty)
            return [];
        var options = new VerifyOptions { File = file.Path, Consumers = consumers, Applied = true, ImaRelease = signers.ImaRelease };
        return ImageVerification.Judge(file, options, signers.Roles, context).Verdicts;
    }

    /// <summary>The first that does not accept the image.</summary>
    public static Verdict? Refusal(ImmutableArray<Verdict> verdicts) => verdicts.FirstOrDefault(v => v.Answer != Answer.Accepts);
}
