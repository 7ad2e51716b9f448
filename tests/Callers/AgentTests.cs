using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>One login for everything that a command starts, and nothing for anybody else.</summary>
[Collection(nameof(CompatBench))]
public sealed class AgentTests(CompatBench bench)
{
    private const string Key = Token.Uri;

    [SkippableFact]
    public void Everything_below_the_command_signs_with_one_login_and_the_log_is_sealed()
    {
        Answer answer = Agent(["--audit", "audit", "--audit-key", "ima.key", "--audit-cert", "ima.pem"], """
            set -e
            for i in 1 2 3; do printf "module $i" > $i.ko; $C/sign-file sha256 "$K" db.x509 $i.ko; done
            $C/sbsign --engine pkcs11 --key "$K" --cert db.pem --output agent.efi image.efi
            $C/kexecsign sign image.efi --key "$K" --cert "$K" -o agent2.efi --quiet
            printf content > f; $C/evmctl ima_sign -a sha256 -n --sigfile --key "$K" --keyid-from-cert db.x509 f
            exit 7
            """);
        answer.Exit.ShouldBe(7, answer.Error);
        bench.Theirs("sbverify", "--cert", "db.pem", "agent.efi").Exit.ShouldBe(0);
        bench.Theirs("sbverify", "--cert", "db.pem", "agent2.efi").Exit.ShouldBe(0);
        bench.Folder.File("1.theirs", "module 1"u8);
        bench.Theirs(Tool.SignFile, "sha256", "db.key", "db.x509", "1.theirs").Exit.ShouldBe(0);
        bench.Read("1.ko").ShouldBe(bench.Read("1.theirs"));

        bench.Ours("kexecsign", "audit", "verify", "audit", "--cert", "ima.pem").Exit.ShouldBe(0);
        bench.Shell("openssl cms -verify -binary -content audit -inform DER -in audit.p7s -certfile ima.pem -CAfile ima.pem -purpose any -out /dev/null").Exit.ShouldBe(0);
        string[] lines = File.ReadAllLines(bench.Folder.At("audit"));
        lines.Count(line => line.Contains("\"what\":\"sign\"", StringComparison.Ordinal)).ShouldBe(6);
        lines.ShouldAllBe(line => !line.Contains("4711", StringComparison.Ordinal), "no PIN");
    }

    // Thousands of clients start for one signature each; loading OpenSSL would take half of their time.
    [SkippableFact]
    public void A_client_that_signs_one_module_loads_no_cryptographic_library()
    {
        Tool.Demand(ProgramUnderTest.Native is not null, "the runtime of the other program loads what it likes");
        bench.Folder.File("1.theirs", "module 1"u8);
        bench.Theirs(Tool.SignFile, "sha256", "db.key", "db.x509", "1.theirs").Exit.ShouldBe(0);
        bench.Folder.File("0.theirs", "module 1"u8);
        bench.Theirs(Tool.SignFile, "sha512", "db.key", "db.x509", "0.theirs").Exit.ShouldBe(0);
        Answer answer = Agent([], """
            for certificate in db.x509 db.pem; do
                printf 'module 1' > 1.ko; LD_DEBUG=files LD_DEBUG_OUTPUT=loaded $C/sign-file sha256 "$K" $certificate 1.ko || exit 2
                cmp 1.ko 1.theirs || exit 3
            done
            $C/sign-file sha512 "$K" db.pem 1.ko && cmp 1.ko 0.theirs || exit 4
            cat loaded.*; grep -q libc.so loaded.* && ! grep -q libcrypto loaded.*
            """);
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        // Another certificate is an error as without an agent.
        answer = Agent([], "printf x > x.ko; $C/sign-file sha256 \"$K\" ima.x509 x.ko");
        answer.Exit.ShouldBe(1);
        answer.Error.ShouldStartWith("KS2");
        bench.Read("x.ko").ShouldBe("x"u8.ToArray());
    }

