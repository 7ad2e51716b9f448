using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Signs EFI images: <c>kexecsign sign</c>.</summary>
public sealed class KexecSignSign() : SigningTask(OperationCatalog.Sign)
{
    /// <summary>The files.</summary>
    [Required]
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>Output file for one image, existing folder for several.</summary>
    public string? Output { get; set; }

    /// <summary>Replace the input.</summary>
    public bool InPlace { get; set; }

    /// <summary>Drop the signatures that are there.</summary>
    public bool Replace { get; set; }

    /// <summary>Keep them and add behind.</summary>
    public bool Append { get; set; }

    /// <summary>Keep them and add in front.</summary>
    public bool Prepend { get; set; }

    /// <summary>Pad a kernel Image so that, signed, it is exactly image_size bytes long.</summary>
    public bool Fit { get; set; }

    /// <summary>RFC 3161 servers, in the order in which they are tried.</summary>
    public string[] Timestamp { get; set; } = [];

    /// <summary>Authorities whose timestamps are taken.</summary>
    public ITaskItem[] Tsa { get; set; } = [];

    /// <summary>Take a timestamp whoever made it.</summary>
    public bool TsaUnverified { get; set; }

    /// <summary>Longest wait for one server's answer, in seconds.</summary>
    public string? TimestampWait { get; set; }

    /// <summary>Longest wait for all timestamps together, in seconds.</summary>
    public string? TimestampDeadline { get; set; }

    /// <summary>Write a signing time: SOURCE_DATE_EPOCH, or now where that is not set.</summary>
    public bool SigningTime { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Files(Files);
        values.Path("o", Output);
        values.Flag("in-place", InPlace);
        values.Flag("replace", Replace);
        values.Flag("append", Append);
        values.Flag("prepend", Prepend);
        values.Flag("fit", Fit);
        values.Texts("timestamp", Timestamp);
        values.References("tsa", Tsa);
        values.Flag("tsa-unverified", TsaUnverified);
        values.Text("timestamp-wait", TimestampWait);
        values.Text("timestamp-deadline", TimestampDeadline);
        values.Flag("signing-time", SigningTime);
    }
}
