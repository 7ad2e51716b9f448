using System.Security.Cryptography;
using KexecSign.Formats.Ima;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>A value of security.ima that the program makes, and what a kernel is to say of it.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Key">Whose key.</param>
/// <param name="Expected">The verdict that is right.</param>
/// <param name="Options">More options of <c>ima sign</c>.</param>
internal sealed record ImaValue(string Name, string Key, string Expected, string[]? Options = null)
{
    /// <summary>What is changed of the value.</summary>
    public Action<byte[]>? Change { get; init; }

    /// <summary>Whether what is signed is the hash of the structure, as with RSA, in the place of the structure.</summary>
    public bool IsOverHash { get; init; }

    /// <summary>Whether the file that is loaded is another.</summary>
    public bool IsOfAnother { get; init; }
}

/// <summary>Has a kernel judge values of security.ima, and <c>verify</c> by that kernel's rules.</summary>
internal static class ImaVerdicts
{
    /// <summary>Fails when one of them says something else than what is expected.</summary>
    public static void Require(LabBench bench, string rule, ImaValue[] values)
    {
        bench.Require();
        using var session = new ImaSession(bench, rule);
        string right = session.Copy("right.Image"), other = session.Copy("other.Image");
        byte[] bytes = File.ReadAllBytes(other);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(other, bytes);
        string rightThere = session.Kernel.Give(right), otherThere = session.Kernel.Give(other);
        bool[] verified = new bool[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            string value = Make(session, right, values[i]), judged = values[i].IsOfAnother ? other : right, there = values[i].IsOfAnother ? otherThere : rightThere;
            if (judged != right)
                File.Copy(value, judged + ".sig", overwrite: true);
            verified[i] = session.IsVerified(judged);
            File.Copy(value, $"{right}.{i}");
            // A new attribute makes the kernel forget what it said of the file.
            session.Kernel.Add($"xattr{i}", $"xattr {there} security.ima {session.Kernel.Give($"{right}.{i}")}");
            session.Kernel.Add($"load{i}", $"kexec {there}");
        }

        KernelAnswers answers = session.Kernel.Run();

        session.RequireKeys(answers);
        bench.Report.Require([.. values.Select((v, i) => new Outcome(
            bench.Judge("IMA"), v.Name, v.Expected, TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
        bench.Report.Require([.. values.Select((v, i) => new Outcome(
            bench.Judge("verify --for ima"), v.Name, v.Expected, verified[i] ? "accepts" : "EACCES", 0, ""))]);
    }

    private static string Make(ImaSession session, string file, ImaValue wanted)
    {
        string sidecar = file + ".sig";
        session.Program.Succeed(["ima", "sign", file, "--sidecar", .. session.Signer(wanted.Key), .. wanted.Options ?? []]);
        byte[] value = File.ReadAllBytes(sidecar);
        if (wanted.IsOverHash)
        {
            var signature = ImaSignature.Decode(value);
            byte[] digest = CryptographicOperations.HashData(signature.Hash, File.ReadAllBytes(file));
            byte[] hash = CryptographicOperations.HashData(signature.Hash, ImaSignature.FileId(signature.Type, signature.Hash, digest));
            value = (signature with { Signature = session.SignedByOpenSsl(wanted.Key, hash) }).Encode();
        }
        wanted.Change?.Invoke(value);
        File.WriteAllBytes(sidecar, value);
        return sidecar;
    }
}
