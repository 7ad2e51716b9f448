using System.Security.Cryptography;
using KexecSign.Core;

namespace KexecSign.Signing;

/// <summary>
/// One key, one role. A key that signs files as they are (IMA, modules, packages) signs whatever it is given, and a file can be the signed
/// attributes of another image's PE signature.
/// </summary>
internal static class SharedKeys
{
    /// <summary>Warns of each key that signs in two roles.</summary>
    public static void Warn(IEnumerable<(string Role, SigningIdentity? Identity)> signers, RunContext context)
    {
        foreach (string shared in Of(signers.Where(s => s.Identity is not null)
            .Select(s => (s.Role, Convert.ToHexStringLower(SHA256.HashData(s.Identity!.Key.SubjectPublicKeyInfo.Span))))))
            context.Log.Warning(shared);
    }

    /// <summary>A sentence for each key with two roles.</summary>
    /// <param name="keys">Roles, and what tells one key from another.</param>
    public static IEnumerable<string> Of(IEnumerable<(string Role, string Key)> keys) =>
        keys.GroupBy(k => k.Key, StringComparer.Ordinal).Select(same => same.Select(k => k.Role).Distinct().ToArray())
            .Where(roles => roles.Length > 1)
            .Select(roles =>
                $"one key signs for {string.Join(" and ", roles)}: whoever may have one of them signed can make a signature of the other "
                + $"of it; give each role a key of its own");
}
