using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Signs, compresses, links, signs again and verifies in one go: <c>kexecsign build</c>.</summary>
public sealed class KexecSignBuild() : OperationTask(OperationCatalog.Build)
{
    /// <summary>A plan: of many images, or of the properties of one by the names of options; the other properties win over it.</summary>
    public ITaskItem? Plan { get; set; }

    /// <summary>A profile of the configuration to take options from; the other properties win over it.</summary>
    public string? Profile { get; set; }

    /// <summary>The uncompressed kernel Image.</summary>
    public string? Image { get; set; }

    /// <summary>The zboot kit to link with.</summary>
    public string? Kit { get; set; }

    /// <summary>The finished image; its IMA sidecar is FILE.sig.</summary>
    public string? Output { get; set; }

    /// <summary>Key of the outer PE (Secure Boot).</summary>
    public string? Key { get; set; }

    /// <summary>Its certificate.</summary>
    public string? Cert { get; set; }

    /// <summary>Key of the Image inside (kexec).</summary>
    public string? InnerKey { get; set; }

    /// <summary>Its certificate.</summary>
    public string? InnerCert { get; set; }

    /// <summary>Key for IMA.</summary>
    public string? ImaKey { get; set; }

    /// <summary>Its certificate.</summary>
    public string? ImaCert { get; set; }

    /// <summary>Name of an environment variable that holds the PIN; never the PIN.</summary>
    public string? PinEnv { get; set; }

    /// <summary>File whose first line is the PIN.</summary>
    public string? PinFile { get; set; }

    /// <summary>A kexec BPF parser object for the .bpf section.</summary>
    public string? Parser { get; set; }

    /// <summary>gzip or zstd.</summary>
    public string? Compression { get; set; }

    /// <summary>Compression level.</summary>
    public string? Level { get; set; }

    /// <summary>Keep the signed Image that is inside.</summary>
    public string? SignedImage { get; set; }

    /// <summary>Write a tar with SCHILY.xattr.security.ima.</summary>
    public string? Tar { get; set; }

    /// <summary>Set the extended attribute: security or user.</summary>
    public string? Xattr { get; set; }

    /// <summary>Write the result as JSON.</summary>
    public string? Report { get; set; }

    /// <summary>A file of keys to take instead of those of a plan of many images.</summary>
    public string? Keys { get; set; }

    /// <summary>Part of a plan's images to build, for instance 2/5.</summary>
    public string? Shard { get; set; }

    /// <summary>Build a plan's images even where they are there and verified.</summary>
    public bool Rebuild { get; set; }

    /// <summary>Let nothing appear that breaks this policy.</summary>
    public string? Policy { get; set; }

    /// <summary>Write in-toto provenance in a signed DSSE envelope.</summary>
    public string? Provenance { get; set; }

    /// <summary>Key of the provenance, when it is not the outer PE's.</summary>
    public string? ProvenanceKey { get; set; }

    /// <summary>Its certificate.</summary>
    public string? ProvenanceCert { get; set; }

    /// <summary>URI of who builds, for the provenance.</summary>
    public string? Builder { get; set; }

    /// <summary>CSV file of SBAT rows.</summary>
    public string? Sbat { get; set; }

    internal override void Give(OptionValues values)
    {
        if (Plan is not null)
            values.Text("profile", Profile);
        values.Files(Plan);
        values.Path("image", Image);
        values.Path("kit", Kit);
        values.Path("sbat", Sbat);
        values.Path("o", Output);
        values.Reference("key", Key);
        values.Reference("cert", Cert);
        values.Reference("inner-key", InnerKey);
        values.Reference("inner-cert", InnerCert);
        values.Reference("ima-key", ImaKey);
        values.Reference("ima-cert", ImaCert);
        values.Text("pin-env", PinEnv);
        values.Path("pin-file", PinFile);
        values.Path("parser", Parser);
        values.Text("compression", Compression);
        values.Text("level", Level);
        values.Path("signed-image", SignedImage);
        values.Path("tar", Tar);
        values.Text("xattr", Xattr);
        values.Path("report", Report);
        values.Path("keys", Keys);
        values.Text("shard", Shard);
        values.Flag("rebuild", Rebuild);
        values.Path("policy", Policy);
        values.Path("provenance", Provenance);
        values.Reference("provenance-key", ProvenanceKey);
        values.Reference("provenance-cert", ProvenanceCert);
        values.Text("builder", Builder);
    }
}
