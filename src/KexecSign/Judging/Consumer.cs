namespace KexecSign.Judging;

/// <summary>Who may look at a kernel image on its way to being run.</summary>
public enum Consumer
{
    /// <summary>UEFI firmware with Secure Boot (EDK2's DxeImageVerificationLib).</summary>
    Firmware,

    /// <summary>shim, asked by a boot loader.</summary>
    Shim,

    /// <summary><c>kexec_file_load</c> of a Linux kernel that enforces signatures.</summary>
    Kexec,

    /// <summary>IMA appraisal.</summary>
    Ima,

    /// <summary>A kernel of the kexec BPF series, looking for a parser.</summary>
    Bpf,
}
