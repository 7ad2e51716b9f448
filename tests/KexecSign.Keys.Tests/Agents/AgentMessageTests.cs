using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Keys.Agents;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Keys.Tests.Agents;

/// <summary>Whoever sits at the other end of an agent's socket is not believed.</summary>
public sealed class AgentMessageTests : IDisposable
{
    private const string WayOut = "Use the same version of kexecsign";
    private readonly TempFolder _folder = new();
    private readonly Socket _listening = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public AgentMessageTests()
    {
        _listening.Bind(new UnixDomainSocketEndPoint(_folder.At("agent")));
        _listening.Listen();
    }

    public void Dispose()
    {
        _listening.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("01000400", "its length is 262145 where at most 262144 is allowed")]
    [InlineData("ffffffff", "its length is -1 where at most 262144 is allowed")]
    [InlineData("08000000", "it ends early")]
    [InlineData("0800", "it ends after 2 of 4 bytes")]
    [InlineData("080000000100", "it ends after 2 of 8 bytes")]
    [InlineData("080000000500000001020304", "a field of 5 bytes at 0 of 8")]
    [InlineData("0800000000000000ff000000", "a field of 255 bytes at 4 of 8")]
    [InlineData("0300000000000000", "a field of -1 bytes at 0 of 3")]
    public void A_message_whose_lengths_do_not_fit_is_refused(string sent, string told)
    {
        using Socket client = Connected(Convert.FromHexString(sent));
        Refusal.Of("KS3872", () => AgentMessage.Receive(client), told, WayOut);
    }

    [Fact]
    public void Fields_that_are_missing_or_no_numbers_are_refused()
    {
        AgentMessage message = new AgentMessage().Add(4711).Add("text");
        message.Number(0).ShouldBe(4711);
        Refusal.Of("KS3872", () => message.Number(1), "field 1 is no number", WayOut);
        Refusal.Of("KS3872", () => message.Text(2), "field 2 of 2 is missing", WayOut);
    }

    [Fact]
    public async Task An_agent_that_answers_what_no_agent_does_ends_the_opening_of_a_key()
    {
        Task agent = Task.Run(() =>
        {
            using Socket accepted = _listening.Accept();
            AgentMessage.Receive(accepted)!.Number(0).ShouldBe((long)AgentRequest.Open);
            new AgentMessage().Add(9).Send(accepted);
        });
        using var keyring = new Keyring(name => name == AgentMessage.Variable ? _folder.At("agent") : null);
        Refusal.Of("KS3872", () => keyring.OpenKey("pkcs11:object=x", new(), default), "answer 9", WayOut);
        await agent;
    }

    [Fact]
    public async Task An_answer_that_nobody_waited_for_is_not_taken_for_the_next_one()
    {
        Task agent = Task.Run(() =>
        {
            using Socket accepted = _listening.Accept();
            for (int i = 0; i < 2; i++)
            {
                string asked = AgentMessage.Receive(accepted)!.Text(1);
                new AgentMessage().Add((long)AgentAnswer.Done).Add(Encoding.UTF8.GetBytes(asked)).Add(asked).Send(accepted);
            }
        });
        using var keyring = new Keyring(name => name == AgentMessage.Variable ? _folder.At("agent") : null);
        keyring.AskAgent("pkcs11:object=one").ShouldNotBeNull();
        Func<AgentSigner?> second = keyring.AskAgent("pkcs11:object=two").ShouldNotBeNull();
        Encoding.UTF8.GetString(second().ShouldNotBeNull().SubjectPublicKeyInfo.Span).ShouldBe("pkcs11:object=two");
        await agent;
    }

    [Theory]
    [InlineData(null, "SHA384")]
    [InlineData("", "SHA384")]
    [InlineData("sha512", "SHA512")]
    [InlineData("sha256", "SHA384")]
    [InlineData("sha1", "SHA384")]
    [InlineData("md4", null)]
    public async Task A_longer_hash_that_an_agents_token_takes_is_taken_and_no_shorter_one(string? said, string? chosen)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Task agent = Task.Run(() =>
        {
            using Socket accepted = _listening.Accept();
            AgentMessage.Receive(accepted).ShouldNotBeNull();
            AgentMessage answer = new AgentMessage().Add((long)AgentAnswer.Done).Add(key.ExportSubjectPublicKeyInfo()).Add("db");
            (said is null ? answer : answer.Add(said)).Send(accepted);
        });
        using var keyring = new Keyring(name => name == AgentMessage.Variable ? _folder.At("agent") : null);
        if (chosen is null)
            Refusal.Of("KS3872", () => keyring.OpenKey("pkcs11:object=db", new(), default), "hash 'md4'", WayOut);
        else
            keyring.OpenKey("pkcs11:object=db", new(), default).DefaultHash.Name.ShouldBe(chosen);
        await agent;
    }

    [Fact]
    public async Task What_an_agent_refuses_is_refused_in_its_words()
    {
        Task agent = Task.Run(() =>
        {
            using Socket accepted = _listening.Accept();
            AgentMessage.Receive(accepted).ShouldNotBeNull();
            new AgentMessage().Add((long)AgentAnswer.Refused).Add("it has signed twice already.").Send(accepted);
        });
        using var keyring = new Keyring(name => name == AgentMessage.Variable ? _folder.At("agent") : null);
        Refusal.Of(
            "KS3870", () => keyring.OpenKey("pkcs11:object=x", new(), default), "the agent refuses: it has signed twice already.",
            "audit log");
        await agent;
    }

    private Socket Connected(byte[] sent)
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(_folder.At("agent")));
        using Socket accepted = _listening.Accept();
        accepted.Send(sent);
        return client;
    }
}