    [SkippableTheory]
    [InlineData("a line changed", "sed -i '2s/module/MODULE/' audit")]
    [InlineData("a line taken out", "sed -i 2d audit")]
    [InlineData("two lines exchanged", "sed -i '2{h;d};3{G}' audit")]
    [InlineData("a line in two", "sed -i '2s/,/,\\n/' audit")]
    [InlineData("the last line cut off", "truncate -s -5 audit")]
    [InlineData("the last line taken off", "sed -i '$d' audit")]
    public void A_log_that_was_touched_is_seen(string how, string touch)
    {
        Agent(["--audit", "audit", "--audit-key", "ima.key", "--audit-cert", "ima.pem"], "printf x > x.ko; $C/sign-file sha256 \"$K\" db.x509 x.ko").Exit.ShouldBe(0);
        bench.Shell(touch).Exit.ShouldBe(0);
        bench.Ours("kexecsign", "audit", "verify", "audit", "--cert", "ima.pem").Exit.ShouldNotBe(0, how);
    }

    [SkippableFact]
    public void A_log_goes_on_where_it_ended_and_a_broken_one_does_not()
    {
        Agent(["--audit", "audit"], "true").Exit.ShouldBe(0);
        int before = File.ReadAllLines(bench.Folder.At("audit")).Length;
        Run(["--audit", "audit"], "true").Exit.ShouldBe(0);
        File.ReadAllLines(bench.Folder.At("audit")).Length.ShouldBe(before * 2);
        bench.Shell("sed -i 's/begin/BEGIN/' audit");
        Answer broken = Run(["--audit", "audit"], "touch ran");
        broken.Exit.ShouldBe(4);
        broken.Error.ShouldContain("KS3874");
        File.Exists(bench.Folder.At("ran")).ShouldBeFalse();
    }

    [SkippableTheory]
    [InlineData("the attributes of an image as a module", "module", "$C/kexecsign prepare image.efi --cert db.pem --bundle b --level attributes --quiet && for f in $(find b -type f); do [ \"$(head -c1 $f | od -An -tx1)\" = ' 31' ] && cp $f x.ko; done; [ -s x.ko ]", "KS3331")]
    [InlineData("an ASN.1 SET", "module", "printf '\\x31\\x02\\x30\\x00' > x.ko", "KS3875")]
    [InlineData("a SET of indefinite length", "module", "printf '\\x31\\x80\\x30\\x00\\x00\\x00' > x.ko", "KS3875")]
    [InlineData("a SET with its length in the long form", "module", "printf '\\x31\\x82\\x00\\x02\\x30\\x00' > x.ko", "KS3875")]
    // The client refuses what it reads as signed attributes (KS3331); what only begins so is for the agent to refuse.
    public void What_could_be_an_images_attributes_is_no_module(string what, string kind, string make, string code)
    {
        Answer answer = Agent(["--kind", kind], $"rm -rf b x.ko; {make} || exit 99; $C/sign-file sha256 \"$K\" db.x509 x.ko");
        answer.Exit.ShouldBe(1, what + answer.Error);
        answer.Error.ShouldContain(code);
        answer.Error.ShouldContain("SET");
    }

    [SkippableTheory]
    [InlineData("--kind authenticode", "printf x > x.ko; $C/sign-file sha256 \"$K\" db.x509 x.ko", "signs authenticode here")]
    [InlineData("--kind module", "$C/sbsign --key \"$K\" --cert db.pem --output no.efi image.efi", "signs module here")]
    [InlineData("--count 1", "for i in 1 2; do printf x > x.ko; $C/sign-file sha256 \"$K\" db.x509 x.ko || exit 1; done", "1 signature(s) are allowed")]
    [InlineData("--until 2020-01-01T00:00Z", "printf x > x.ko; $C/sign-file sha256 \"$K\" db.x509 x.ko", "its time ended at 2020-01-01")]
    public void The_policy_is_kept(string options, string script, string says)
    {
        Answer answer = Agent([.. options.Split(' '), "--audit", "audit"], script);
        answer.Exit.ShouldBe(1, answer.Error);
        answer.Error.ShouldContain("KS3877");
        answer.Error.ShouldContain(says);
        File.ReadAllText(bench.Folder.At("audit")).ShouldContain("\"what\":\"refuse\"");
        File.Exists(bench.Folder.At("no.efi")).ShouldBeFalse();
    }

