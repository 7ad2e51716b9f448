using System.Net;
using System.Security.Cryptography;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Sign;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Programs;
using KexecSign.Signing;

namespace KexecSign.Tests.Programs;

/// <summary>Programs that sign, as docs/external-signer.md says: openssl, a service over HTTP and ssh-agent stand behind them.</summary>
public sealed class SignerProgramTests : IDisposable
{
    // Speaks the agent's protocol (draft-miller-ssh-agent 3.6): 11 lists keys, 13 signs what it is given, hashing it itself.
    private const string SshClient = """
        import os, socket, struct, sys
        agent = socket.socket(socket.AF_UNIX)
        agent.connect(sys.argv[1])
        def ask(body):
            agent.sendall(struct.pack('>I', len(body)) + body)
            return agent.recv(struct.unpack('>I', agent.recv(4, socket.MSG_WAITALL))[0], socket.MSG_WAITALL)
        def text(part):
            return struct.pack('>I', len(part)) + part
        def take(part, at):
            end = at + 4 + struct.unpack_from('>I', part, at)[0]
            return part[at + 4:end], end
        assert sys.argv[2:4] == ['sign', 'rsa-pkcs1'] and sys.argv[5] == 'message'
        key = take(ask(b'\x0b'), 5)[0]
        answer = ask(b'\x0d' + text(key) + text(sys.stdin.buffer.read()) + struct.pack('>I', {'sha256': 2, 'sha512': 4}[sys.argv[4]]))
        kind, at = take(take(answer, 1)[0], 0)
        sys.stdout.buffer.write(take(take(answer, 1)[0], at)[0])
        """;

    private readonly Bench _bench = new();
    private readonly RunContext _context;

    public SignerProgramTests() => _context = Context("60");

