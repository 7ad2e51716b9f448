using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pkcs11;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Pkcs11;

/// <summary>Threads of batches, which call the token themselves and are left behind when it does not answer.</summary>
[Collection(SoftHsmCollection.Name)]
public sealed class ExpendableThreadTests(SoftHsm softHsm)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly byte[] Hash = SHA256.HashData("x"u8);

    [SkippableFact]
    public void Calls_the_token_itself()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("P256");
        (int here, int there) = (0, -1);
        byte[]? signature = null;
        using var ended = new ManualResetEventSlim();
        ExpendableThread.Start("test", _ =>
        {
            here = Environment.CurrentManagedThreadId;
            InterposedToken.OnSign = () => there = Environment.CurrentManagedThreadId;
            signature = Sign(key, default);
            ended.Set();
        });
        ended.Wait(Patience).ShouldBeTrue();
        signature.ShouldNotBeNull();
        there.ShouldBe(here);
    }

    [SkippableFact]
    public void Is_left_behind_when_the_token_does_not_answer_and_what_it_held_is_disposed_of()
    {
        SoftHsm.Require();
        using var returns = new ManualResetEventSlim();
        using var ended = new ManualResetEventSlim();
        using var token = new InterposedToken(softHsm.PinFromFile, sessionLimit: 1, deadline: TimeSpan.FromSeconds(1));
        ISigningKey key = token.Key("P256");
        InterposedToken.SignHangs = returns;
        using var held = new MemoryStream();
        Exception? thrown = null;
        var thread = ExpendableThread.Start("test", own =>
        {
            own.Hold(held);
            thrown = Record(() => Sign(key, default));
            ended.Set();
        });
        Exception? late = null;
        SpinWait.SpinUntil(() => (late = thread.Expire()) is not null, Patience).ShouldBeTrue();
        late.ShouldBeOfType<KexecSignException>().Message.ShouldContain("token 'Test token' has not answered for 1 seconds");
        held.CanRead.ShouldBeFalse();
        thread.IsLeftBehind.ShouldBeTrue();
        // Nobody asks the token again, and who would have waited for the one session is told.
        Refusal.Of("KS2028", () => Sign(key, default));
        InterposedToken.Signatures.ShouldBe(1);

        returns.Set();
        ended.Wait(Patience).ShouldBeTrue();
        thrown.ShouldBeOfType<OperationCanceledException>();
        InterposedToken.OpenSessions.ShouldBe(1);
    }

    [SkippableFact]
    public void Is_left_behind_when_its_owner_must_stop_and_closes_its_session_when_the_call_returns()
    {
        SoftHsm.Require();
        using var returns = new ManualResetEventSlim();
        using var ended = new ManualResetEventSlim();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("P256");
        InterposedToken.SignHangs = returns;
        Exception? thrown = null;
        var thread = ExpendableThread.Start("test", _ =>
        {
            thrown = Record(() => Sign(key, default));
            ended.Set();
        });
        SpinWait.SpinUntil(() => InterposedToken.Signatures == 1, Patience).ShouldBeTrue();
        thread.Expire().ShouldBeNull();
        thread.LeaveInCall().ShouldBeTrue();
        InterposedToken.OpenSessions.ShouldBe(1);

        InterposedToken.SignHangs = null;
        returns.Set();
        ended.Wait(Patience).ShouldBeTrue();
        thrown.ShouldBeOfType<OperationCanceledException>();
        InterposedToken.OpenSessions.ShouldBe(0);
        Sign(key, default);
    }

    [Fact]
    public void Is_not_left_behind_between_calls()
    {
        // Nothing that is disposed of with the test: the thread may begin only after it.
        var end = new TaskCompletionSource();
        var thread = ExpendableThread.Start("test", _ => end.Task.Wait());
        thread.LeaveInCall().ShouldBeFalse();
        thread.Expire().ShouldBeNull();
        thread.IsLeftBehind.ShouldBeFalse();
        end.SetResult();
    }

    private static byte[] Sign(ISigningKey key, CancellationToken cancellation) => key.SignHash(Hash, HashAlgorithmName.SHA256, cancellation);

    private static Exception? Record(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception thrown)
        {
            return thrown;
        }
    }
}
