using System.Collections.Immutable;

namespace KexecSign.Tests.Hostile;

/// <summary>A file that sbverify accepts and that is refused here.</summary>
/// <param name="Code">How it is refused.</param>
/// <param name="Field">The field whose value makes the difference.</param>
/// <param name="Why">What sbverify does with the field, and why that is not followed.</param>
internal sealed record Difference(string Code, string Field, string Why);

/// <summary>All differences between sbverify 0.9.4 and 'verify --for firmware' that are known, by field. One that is not here fails a test.</summary>
internal static class SbverifyDifferences
{
    public static ImmutableArray<Difference> Known { get; } =
    [
        new("KS1004", "SizeOfOptionalHeader", "sbverify looks for the section table where it says, the kernel behind the directories: two tables are possible"),
        new("KS1004", "NumberOfRvaAndSizes", "sbverify reads the fifth directory whatever the number is; the kernel puts the section table behind that many"),
        new("KS1007", "FileAlignment", "sbverify never reads it; loaders round by it"),
        new("KS1007", "SectionAlignment", "sbverify never reads it; loaders round by it"),
        new("KS1011", "SizeOfHeaders", "sbverify warns of the gap and hashes around it: signed by no one"),
        new("KS1011", "section PointerToRawData", "sbverify warns of the gap and hashes around it: signed by no one"),
        new("KS1011", "section SizeOfRawData", "a section that has no content any more leaves a gap, of which sbverify warns"),
        new("KS1012", "section PointerToRawData", "sbverify warns of the gap and hashes around it: signed by no one"),
        new("KS1012", "section SizeOfRawData", "sbverify warns of the gap and hashes around it: signed by no one"),
        new("KS1013", "section PointerToRawData", "sbverify sorts the sections; some firmware takes them in the table's order"),
        new("KS1014", "SizeOfHeaders", "sbverify hashes what headers and section share twice; others hash it once"),
        new("KS1014", "section PointerToRawData", "sbverify hashes what two sections share twice; others hash it once"),
        new("KS1014", "section SizeOfRawData", "sbverify hashes what two sections share twice; others hash it once"),
        new("KS1015", "FileAlignment", "sbverify never reads it; loaders round sizes up by it and read what is behind"),
        new("KS1015", "section SizeOfRawData", "sbverify hashes the size as it is; loaders round it up and read what is behind"),
        new("KS1501", "dwLength", "sbverify hands OpenSSL what is left of the table; the kernel goes by the length"),
        new("KS1506", "type of the content", "OpenSSL takes any type when it is told to check detached content; kernel and EDK2 want SPC_INDIRECT_DATA"),
        new("KS1506", "certificates, tag and length", "OpenSSL takes a SET that says another length form; the kernel's decoder does not"),
        new("KS1506", "digestAlgorithms", "OpenSSL takes parameters of any type that it can decode; nothing but NULL belongs there"),
        new("KS1506", "signerInfo digestAlgorithm", "OpenSSL takes parameters of any type that it can decode; nothing but NULL belongs there"),
        new("KS4103", "signerInfo signatureAlgorithm", "OpenSSL takes the algorithm from the key; the kernel reads it here"),
        new("KS4103", "signerInfo issuerAndSerial", "OpenSSL compares names without case and spaces; the kernel compares bytes"),
        new("KS4107", "Subsystem", "sbverify never reads it; firmware loads applications and drivers only"),
        new("KS4146", "SizeOfImage", "sbverify never reads it; EDK2 wants the section table and the headers below it"),
        new("KS4146", "SizeOfHeaders", "sbverify warns of the gap; EDK2 wants it above the section table and below SizeOfImage"),
        new("KS4146", "section VirtualAddress", "sbverify never reads it; EDK2 wants it behind the headers"),
        new("KS4146", "section PointerToRawData", "sbverify warns of the gap; EDK2 wants it behind the headers"),
        new("KS4147", "certificate directory size", "sbverify stops at the last entry; EDK2 wants to end where the table ends"),
    ];

    /// <summary>
    /// Fields for which pesign 0.112 does not read files that the others accept: it crashes on an image without sections and wants
    /// an executable.
    /// </summary>
    public static ImmutableArray<string> Unreadable { get; } = ["NumberOfSections", "Characteristics"];

    /// <summary>Fields for which sbverify refuses what firmware takes: EDK2 and shim never look at an entry's revision.</summary>
    public static ImmutableArray<string> RefusedByPeer { get; } = ["wRevision"];

    /// <summary>The difference that explains a refusal of a file in which these fields were changed; null when none does.</summary>
    public static Difference? Explaining(string code, IReadOnlyCollection<string> changed) =>
        Known.FirstOrDefault(d => d.Code == code && changed.Contains(d.Field));
}
