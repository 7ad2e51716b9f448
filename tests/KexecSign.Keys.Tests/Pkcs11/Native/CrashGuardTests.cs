using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Tests.Pkcs11.Native;

/// <summary>.NET makes NullReferenceException of SIGSEGV, so a guard in the way of that would end the process. (Crashes are tested with the program.)</summary>
public sealed class CrashGuardTests
{
    [SkippableFact]
    public void Faults_of_other_threads_and_later_ones_are_exceptions_as_before()
    {
        using (CrashGuard? guard = CrashGuard.Begin("this thread crashed"))
        {
            Skip.If(guard is null, "no crash guard for this architecture");
            bool caught = false;
            var other = new Thread(() => caught = Faults());
            other.Start();
            other.Join();
            caught.ShouldBeTrue();
        }
        Faults().ShouldBeTrue();
    }

    private static bool Faults()
    {
        try
        {
            return Length(null!) < 0;
        }
        catch (NullReferenceException)
        {
            return true;
        }
    }

    private static int Length(string text) => text.Length;
}
