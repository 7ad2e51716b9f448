using KexecSign.Core;

namespace KexecSign.Cli.Tests.Commands;

public sealed class ResponseFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kexecsign-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Lines_are_taken_as_they_stand()
    {
        string path = Write("# a comment", "", "--key", "pkcs11:token=my token;object='x\"&?pin-source=file:/p", "Image one");
        FakeOptions options = Session.Options("@" + path, "Image two");
        options.Key.ShouldBe("pkcs11:token=my token;object='x\"&?pin-source=file:/p");
        options.Files.ShouldBe(["Image one", "Image two"]);
    }

    [Fact]
    public void The_command_may_stand_in_the_file()
    {
        string path = Write("sign", "--digest", "sha384");
        Session.Run([FakeOperations.Named("sign", (o, _) => new(o.Digest, 0, ExitCode.Done))], "@" + path).Output.ShouldContain("sha384");
    }

    [Fact]
    public void The_value_of_an_option_keeps_its_at_sign() => Session.Options("-o", "@nothing").Output.ShouldBe("@nothing");

    [Fact]
    public void A_missing_file_is_wrong_usage()
    {
        Session session = Session.Run([FakeOperations.Named("sign")], "sign", "@/nowhere/args");
        session.Exit.ShouldBe(2);
        session.Error.ShouldStartWith("KS3035: /nowhere/args: '@' in front of an argument stands for a file of arguments");
        session.Error.ShouldContain("--key @NAME");
    }

    [Fact]
    public void A_kernel_behind_the_at_sign_is_refused_unread()
    {
        string path = Path.Combine(_folder, "vmlinuz");
        File.WriteAllBytes(path, new byte[(1 << 20) + 1]);
        Session session = Session.Run([FakeOperations.Named("sign")], "sign", "@" + path);
        session.Exit.ShouldBe(2);
        session.Error.ShouldContain("0x100001");
    }

    private string Write(params string[] lines)
    {
        string path = Path.Combine(_folder, "args");
        File.WriteAllLines(path, lines);
        return path;
    }
}
