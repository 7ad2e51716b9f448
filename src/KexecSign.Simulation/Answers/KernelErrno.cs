namespace KexecSign.Simulation.Answers;

/// <summary>An error number as <c>kexec_file_load</c> returns it, without the sign.</summary>
/// <param name="Number">Number of include/uapi/asm-generic/errno*.h; 0 is success.</param>
/// <param name="Name">Symbolic name.</param>
public readonly record struct KernelErrno(int Number, string Name)
{
    /// <summary>Success.</summary>
    public static KernelErrno None => new(0, "OK");

    /// <summary>Locked down.</summary>
    public static KernelErrno EPERM => new(1, nameof(EPERM));

    /// <summary>Nothing of that name.</summary>
    public static KernelErrno ENOENT => new(2, nameof(ENOENT));

    /// <summary>No such descriptor.</summary>
    public static KernelErrno EBADF => new(9, nameof(EBADF));

    /// <summary>No memory, or none that large.</summary>
    public static KernelErrno ENOMEM => new(12, nameof(ENOMEM));

    /// <summary>IMA appraisal or the BPF verifier says no.</summary>
    public static KernelErrno EACCES => new(13, nameof(EACCES));

    /// <summary>No loader takes the file.</summary>
    public static KernelErrno ENOEXEC => new(8, nameof(ENOEXEC));

    /// <summary>Stands for a kernel that faults: there is no error number to return.</summary>
    public static KernelErrno EFAULT => new(14, nameof(EFAULT));

    /// <summary>Not an image, or an impossible segment.</summary>
    public static KernelErrno EINVAL => new(22, nameof(EINVAL));

    /// <summary>File longer than 4 GiB.</summary>
    public static KernelErrno EFBIG => new(27, nameof(EFBIG));

    /// <summary>No signature.</summary>
    public static KernelErrno ENODATA => new(61, nameof(ENODATA));

    /// <summary>No code for the algorithm.</summary>
    public static KernelErrno ENOPKG => new(65, nameof(ENOPKG));

    /// <summary>Malformed signature.</summary>
    public static KernelErrno EBADMSG => new(74, nameof(EBADMSG));

    /// <summary>Malformed PE.</summary>
    public static KernelErrno ELIBBAD => new(80, nameof(ELIBBAD));

    /// <summary>PKCS#7 too long.</summary>
    public static KernelErrno EMSGSIZE => new(90, nameof(EMSGSIZE));

    /// <summary>Signed by nobody known.</summary>
    public static KernelErrno ENOKEY => new(126, nameof(ENOKEY));

    /// <summary>Signature or digest is wrong.</summary>
    public static KernelErrno EKEYREJECTED => new(129, nameof(EKEYREJECTED));

    /// <summary>Kernel-internal number that leaks to user space: revision or type of the certificate entry.</summary>
    public static KernelErrno ENOTSUPP => new(524, nameof(ENOTSUPP));

    /// <summary>The value as a program sees it in r0: negative, in 64 bits.</summary>
    internal ulong Result => unchecked((ulong)-Number);

    /// <inheritdoc/>
    public override string ToString() => Number == 0 ? Name : $"{Name} ({Number})";
}
