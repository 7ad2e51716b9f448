using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Pkcs11.Native;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Pkcs11;

[Collection(SoftHsmCollection.Name)]
public sealed class SessionTests(SoftHsm softHsm)
{
    private static readonly byte[] Hash = SHA256.HashData("x"u8);

    [SkippableFact]
    public void Many_signatures_take_one_login_and_leave_no_session_open()
    {
        SoftHsm.Require();
        using (var token = new InterposedToken(softHsm.PinFromFile))
        {
            foreach (string label in (string[])["Rsa2048", "P256", "P384"])
            {
                ISigningKey key = token.Key(label);
                for (int i = 0; i < 20; i++)
                    Sign(key);
            }
            InterposedToken.Logins.ShouldBe(1);
            InterposedToken.MostOpenSessions.ShouldBe(1);
        }
        InterposedToken.OpenSessions.ShouldBe(0);
    }

    [SkippableFact]
    public void Threads_share_a_single_session_when_the_token_allows_no_more()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile, sessionLimit: 1);
        ISigningKey key = token.Key("P256");
        Parallel.For(0, 40, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ => Sign(key));
        InterposedToken.Signatures.ShouldBe(40);
        InterposedToken.MostOpenSessions.ShouldBe(1);
        InterposedToken.Logins.ShouldBe(1);
    }

    [SkippableFact]
    public void No_session_left_by_others_is_an_error_after_a_few_attempts()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile, sessionLimit: 0);
        Refusal.Of("KS2025", () => token.Key("P256"));
    }

    [SkippableTheory]
    [InlineData((uint)ReturnValue.SessionHandleInvalid)]
    [InlineData((uint)ReturnValue.SessionClosed)]
    [InlineData((uint)ReturnValue.UserNotLoggedIn)]
    [InlineData((uint)ReturnValue.KeyHandleInvalid)]
    [InlineData((uint)ReturnValue.ObjectHandleInvalid)]
    [InlineData((uint)ReturnValue.OperationActive)]
    public void A_lost_session_login_or_handle_is_renewed(uint code)
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("Rsa2048");
        Sign(key);
        InterposedToken.SignInitFaults.Enqueue(code);
        Sign(key);
        Sign(key);
        InterposedToken.OpenSessions.ShouldBe(1);
    }

    [SkippableFact]
    public void Renewals_are_bounded()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("Rsa2048");
        for (int i = 0; i < 50; i++)
            InterposedToken.SignInitFaults.Enqueue(ReturnValue.SessionHandleInvalid);
        Refusal.Of("KS2012", () => Sign(key)).Message.ShouldContain("CKR_SESSION_HANDLE_INVALID (0xb3)");
        InterposedToken.SignInitFaults.Count.ShouldBe(46);
    }

    [SkippableFact]
    public void Other_failures_are_not_retried_and_close_their_session()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("Rsa2048");
        int before = InterposedToken.Signatures;
        InterposedToken.SignFaults.Enqueue(0x6);
        Refusal.Of("KS2012", () => Sign(key)).Message.ShouldContain("C_Sign on token 'Test token' returned CKR_FUNCTION_FAILED (0x6)");
        InterposedToken.Signatures.ShouldBe(before + 1);
        InterposedToken.OpenSessions.ShouldBe(0);
        // The last session took the login with it; the next signature logs in again.
        Sign(key);
        InterposedToken.Logins.ShouldBe(2);
    }

    [SkippableFact]
    public void After_a_device_error_nothing_more_is_asked_of_the_token()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("Rsa2048");
        InterposedToken.SignFaults.Enqueue(ReturnValue.DeviceError);
        Refusal.Of("KS2024", () => Sign(key));
        Refusal.Of("KS2024", () => Sign(key));
        InterposedToken.Signatures.ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData((uint)ReturnValue.TokenNotPresent, "CKR_TOKEN_NOT_PRESENT (0xe0)")]
    [InlineData((uint)ReturnValue.TokenNotRecognized, "CKR_TOKEN_NOT_RECOGNIZED (0xe1)")]
    public void A_token_that_was_pulled_out_is_said_to_be_gone(uint code, string name)
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("Rsa2048");
        InterposedToken.SignFaults.Enqueue(code);
        Refusal.Of("KS2023", () => Sign(key), $"token 'Test token' is gone: C_Sign returned {name}", "Plug it in again");
        InterposedToken.Signatures.ShouldBe(1);
    }

    [SkippableFact]
    public void A_token_without_a_user_PIN_says_how_to_set_one()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        // SoftHSM gives the same answer when it reads half a file, so that it is asked again.
        for (int i = 0; i < 10; i++)
            InterposedToken.LoginFaults.Enqueue(ReturnValue.UserPinNotInitialized);
        Refusal.Of(
            "KS2043", () => token.Key("P256"), "token 'Test token' has no user PIN (CKR_USER_PIN_NOT_INITIALIZED (0x102))",
            "the vendor's tool");
    }

    [SkippableTheory]
    [InlineData((uint)ReturnValue.PinLengthRange, "CKR_PIN_LEN_RANGE (0xa2)")]
    [InlineData((uint)ReturnValue.PinInvalid, "CKR_PIN_INVALID (0xa1)")]
    public void A_PIN_that_the_token_does_not_take_is_told_both_its_lengths(uint code, string name)
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        InterposedToken.LoginFaults.Enqueue(code);
        Refusal.Of("KS2046", () => token.Key("P256"), $"({name}); it wants 4 to 255 bytes", "Choose a PIN of that length")
            .Message.ShouldNotContain(softHsm.Pin);
        InterposedToken.Logins.ShouldBe(1);
    }

    [SkippableFact]
    public void A_key_whose_public_half_is_nowhere_in_the_token_is_refused()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        token.Connection.WithReadWrite(session => HalfOfAKey(token.Connection.Calls, session), default);
        Refusal.Of("KS2035", () => token.Key("half"), "token 'Test token'", "'half'", "(id 78)", "under the same id");
    }

    [SkippableFact]
    public void A_wrong_PIN_is_tried_once_even_by_many_threads_and_never_shown()
    {
        SoftHsm.Require();
        string path = softHsm.Temporary("wrong-pin");
        File.WriteAllText(path, "wr0ng-pin-4711\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var token = new InterposedToken(new PinOptions { File = path });
        int refused = 0;
        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            KexecSignException refusal = Refusal.Of("KS2041", () => token.Key("P256"));
            refusal.ToString().ShouldNotContain("wr0ng");
            refusal.Message.ShouldContain("CKR_PIN_INCORRECT");
            Interlocked.Increment(ref refused);
        });
        refused.ShouldBe(16);
        InterposedToken.Logins.ShouldBe(1);
    }

    [SkippableFact]
    public void A_key_that_wants_its_PIN_each_time_gets_it_each_time()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        token.Connection.WithReadWrite(session => AlwaysAuthenticatedKey(token.Connection.Calls, session), default);
        ISigningKey key = token.Key("guarded");
        for (int i = 0; i < 3; i++)
            Sign(key);
        InterposedToken.ContextLogins.ShouldBe(3);
        // The read-write session was the only one; closing it ended the first login.
        InterposedToken.Logins.ShouldBe(2);
    }

    [SkippableFact]
    public void A_cancelled_run_stops_before_the_token_is_asked()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("P256");
        Should.Throw<OperationCanceledException>(() => key.SignHash(Hash, HashAlgorithmName.SHA256, new CancellationToken(canceled: true)));
        InterposedToken.Signatures.ShouldBe(0);
    }

    [SkippableFact]
    public void A_signature_that_never_comes_ends_the_waiting_and_nothing_more_is_asked()
    {
        SoftHsm.Require();
        using var returns = new ManualResetEventSlim();
        using (var token = new InterposedToken(softHsm.PinFromFile, sessionLimit: 1, deadline: TimeSpan.FromSeconds(1)))
        {
            ISigningKey key = token.Key("P256");
            InterposedToken.SignHangs = returns;
            // More callers than sessions: those who wait for one must be told as well.
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
                Refusal.Of("KS2028", () => Sign(key)).Message.ShouldContain("token 'Test token' has not answered for 1 seconds"));
            InterposedToken.Signatures.ShouldBe(1);
            returns.Set();
            // The call uses functions that belong to the token of this test.
            SpinWait.SpinUntil(() => InterposedToken.Returned > 0, TimeSpan.FromSeconds(20)).ShouldBeTrue();
        }
    }

    [SkippableFact]
    public void A_cancelled_caller_does_not_wait_and_the_session_is_closed_when_the_call_returns()
    {
        SoftHsm.Require();
        using var returns = new ManualResetEventSlim();
        using var token = new InterposedToken(softHsm.PinFromFile);
        ISigningKey key = token.Key("P256");
        using var cancellation = new CancellationTokenSource();
        InterposedToken.SignHangs = returns;
        Task waiting = Task.Run(() => key.SignHash(Hash, HashAlgorithmName.SHA256, cancellation.Token));
        SpinWait.SpinUntil(() => InterposedToken.Signatures == 1, TimeSpan.FromSeconds(20)).ShouldBeTrue();
        cancellation.Cancel();
        Should.Throw<OperationCanceledException>(() => waiting.GetAwaiter().GetResult());
        InterposedToken.OpenSessions.ShouldBe(1);

        InterposedToken.SignHangs = null;
        returns.Set();
        SpinWait.SpinUntil(() => InterposedToken.OpenSessions == 0, TimeSpan.FromSeconds(20)).ShouldBeTrue();
        Sign(key);
    }

    [SkippableFact]
    public void Two_hundred_requests_at_once_share_one_login_and_leave_nothing_open()
    {
        SoftHsm.Require();
        using (var token = new InterposedToken(softHsm.PinFromFile, sessionLimit: 7))
        {
            ISigningKey key = token.Key("Rsa2048");
            Task[] all = [.. Enumerable.Range(0, 200).Select(_ => Task.Factory.StartNew(() => Sign(key), TaskCreationOptions.LongRunning))];
            Task.WaitAll(all);
            InterposedToken.Signatures.ShouldBe(200);
            InterposedToken.Logins.ShouldBe(1);
            InterposedToken.MostOpenSessions.ShouldBeLessThanOrEqualTo(7);
        }
        InterposedToken.OpenSessions.ShouldBe(0);
    }

    // C_Finalize under a call of another thread is undefined, and the numbers of sessions begin anew after it.
    [SkippableFact]
    public void A_login_that_meets_half_a_token_does_not_start_the_module_again_while_another_thread_signs()
    {
        SoftHsm.Require();
        using var returns = new ManualResetEventSlim();
        using var token = new InterposedToken(softHsm.PinFromFile, finalise: true);
        ISigningKey key = token.Key("P256");
        InterposedToken.SignHangs = returns;
        Task other = Task.Factory.StartNew(() => Sign(key), TaskCreationOptions.LongRunning);
        SpinWait.SpinUntil(() => InterposedToken.Signatures == 1, TimeSpan.FromSeconds(20)).ShouldBeTrue();
        InterposedToken.SignHangs = null;
        InterposedToken.SignInitFaults.Enqueue(ReturnValue.UserNotLoggedIn);
        InterposedToken.LoginFaults.Enqueue(ReturnValue.GeneralError);
        Sign(key);
        returns.Set();
        other.GetAwaiter().GetResult();
        InterposedToken.LoginFaults.ShouldBeEmpty();
        InterposedToken.MostAtFinalisation.ShouldBe(0);
    }

    [SkippableFact]
    public void A_login_that_meets_half_a_token_starts_the_module_again_when_nobody_is_in_it()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile, finalise: true);
        InterposedToken.LoginFaults.Enqueue(ReturnValue.GeneralError);
        Sign(token.Key("P256"));
        InterposedToken.Finalisations.ShouldBe(1);
        InterposedToken.MostAtFinalisation.ShouldBe(0);
    }

    // It may have lost the end of its file, or never have had a PIN; which, time tells once.
    [SkippableFact]
    public void A_token_that_stays_without_a_user_PIN_is_waited_for_once()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile, finalise: true);
        InterposedToken.HidesUserPin = true;
        token.Connection.Module.InitialisedTokens(_ => true).ShouldNotBeEmpty();
        int first = InterposedToken.Finalisations;
        first.ShouldBePositive();
        token.Connection.Module.InitialisedTokens(_ => true).ShouldNotBeEmpty();
        InterposedToken.Finalisations.ShouldBe(first);
    }

    // Of several tokens SoftHSM leaves out the one whose file it reads at a bad moment; the others are there.
    [SkippableFact]
    public void A_token_that_is_not_among_those_of_SoftHSM_is_looked_for_again()
    {
        SoftHsm.Require();
        using var token = new InterposedToken(softHsm.PinFromFile, finalise: true);
        InterposedToken.Rename(token.Connection.Module.Tokens().Count);
        token.Connection.Module.InitialisedTokens(t => t.Label == SoftHsm.Label).ShouldContain(t => t.Label == SoftHsm.Label);
        InterposedToken.Finalisations.ShouldBe(1);
    }

    private static void Sign(ISigningKey key) => key.SignHash(Hash, HashAlgorithmName.SHA256, default);

    // The public key is one of the session, and goes with it.
    private static nuint HalfOfAKey(Cryptoki calls, nuint session)
    {
        using var publicKey = new Template();
        publicKey.Add(AttributeType.Verify, true).Add(AttributeType.Id, [0x78]).Add(AttributeType.Token, false)
            .Add(AttributeType.EcParameters, [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
        using var privateKey = new Template();
        privateKey.Add(AttributeType.Token, true).Add(AttributeType.Private, true).Add(AttributeType.Sign, true).Add(AttributeType.Id, [0x78])
            .Add(AttributeType.Label, "half").Add(AttributeType.Sensitive, true);
        return calls.GenerateKeyPair(session, Mechanism.EcKeyPairGen, publicKey, privateKey);
    }

    private static nuint AlwaysAuthenticatedKey(Cryptoki calls, nuint session)
    {
        using var publicKey = new Template();
        publicKey.Add(AttributeType.Verify, true).Add(AttributeType.Id, [0x77])
            .Add(AttributeType.Token, true).Add(AttributeType.Label, "guarded")
            .Add(AttributeType.EcParameters, [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
        using var privateKey = new Template();
        privateKey.Add(AttributeType.Token, true).Add(AttributeType.Private, true).Add(AttributeType.Sign, true).Add(AttributeType.Id, [0x77])
            .Add(AttributeType.Label, "guarded").Add(AttributeType.Sensitive, true).Add(AttributeType.AlwaysAuthenticate, true)
            .Add(AttributeType.Decrypt, false).Add(AttributeType.Unwrap, false);
        return calls.GenerateKeyPair(session, Mechanism.EcKeyPairGen, publicKey, privateKey);
    }
}
