using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Documents;

namespace KexecSign.Provenance;

/// <summary>
/// An in-toto statement (v1) with SLSA provenance (v1). It has no times and no paths: the same inputs give the same bytes
/// wherever and whenever they are built.
/// </summary>
internal sealed record ProvenanceStatement
{
    /// <summary>Type of the statement.</summary>
    public const string StatementType = "https://in-toto.io/Statement/v1";

    /// <summary>Type of the predicate.</summary>
    public const string PredicateType = "https://slsa.dev/provenance/v1";

    /// <summary>Names the parameters below.</summary>
    public const string BuildType = "urn:kexecsign:build:1";

    /// <summary>Names that there are none: the files were made elsewhere.</summary>
    public const string FilesType = "urn:kexecsign:files:1";

    /// <summary>A builder that nobody named.</summary>
    public const string UnnamedBuilder = "urn:kexecsign:builder:unnamed";

    /// <summary>The version of Linux that the kernel says it is; null where none is found.</summary>
    public string? LinuxVersion { get; init; }

    /// <summary>Which parameters there are.</summary>
    public string Kind { get; init; } = BuildType;

    public required ImmutableArray<ProvenanceSubject> Subjects { get; init; }

    public required ImmutableArray<ProvenanceSubject> Materials { get; init; }

    public required string Builder { get; init; }

    public string? Compression { get; init; }

    public int? Level { get; init; }

    /// <summary>Name and version of what compressed.</summary>
    public string? Library { get; init; }

    public string? Xattr { get; init; }

    public required ImmutableArray<BuildCertificate> Certificates { get; init; }

    /// <summary>The statement's bytes.</summary>
    public byte[] ToJson()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = ReportDocument.Writing.Encoder }))
            Write(json);
        return bytes.ToArray();
    }

    /// <summary>Who built and what a statement speaks of; whatever signed it is not asked.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3301, KS3302, KS3321.</exception>
    public static (string Builder, ImmutableArray<ProvenanceSubject> Subjects) Read(ReadOnlySpan<byte> statement)
    {
        var root = new ObjectReader(PlacedDocument.Parse(statement), "the statement");
        Require(root.Required("_type"), StatementType);
        Require(root.Required("predicateType"), PredicateType);
        ObjectReader? builder = root.Object("predicate")?.Object("runDetails")?.Object("builder");
        ImmutableArray<ProvenanceSubject> subjects =
        [
            .. root.List("subject").Select(item => new ObjectReader(item, "a subject"))
                .Select(s => new ProvenanceSubject(s.Required("name"),
                    (s.Object("digest") ?? throw s.Missing("digest")).Required("sha256"))),
        ];
        return (builder?.Text("id") ?? "nobody named", subjects);
    }

    private static void Require(string found, string wanted)
    {
        if (found != wanted)
            throw OperationErrors.NotProvenance.With($"it is {found}, not {wanted}");
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("_type", StatementType);
        WriteSubjects(json, "subject", Subjects);
        json.WriteString("predicateType", PredicateType);
        json.WriteStartObject("predicate");
        json.WriteStartObject("buildDefinition");
        json.WriteString("buildType", Kind);
        json.WriteStartObject("externalParameters");
        if (!Materials.IsEmpty)
            json.WriteString("image", Materials[0].Name);
        if (LinuxVersion is not null)
            json.WriteString("linuxVersion", LinuxVersion);
        if (Compression is not null)
            json.WriteString("compression", Compression);
        if (Level is not null)
            json.WriteNumber("level", Level.Value);
        if (Library is not null)
            json.WriteString("library", Library);
        if (Xattr is not null)
            json.WriteString("xattr", Xattr);
        json.WriteEndObject();
        json.WriteStartObject("internalParameters");
        json.WriteStartArray("certificates");
        foreach (BuildCertificate certificate in Certificates)
        {
            json.WriteStartObject();
            json.WriteString("role", certificate.Role);
            json.WriteString("subject", certificate.Subject);
            json.WriteString("sha256", certificate.Sha256);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        WriteSubjects(json, "resolvedDependencies", Materials);
        json.WriteEndObject();
        json.WriteStartObject("runDetails");
        json.WriteStartObject("builder");
        json.WriteString("id", Builder);
        json.WriteStartObject("version");
        json.WriteString("kexecsign", ToolVersion.Number);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSubjects(Utf8JsonWriter json, string name, ImmutableArray<ProvenanceSubject> subjects)
    {
        json.WriteStartArray(name);
        foreach (ProvenanceSubject subject in subjects)
        {
            json.WriteStartObject();
            json.WriteString("name", subject.Name);
            json.WriteStartObject("digest");
            json.WriteString("sha256", subject.Sha256);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
