using KexecSign.Simulation.Answers;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>Names of error numbers.</summary>
internal static class Errno
{
    private static readonly KernelErrno[] Known =
    [
        KernelErrno.EPERM, KernelErrno.ENOEXEC, KernelErrno.EACCES, KernelErrno.EFAULT, KernelErrno.EINVAL, KernelErrno.EFBIG, KernelErrno.ENODATA, KernelErrno.ENOPKG,
        KernelErrno.EBADMSG, KernelErrno.ELIBBAD, KernelErrno.EMSGSIZE, KernelErrno.ENOKEY, KernelErrno.EKEYREJECTED, KernelErrno.ENOTSUPP,
    ];

    /// <summary>The name, "accepts" for 0, or the number itself.</summary>
    public static string Name(int number) => number == 0 ? "accepts" : Known.FirstOrDefault(e => e.Number == number) is { Number: > 0 } known ? known.Name : $"{number}";
}
