using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;

namespace KexecSign.Commands.Testset;

/// <summary>Kernel Images without a signature of their own, to be judged by IMA.</summary>
internal static class ImaImages
{
    private static readonly ExpectedVerdict Denied = ExpectedVerdict.With(KernelErrno.EACCES);

    /// <summary>The images.</summary>
    public static IEnumerable<TestsetCase> All(TestsetWorkshop workshop)
    {
        Layout kernel = workshop.Kernel;
        yield return Case("unsigned", "No signature.", kernel, Denied);
        yield return Case("signed", "security.ima signs SHA-256.", kernel, ExpectedVerdict.Accepts) with
        { Xattr = workshop.ImaSignatureOf(kernel, "ima") };
        yield return Case("sha512", "security.ima signs SHA-512.", kernel, ExpectedVerdict.Accepts) with
        { Xattr = workshop.ImaSignatureOf(kernel, "ima", "sha512") };
        yield return Case("wrong-key", "security.ima is signed by a key that nobody trusts.", kernel, Denied) with
        { Xattr = workshop.ImaSignatureOf(kernel, "other") };
        yield return Case("tampered", "One bit changed after signing.", RawImages.Flip(kernel, kernel.Length / 2), Denied) with
        { Xattr = workshop.ImaSignatureOf(kernel, "ima") };
        yield return Case("hash-only", "security.ima holds the right hash, which anyone can write.", kernel, Denied) with
        { Xattr = TestsetWorkshop.ImaHashOf(kernel) };
        Layout appended = workshop.Append(kernel, "ima");
        yield return Case("appended", "A signature appended as to a module.", appended, ExpectedVerdict.Accepts);
        yield return Case("appended-wrong-key", "The same by a key that nobody trusts.", workshop.Append(kernel, "other"), Denied);
        yield return Case("appended-tampered", "The same, one bit changed after signing.", RawImages.Flip(appended, kernel.Length / 2),
            Denied);
    }

    private static TestsetCase Case(string name, string what, Layout content, ExpectedVerdict ima) =>
        new($"images/ima/{name}.Image", what, content, ExpectedVerdict.Refuses)
        {
            Kexec = ExpectedVerdict.With(KernelErrno.ENODATA),
            KexecUnenforced = ExpectedVerdict.Accepts,
            Ima = ima,
        };
}
