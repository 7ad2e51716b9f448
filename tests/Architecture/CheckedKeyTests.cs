using System.Reflection.Metadata;
using KexecSign.Architecture.Tests.Metadata;

namespace KexecSign.Architecture.Tests;

/// <summary>
/// No signature leaves unverified: what signs outside KexecSign.Keys is a key that checks what it makes, or one that cannot sign.
/// </summary>
public sealed class CheckedKeyTests
{
    private static readonly string[] MakesSignatures =
    [
        "System.Security.Cryptography.RSA.SignHash", "System.Security.Cryptography.RSA.SignData", "System.Security.Cryptography.RSA.TrySignHash",
        "System.Security.Cryptography.ECDsa.SignHash", "System.Security.Cryptography.ECDsa.SignData", "System.Security.Cryptography.ECDsa.TrySignHash",
        "System.Security.Cryptography.MLDsa.SignData", "System.Security.Cryptography.Pkcs.SignedCms.ComputeSignature",
    ];

    public static TheoryData<string> Projects => Repository.RoomNames;

    [Fact]
    public void Only_the_checked_key_and_the_absent_one_are_signing_keys() =>
        Repository.Rooms.SelectMany(room => Implementers(room.Name)).Order(StringComparer.Ordinal)
            .ShouldBe(["KexecSign.Keys.External.AbsentKey", "KexecSign.Keys.Kinds.CheckedKey"]);

    [Theory]
    [MemberData(nameof(Projects))]
    public void Nothing_signs_beside_the_keys(string project)
    {
        if (project == "KexecSign.Keys")
            return;
        using var assembly = new BuiltAssembly(Repository.Named(project).AssemblyFile);
        assembly.UsedMembers.Intersect(MakesSignatures).ShouldBeEmpty();
    }

    // A rule that saw nothing would always hold.
    [Fact]
    public void Sees_what_signs()
    {
        using var assembly = new BuiltAssembly(Repository.Named("KexecSign.Keys").AssemblyFile);
        assembly.UsedMembers.Intersect(MakesSignatures).ShouldContain("System.Security.Cryptography.RSA.SignHash");
    }

    private static string[] Implementers(string project)
    {
        using var assembly = new BuiltAssembly(Repository.Named(project).AssemblyFile);
        MetadataReader reader = assembly.Reader;
        return
        [
            .. from handle in reader.TypeDefinitions
               let type = reader.GetTypeDefinition(handle)
               from implemented in type.GetInterfaceImplementations()
               where Name(reader, reader.GetInterfaceImplementation(implemented).Interface) == "ISigningKey"
               select $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}",
        ];
    }

    private static string? Name(MetadataReader reader, EntityHandle type) => type.Kind switch
    {
        HandleKind.TypeReference => reader.GetString(reader.GetTypeReference((TypeReferenceHandle)type).Name),
        HandleKind.TypeDefinition => reader.GetString(reader.GetTypeDefinition((TypeDefinitionHandle)type).Name),
        _ => null,
    };
}
