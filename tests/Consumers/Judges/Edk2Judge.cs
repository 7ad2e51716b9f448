using System.Buffers.Binary;
using System.Runtime.InteropServices;
using KexecSign.Fixtures;

namespace KexecSign.Consumers.Tests.Judges;

/// <summary>A signature that a judge is asked about.</summary>
/// <param name="Pkcs7">Its DER.</param>
/// <param name="Trusted">DER of the one certificate in the list.</param>
/// <param name="Digest">The image's digest.</param>
internal sealed record SignatureQuestion(byte[] Pkcs7, byte[] Trusted, byte[] Digest);

/// <summary>What a judge says.</summary>
/// <param name="Accepts">Whether it takes it.</param>
/// <param name="Says">Why not.</param>
internal sealed record JudgeAnswer(bool Accepts, string Says);

/// <summary>OpenSSL, called as EDK2 calls it: <c>edk2-judge.c</c>, compiled when the tests run.</summary>
internal sealed class Edk2Judge : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    private readonly TempFolder _folder = new();
    private readonly Lazy<string> _program, _older;

    public Edk2Judge()
    {
        _program = new(() => Compile("edk2-judge"));
        // Debian 11 has the OpenSSL of EDK2 2022.11.
        _older = new(() => Compile(
            "edk2-judge-1.1", "-I", Headers, "-I", Path.Combine(Headers, "x86_64-linux-gnu"), Library, $"-Wl,-rpath,{Path.GetDirectoryName(Library)}"));
    }

    /// <summary>Whether there is an OpenSSL 1.1.1 that can be run.</summary>
    public static bool HasOlder => RuntimeInformation.OSArchitecture == Architecture.X64 && ((string[])["libssl1.1_*_amd64", "libssl-dev_1.1*_amd64"])
        .All(package => Directory.Exists(Path.Combine(DebianKernels.Cache, "debian")) && Directory.GetDirectories(Path.Combine(DebianKernels.Cache, "debian"), package).Length > 0);

    private static string Headers => Path.GetDirectoryName(Path.GetDirectoryName(NewestSystemd.Package("libssl-dev", "usr/include/openssl/opensslv.h")))!;

    private static string Library => NewestSystemd.Package("libssl1.1", "usr/lib/x86_64-linux-gnu/libcrypto.so.1.1");

    /// <summary>The answers of OpenSSL 1.1.1, which EDK2 2022.11 has.</summary>
    public List<JudgeAnswer> AskOlder(IReadOnlyCollection<SignatureQuestion> questions) => AskProgram(questions, new(_older.Value));

    /// <summary>The answers, in the order of the questions.</summary>
    /// <param name="questions">What is asked.</param>
    /// <param name="openssl">Which OpenSSL answers; null for that of this machine. EDK2 2026.08 has 3.5.</param>
    public List<JudgeAnswer> Ask(IReadOnlyCollection<SignatureQuestion> questions, OpenSsl35? openssl = null) => AskProgram(
        questions, openssl is null ? new(_program.Value) : new(openssl.Loader, ["--library-path", openssl.Libraries, _program.Value]));

    private static List<JudgeAnswer> AskProgram(IReadOnlyCollection<SignatureQuestion> questions, ProcessRun judge)
    {
        using var input = new MemoryStream();
        foreach (SignatureQuestion question in questions)
        {
            Write(input, question.Pkcs7);
            Write(input, question.Trusted);
            Write(input, question.Digest);
        }
        ProcessAnswer answer = (judge with { Input = input.ToArray(), Patience = Patience }).End();
        answer.Exit.ShouldBe(0, answer.Error);
        string[] lines = answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(questions.Count);
        return [.. lines.Select(l => l.Split('\t')).Select(p => new JudgeAnswer(p[0] == "accepts", p.Length > 1 ? p[1] : ""))];
    }

    public void Dispose() => _folder.Dispose();

    private static void Write(Stream input, byte[] field)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, field.Length);
        input.Write(length);
        input.Write(field);
    }

    private string Compile(string name, params ReadOnlySpan<string> options)
    {
        Tool.Require("gcc");
        Tool.Demand(File.Exists("/usr/include/openssl/pkcs7.h"), "OpenSSL's headers are missing; apt-get install libssl-dev");
        string program = _folder.At(name), source = Path.Combine(AppContext.BaseDirectory, "Judges", "edk2-judge.c");
        string[] linked = options.IsEmpty ? ["-lcrypto"] : [];
        Tool.Run("gcc", ["-Wall", "-Wextra", "-Werror", "-O1", "-o", program, source, .. options, .. linked]);
        return program;
    }
}
