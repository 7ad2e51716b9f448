using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Reports;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.References;

namespace KexecSign.Core;

/// <summary>
/// Keys of one run that are on another machine. The run is rehearsed: the operation does all that it would do, and what it would write is
/// thrown away. So it is known what each key has to sign, or that all signatures are there, before the first file is touched.
/// </summary>
public abstract class KeysElsewhere
{
    private protected KeysElsewhere()
    {
    }

    /// <summary>Whether outputs are thrown away now.</summary>
    internal bool Rehearses { get; private protected set; }

    /// <summary>Opens one; from then on the run is rehearsed.</summary>
    internal abstract ISigningKey Open(BundleReference reference, X509Certificate2? certificate, RunContext context);

    /// <summary>
    /// Ends the rehearsal: gives the result that takes the place of the operation's when the bundle is written now, and null when the
    /// operation is to run in earnest.
    /// </summary>
    /// <param name="operation">Its name.</param>
    /// <param name="rehearsed">How the rehearsal ended.</param>
    /// <param name="context">Run context.</param>
    internal abstract BundledResult? EndRehearsal(string operation, OperationResult rehearsed, RunContext context);
}