    [Theory]
    [InlineData("rsa2048")]
    [InlineData("rsa4096")]
    [InlineData("p256")]
    [InlineData("p384")]
    public void OpenSsl_signs_an_image_and_the_kernel_takes_it(string name)
    {
        Tool.Require("openssl");
        TestSigner signer = TestSigners.Named(name);
        string signed = Sign(OpenSsl(signer), signer);
        Bench.KernelAccepts(signed, signer).ShouldBeTrue();
        if (name.StartsWith("rsa", StringComparison.Ordinal))
            Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), signed).ShouldContain("OK");
    }

    [Fact]
    public void Numbers_of_ECDSA_at_full_length_are_taken_for_DER()
    {
        string signature = _bench.Folder.At("raw");
        byte[] hash = SHA256.HashData("x"u8);
        File.WriteAllBytes(signature, ((ECDsa)TestSigners.P256.Key).SignHash(hash));
        ISigningKey key = _context.Keyring.OpenKey(Program($"cat '{signature}'"), new(), TestSigners.P256.Certificate, default);
        byte[] der = key.SignHash(hash, HashAlgorithmName.SHA256, default);
        ((ECDsa)TestSigners.P256.Key).VerifyHash(hash, der, DSASignatureFormat.Rfc3279DerSequence).ShouldBeTrue();
    }

    [Fact]
    public async Task A_service_over_HTTP_signs()
    {
        Tool.Require("curl");
        using var service = new HttpListener();
        int port = 20000 + (Environment.ProcessId % 20000);
        service.Prefixes.Add($"http://127.0.0.1:{port}/");
        service.Start();
        var asked = new List<string>();
        Task serving = Task.Run(() =>
        {
            HttpListenerContext call = service.GetContext();
            asked.Add(call.Request.RawUrl!);
            var hash = new MemoryStream();
            call.Request.InputStream.CopyTo(hash);
            byte[] signature = ((RSA)TestSigners.Rsa2048.Key).SignHash(hash.ToArray(), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            call.Response.OutputStream.Write(signature);
            call.Response.Close();
        });
        string program = Program($"exec curl -sSf --noproxy '*' --data-binary @- \"http://127.0.0.1:{port}/$2/$3\"");
        Bench.KernelAccepts(Sign(program, TestSigners.Rsa2048), TestSigners.Rsa2048).ShouldBeTrue();
        await serving.WaitAsync(TimeSpan.FromSeconds(10));
        asked.ShouldBe(["/rsa-pkcs1/sha256"]);
        service.Stop();
        Refusal.Of("KS2082", () => Sign(program, TestSigners.Rsa2048, "late")).Message.ShouldContain("curl: (7)");
    }

    [Fact]
    public void An_ssh_agent_signs_what_it_hashes_itself()
    {
        Tool.Require("ssh-agent", "/usr/bin/python3");
        string socket = _bench.Folder.At("agent"), client = _bench.Folder.File("client.py", System.Text.Encoding.ASCII.GetBytes(SshClient));
        string key = TestSigners.Rsa3072.KeyFile(_bench.Folder);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string started = Tool.Run("ssh-agent", "-s", "-a", socket);
        try
        {
            Tool.Run("env", $"SSH_AUTH_SOCK={socket}", "ssh-add", "-q", key);
            string program = Program($"exec /usr/bin/python3 '{client}' '{socket}' \"$@\"");
            Bench.KernelAccepts(Sign(program + "?input=message", TestSigners.Rsa3072), TestSigners.Rsa3072).ShouldBeTrue();
        }
        finally
        {
            Tool.Run("kill", started.Split("SSH_AGENT_PID=")[1].Split(';')[0]);
        }
    }

    [Fact]
    public void A_program_is_told_what_it_signs_for()
    {
        string said = _bench.Folder.At("said"), key = TestSigners.Rsa2048.KeyFile(_bench.Folder);
        string program = Program($"echo \"$* $KEXECSIGN_CONTENT $KEXECSIGN_NAME\" >> '{said}'; exec openssl pkeyutl -sign -inkey '{key}' -pkeyopt digest:$3");
        Sign(program, TestSigners.Rsa2048);
        File.ReadAllText(said).Trim().ShouldBe($"sign rsa-pkcs1 sha256 digest authenticode {_bench.Folder.At("signed")}");
    }

    [Fact]
    public void Without_a_certificate_the_program_is_asked_for_its_public_key()
    {
        string pem = _bench.Folder.File("public.pem", System.Text.Encoding.ASCII.GetBytes(TestSigners.P384.Key.ExportSubjectPublicKeyInfoPem()));
        string certificate = TestSigners.P384.CertificateFile(_bench.Folder);
        foreach (string file in (string[])[pem, certificate])
        {
            ISigningKey key = _context.Keyring.OpenKey(Program($"[ $1 = public-key ] && cat '{file}'"), new(), default);
            key.SubjectPublicKeyInfo.ToArray().ShouldBe(TestSigners.P384.Key.ExportSubjectPublicKeyInfo());
        }
        Refusal.Of("KS2083", () => _context.Keyring.OpenKey(Program("echo none"), new(), default)).Message.ShouldContain("5 bytes to 'public-key'");
    }

    [Theory]
    [InlineData("echo '*** no such key.' >&2; exit 3", "KS2082", "exit code 3: it said: *** no such key")]
    [InlineData("kill -9 $$", "KS2082", "exit code 137 or signal 9: it said nothing")]
    [InlineData("exit 255", "KS2082", "exit code 255: it said nothing")]
    [InlineData("true", "KS2083", "0 bytes")]
    [InlineData("head -c 257 /dev/zero", "KS2083", "257 bytes")]
    [InlineData("cat /dev/zero | head -c 100000000", "KS2083", "257 bytes")]
    [InlineData("head -c 256 /dev/zero", "KS2070", "256")]
    public void What_a_program_does_wrong_ends_the_run_and_leaves_nothing(string script, string code, string says)
    {
        Refusal.Of(code, () => Sign(Program(script), TestSigners.Rsa2048)).Message.ShouldContain(says);
        File.Exists(_bench.Folder.At("signed")).ShouldBeFalse();
    }

    [Fact]
    public void Another_keys_signature_is_not_used() =>
        Refusal.Of("KS2070", () => Sign(OpenSsl(TestSigners.Other), TestSigners.Rsa2048));

    [Fact]
    public void A_program_that_hangs_is_killed_with_its_children()
    {
        using RunContext impatient = Context("1");
        string mark = _bench.Folder.At("alive");
        string program = Program($"(sleep 3; touch '{mark}') & wait");
        Refusal.Of("KS2082", () => impatient.Keyring.OpenKey(program, new(), TestSigners.Rsa2048.Certificate, default)
            .SignHash(SHA256.HashData("x"u8), HashAlgorithmName.SHA256, default)).Message.ShouldContain("no answer within 1 s");
        Thread.Sleep(3500);
        File.Exists(mark).ShouldBeFalse();
    }

    [Fact]
    public void A_program_that_does_not_read_is_killed_in_time()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        byte[] content = new byte[300_000];
        Refusal.Of("KS2082", () => SignerProgram.Run(
            new(Program("exec sleep 30")["exec:".Length..], ["sign"], content, TimeSpan.FromSeconds(1), 257), default))
            .Message.ShouldContain("no answer within 1 s: it was killed");
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void What_a_program_leaves_in_the_background_is_not_waited_for()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        string program = Program("sleep 30 & echo signature")["exec:".Length..];
        SignerProgram.Run(new(program, ["sign"], default, TimeSpan.FromSeconds(25), 257), default).ShouldBe("signature\n"u8.ToArray());
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_program_does_not_get_the_descriptor_of_a_PIN()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out, HandleInheritability.Inheritable);
        int number = int.Parse(pipe.GetClientHandleAsString());
        string mark = _bench.Folder.At("inherited"), program = Program($"[ -e /proc/$$/fd/{number} ] && touch '{mark}'; echo signature");
        Refusal.Of("KS2083", () => _context.Keyring.OpenKey(program, new() { FileDescriptor = number }, default));
        File.Exists(mark).ShouldBeFalse();
    }

    [Fact]
    public void An_output_does_not_replace_the_program()
    {
        string program = OpenSsl(TestSigners.Rsa2048), path = program["exec:".Length..], before = File.ReadAllText(path);
        Refusal.Of("KS3052", () => Sign(program, TestSigners.Rsa2048, Path.GetFileName(path)));
        File.ReadAllText(path).ShouldBe(before);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_program_in_a_folder_that_anybody_may_write_is_not_run(bool byLink)
    {
        string mark = _bench.Folder.At("ran"), program = Program($"touch '{mark}'")["exec:".Length..];
        string open = _bench.Folder.Folder("open"), moved = Path.Combine(open, "program");
        if (byLink)
            File.CreateSymbolicLink(moved, program);
        else
            File.Move(program, moved);
        string given = _bench.Folder.At("link");
        File.CreateSymbolicLink(given, moved);
        File.SetUnixFileMode(open, (UnixFileMode)0b111_111_111);
        foreach (string path in (string[])[moved, given])
            Refusal.Of("KS2081", () => Sign("exec:" + path, TestSigners.Rsa2048), $"'{open}' is 0777");
        File.Exists(mark).ShouldBeFalse();
    }

    [Fact]
    public void A_program_in_another_users_folder_is_not_run()
    {
        Tool.Demand(Environment.UserName == "root", "only root may give a folder to somebody else");
        string program = Program("true")["exec:".Length..], folder = _bench.Folder.Folder("foreign");
        string moved = Path.Combine(folder, "program");
        File.Move(program, moved);
        Tool.Run("chown", "65534", folder);
        Refusal.Of("KS2081", () => Sign("exec:" + moved, TestSigners.Rsa2048), folder, "65534");
    }

    [Fact]
    public void A_path_that_the_system_does_not_take_is_refused()
    {
        string loop = _bench.Folder.At("loop");
        File.CreateSymbolicLink(loop, loop);
        foreach (string path in (string[])[loop, "/" + new string('x', 5000)])
            Refusal.Of("KS2081", () => Sign("exec:" + path, TestSigners.Rsa2048));
    }

    [Fact]
    public void A_file_reference_without_a_path_is_refused() =>
        Refusal.Of("KS2001", () => Sign("file:", TestSigners.Rsa2048));

    [Theory]
    [InlineData("exec:sign", "KS2080", "not absolute")]
    [InlineData("exec:", "KS2080", "not absolute")]
    [InlineData("exec:/bin/true?pin-value=geheim", "KS2080", "input=digest")]
    [InlineData("exec:/nowhere/sign", "KS2081", "does not exist")]
    [InlineData("exec:/dev/null", "KS2081", "device")]
    public void What_is_no_program_is_refused(string reference, string code, string says)
    {
        KexecSignException refused = Refusal.Of(code, () => Sign(reference, TestSigners.Rsa2048));
        refused.Message.ShouldContain(says);
        refused.Message.ShouldNotContain("geheim");
    }

    [Theory]
    [InlineData(UnixFileMode.OtherWrite, "0702")]
    [InlineData(UnixFileMode.GroupWrite, "0720")]
    public void A_program_that_others_may_write_is_not_run(UnixFileMode write, string mode)
    {
        string mark = _bench.Folder.At("ran"), program = Program($"touch '{mark}'");
        File.SetUnixFileMode(program["exec:".Length..], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | write);
        Refusal.Of("KS2081", () => Sign(program, TestSigners.Rsa2048)).Message.ShouldContain(mode);
        File.Exists(mark).ShouldBeFalse();
    }

    [Fact]
    public void A_file_that_nobody_may_run_is_not_run()
    {
        string program = _bench.Folder.File("data", "#!/bin/sh\n"u8);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Refusal.Of("KS2081", () => Sign("exec:" + program, TestSigners.Rsa2048)).Message.ShouldContain("0600, so that nobody may run it");
    }

    [Fact]
    public void Another_users_program_is_not_run()
    {
        Tool.Demand(Environment.UserName == "root", "only root may give a file to somebody else");
        string program = Program("true");
        Tool.Run("chown", "65534", program["exec:".Length..]);
        Refusal.Of("KS2081", () => Sign(program, TestSigners.Rsa2048)).Message.ShouldContain("65534");
    }

    [Fact]
    public void Where_there_is_a_hash_alone_a_program_that_hashes_is_refused()
    {
        ISigningKey key = _context.Keyring.OpenKey(Program("true") + "?input=message", new(), TestSigners.Rsa2048.Certificate, default);
        Refusal.Of("KS2084", () => key.SignHash(SHA256.HashData("x"u8), HashAlgorithmName.SHA256, default));
    }

    [Fact]
    public void Files_are_signed_for_IMA_by_hash()
    {
        string file = _bench.Folder.File("data", "data"u8);
        ImaSignResult result = ImaSignOperation.Definition.Run(
            new() { Files = [file], Sidecar = true, Signing = Identity(OpenSsl(TestSigners.Rsa2048), TestSigners.Rsa2048) }, _context);
        result.Exit.ShouldBe(ExitCode.Done);
        string der = _bench.Folder.File("der", TestSigners.Rsa2048.Certificate.RawData);
        Tool.Run("evmctl", "ima_verify", "--sigfile", "--key", der, file).ShouldContain("verification is OK");
    }

    [Fact]
    public void A_dry_run_names_the_program_and_runs_nothing()
    {
        string mark = _bench.Folder.At("ran"), program = Program($"touch '{mark}'");
        var options = new SignOptions { Files = [_bench.Folder.File("unsigned", TestImage.Arm64().Bytes)], Output = "out", Signing = Identity(program, TestSigners.Rsa2048) };
        PlannedStep[] steps = [.. SignOperation.Definition.Plan!(options)];
        steps.ShouldContain(new PlannedStep("run", program["exec:".Length..] + ", which signs"));
        File.Exists(mark).ShouldBeFalse();
    }

    public void Dispose()
    {
        _context.Dispose();
        _bench.Dispose();
    }

    private static RunContext Context(string seconds) =>
        new() { Keyring = new Keyring(name => name == "KEXECSIGN_PKCS11_TIMEOUT" ? seconds : null, runProgram: SignerProgram.Run) };

    private string OpenSsl(TestSigner signer) => Program($"exec openssl pkeyutl -sign -inkey '{signer.KeyFile(_bench.Folder)}' -pkeyopt digest:$3");

    private string Program(string script)
    {
        string path = _bench.Folder.File($"program-{Guid.NewGuid():N}", System.Text.Encoding.ASCII.GetBytes("#!/bin/sh\n" + script + "\n"));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return "exec:" + path;
    }

    private SigningOptions Identity(string program, TestSigner signer) => new() { Key = program, Certificate = signer.CertificateFile(_bench.Folder) };

    private string Sign(string program, TestSigner signer, string output = "signed")
    {
        string image = _bench.Folder.File("unsigned", TestImage.Arm64().Bytes);
        SignOperation.Definition.Run(new() { Files = [image], Output = _bench.Folder.At(output), Signing = Identity(program, signer) }, _context);
        return _bench.Folder.At(output);
    }
}