    [SkippableFact]
    public void A_policy_file_gives_each_key_its_kinds_and_count()
    {
        string pin = Token.Make(bench);
        File.WriteAllText(bench.Folder.At("policy.json"), $$"""
            {"keys": [{"key": "{{Key}}", "kinds": ["module"], "count": 2}, {"key": "{{bench.Folder.At("ima.key")}}", "kinds": ["ima"]}], "count": 10}
            """);
        Answer answer = bench.Run(Path.Combine(bench.Links, "kexecsign"), ["agent", "--policy", "policy.json", "--pin-file", pin, "--", "bash", "-c", """
            for i in 1 2 3; do printf x > x.ko; $C/sign-file sha256 "$K" db.x509 x.ko; echo module $?; done
            printf x > f; $C/evmctl ima_sign -a sha256 -n --sigfile --key ima.key f >/dev/null; echo ima $?
            $C/sign-file sha256 ima.key ima.x509 x.ko; echo wrong $?
            """], Environment());
        answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["module 0", "module 0", "module 1", "ima 0", "wrong 1"], answer.Error);
    }

    [SkippableFact]
    public void A_key_that_the_agent_does_not_hold_is_opened_as_without_it() =>
        Agent([], "printf x > y.ko; $C/sign-file sha256 ima.key ima.x509 y.ko").Exit.ShouldBe(0);

    // As bash's <(...) is: what can be read once is not read by two.
    [SkippableFact]
    public void A_certificate_out_of_a_pipe_reaches_who_opens_the_key() =>
        Agent([], "printf x > z.ko; mkfifo c; cat ima.pem > c & $C/sign-file sha256 ima.key c z.ko").Exit.ShouldBe(0);

    [SkippableFact]
    public void Another_session_gets_nothing_and_nobody_else_can_reach_the_socket()
    {
        Tool.Require("setpriv");
        Answer answer = Agent([], """
            stat -c %a "$(dirname "$KEXECSIGN_AGENT")"
            printf x > x.ko; setsid -w $C/sign-file sha256 "$K" db.x509 x.ko; echo session $?
            setpriv --reuid 65534 --clear-groups stat "$KEXECSIGN_AGENT" >/dev/null 2>&1; echo user $?
            """);
        answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["700", "session 1", "user 1"], answer.Error);
        answer.Error.ShouldContain("of another user or session");
    }

    [SkippableFact]
    public void It_ends_with_its_command_and_takes_its_socket_along()
    {
        Answer answer = Agent([], "echo \"$KEXECSIGN_AGENT\"");
        string socket = answer.Output.Trim();
        socket.ShouldEndWith("/socket");
        Directory.Exists(Path.GetDirectoryName(socket)).ShouldBeFalse();
        // Who comes later is told, and does not sign by another way in silence.
        bench.Folder.File("x.ko", "x"u8);
        Answer late = bench.Run(Path.Combine(bench.Links, "sign-file"), ["sha256", "ima.key", "ima.x509", "x.ko"], ("KEXECSIGN_AGENT", socket));
        late.Exit.ShouldBe(1);
        late.Error.ShouldStartWith("KS3871");
        bench.Read("x.ko").ShouldBe("x"u8.ToArray());
    }

    [SkippableFact]
    public void An_agent_that_is_killed_leaves_its_clients_with_one_line_and_whole_files()
    {
        Answer answer = Agent([], """
            printf x > x.ko; kill -9 $PPID; sleep 0.2
            $C/sign-file sha256 "$K" db.x509 x.ko; echo "after $?" > after
            """);
        answer.Exit.ShouldNotBe(0);
        SpinWait.SpinUntil(() => File.Exists(bench.Folder.At("after")), TimeSpan.FromSeconds(60)).ShouldBeTrue();
        bench.Read("x.ko").ShouldBe("x"u8.ToArray());
    }

    [SkippableTheory]
    [InlineData("a client that says nothing", "python3 -c 'import socket,os,time; s=socket.socket(socket.AF_UNIX); s.connect(os.environ[\"KEXECSIGN_AGENT\"]); time.sleep(30)' & ")]
    [InlineData("a client that stops in the middle", "python3 -c 'import socket,os,time; s=socket.socket(socket.AF_UNIX); s.connect(os.environ[\"KEXECSIGN_AGENT\"]); s.send(b\"\\x10\\0\\0\\0abc\"); time.sleep(30)' & ")]
    [InlineData("a client that sends rubbish", "python3 -c 'import socket,os; s=socket.socket(socket.AF_UNIX); s.connect(os.environ[\"KEXECSIGN_AGENT\"]); s.send(os.urandom(5000))'; ")]
    [InlineData("a length beyond all bounds", "python3 -c 'import socket,os; s=socket.socket(socket.AF_UNIX); s.connect(os.environ[\"KEXECSIGN_AGENT\"]); s.send(b\"\\xff\\xff\\xff\\x7f\")'; ")]
    [InlineData("a client that is killed", "for i in 1 2 3 4; do printf x > z.ko; timeout -s KILL 0.05 $C/sign-file sha256 \"$K\" db.x509 z.ko; done; ")]
    public void One_client_harms_no_other(string what, string other)
    {
        Tool.Require("python3");
        Answer answer = Agent([], other + "printf x > x.ko; $C/sign-file sha256 \"$K\" db.x509 x.ko; r=$?; kill %1 2>/dev/null; exit $r");
        answer.Exit.ShouldBe(0, what + answer.Error);
    }

    [SkippableFact]
    public void A_wrong_PIN_is_tried_once_and_nothing_runs()
    {
        Token.Make(bench);
        File.WriteAllText(bench.Folder.At("wrong"), "0000\n");
        File.SetUnixFileMode(bench.Folder.At("wrong"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Answer answer = bench.Run(Path.Combine(bench.Links, "kexecsign"), ["agent", "--key", Key, "--pin-file", "wrong", "--", "touch", "ran"], Environment());
        // A key is found before a login is needed; the first signature meets the PIN.
        answer.Exit.ShouldNotBe(0);
        answer.Error.ShouldContain("KS2041");
        File.Exists(bench.Folder.At("ran")).ShouldBeFalse();
    }

    [SkippableFact]
    public void The_variable_that_holds_the_PIN_does_not_reach_the_command()
    {
        string pin = File.ReadAllText(Token.Make(bench)).Trim();
        Answer answer = bench.Run(Path.Combine(bench.Links, "kexecsign"), ["agent", "--key", Key, "--pin-env", "THE_PIN", "--", "bash", "-c", "env"],
            [.. Environment(), ("THE_PIN", pin)]);
        answer.Output.ShouldNotContain("THE_PIN");
    }

    [Theory]
    [InlineData(2, "KS3876", "agent", "--", "true")]
    [InlineData(1, "KS3878", "agent", "--key", "ima.key", "--", "/no/such/program")]
    [InlineData(2, "KS3011", "agent", "--key", "ima.key", "--policy", "p.json", "--", "true")]
    [InlineData(2, "KS3873", "agent", "--policy", "broken.json", "--", "true")]
    [InlineData(2, "KS3012", "agent", "--key", "ima.key", "--kind", "anything", "--", "true")]
    public void Wrong_usage_is_one_line(int exit, string code, params string[] arguments)
    {
        File.WriteAllText(bench.Folder.At("broken.json"), "{\"keyz\": []}");
        Answer answer = bench.Ours("kexecsign", arguments);
        answer.Exit.ShouldBe(exit, answer.Error);
        answer.Error.ShouldContain(code);
    }

    private Answer Agent(string[] options, string script)
    {
        File.Delete(bench.Folder.At("audit"));
        File.Delete(bench.Folder.At("audit.p7s"));
        return Run(options, script);
    }

    private Answer Run(string[] options, string script)
    {
        string pin = Token.Make(bench);
        bench.Folder.File("image.efi", TestImage.Arm64().Bytes);
        return bench.Run(Path.Combine(bench.Links, "kexecsign"), ["agent", "--key", Key, "--pin-file", pin, .. options, "--", "bash", "-c", script], Environment());
    }

    private (string Name, string Value)[] Environment() => [("C", bench.Links), ("K", Key), .. Token.Environment(bench)];
}
