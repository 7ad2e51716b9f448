using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.External;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.References;

namespace KexecSign.Commands.Offline;

/// <summary>
/// The keys of a run that are on another machine (<c>prepare:DIR</c>, <c>attach:DIR</c>), whatever the operation signs. What is signed is
/// what the operation would have had a key sign that is here, so the result is the same, byte for byte.
/// </summary>
public sealed class BundledKeys : KeysElsewhere, IDisposable
{
    private readonly Dictionary<string, RequestLog> _asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BundleAnswers> _answered = new(StringComparer.Ordinal);
    private BundleReference? _reference;
    private bool _inEarnest;

    private BundledKeys()
    {
    }

    /// <summary>Those of a run that begins.</summary>
    public static KeysElsewhere ForRun() => new BundledKeys();

    /// <inheritdoc/>
    internal override ISigningKey Open(BundleReference reference, X509Certificate2? certificate, RunContext context)
    {
        if (reference.Place.Length == 0)
            throw OperationErrors.NotABundle.With($"'{reference}' names no folder");
        if (certificate is null)
            throw OperationErrors.ElsewhereUnknown.With(reference);
        if (MlDsaCertificate.NameOf(certificate) is { } name)
            throw OperationErrors.MlDsaRefused.With(reference, name, "an answer from elsewhere is over a hash, and ML-DSA signs messages");
        if ((_reference ??= reference) != reference)
            throw OperationErrors.BundlesMixed.With(_reference, reference);
        Rehearses = !_inEarnest;
        string fingerprint = BundleCertificate.Fingerprint(certificate);
        if (reference.Use == BundleUse.Prepare)
        {
            if (!_asked.TryGetValue(fingerprint, out RequestLog? log))
                _asked.Add(fingerprint, log = new(certificate, ObsArchive.IsRequest(reference.Place)));
            return new AbsentKey(certificate, log.Note);
        }
        if (!_answered.TryGetValue(fingerprint, out BundleAnswers? answers))
            _answered.Add(fingerprint, answers = BundleAnswers.Read(reference.Place, certificate));
        return AnsweredKey.Of(certificate, answers.Find);
    }

    /// <inheritdoc/>
    internal override BundledResult? EndRehearsal(string operation, OperationResult rehearsed, RunContext context)
    {
        Rehearses = false;
        _inEarnest = true;
        RequireDone(rehearsed);
        if (_reference is not { Use: BundleUse.Prepare, Place: var place })
            return null;
        if (_asked.Values.All(log => log.IsEmpty))
            return new(operation, place, [], "Nothing is to be signed, so there is no bundle of it.");
        return ObsArchive.IsRequest(place)
            ? ObsArchive.Write(place, operation, [.. _asked.Values], context)
            : Write(place, operation, context);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (RequestLog log in _asked.Values)
            log.Dispose();
    }

    private BundledResult Write(string place, string operation, RunContext context)
    {
        var keys = ImmutableArray.CreateBuilder<BundledKey>();
        foreach (RequestLog log in _asked.Values)
        {
            foreach (IGrouping<string, AskedHash> asked in log.All.GroupBy(hash => hash.Algorithm.Word))
                keys.Add(RequestStage.Add(place, operation, log.Certificate, asked.Key, [.. asked], context));
        }
        return new(operation, place, keys.ToImmutable(),
            $"Review {place}, have it signed ('kexecsign bundle sign {place}', or as its review.txt says), and run the same command again "
            + $"with '{new BundleReference(BundleUse.Attach, place)}' in the place of '{_reference}'.");
    }

    // Some of a batch may fail where a key is at hand, because the rest is done then. Here nothing is, yet.
    private static void RequireDone(OperationResult rehearsed)
    {
        if (rehearsed.Exit == ExitCode.Done)
            return;
        ReportView view = rehearsed.View();
        string first = !view.Failures.IsEmpty ? view.Failures[0].Message : view.Notes.IsEmpty ? view.Title : view.Notes[0];
        throw OperationErrors.RehearsalFailed.With(Math.Max(view.Failures.Length, 1), first);
    }
}
