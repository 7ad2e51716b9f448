using System.Security.Cryptography;

namespace KexecSign.Simulation.Tests.Fixtures;

/// <summary>Keys shared by the tests of one run.</summary>
public sealed class Keys : IDisposable
{
    internal TestIdentity Db { get; } = TestIdentity.Rsa("db");

    internal TestIdentity Builtin { get; } = TestIdentity.Rsa("builtin");

    internal TestIdentity Other { get; } = TestIdentity.Rsa("other");

    internal TestIdentity Expired { get; } = TestIdentity.Rsa("expired", expired: true);

    internal TestIdentity Ec { get; } = TestIdentity.Ec("ec", ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        Db.Dispose();
        Builtin.Dispose();
        Other.Dispose();
        Expired.Dispose();
        Ec.Dispose();
    }
}
