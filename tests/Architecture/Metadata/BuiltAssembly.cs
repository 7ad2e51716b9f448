using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace KexecSign.Architecture.Tests.Metadata;

/// <summary>The metadata of an assembly that is never loaded.</summary>
internal sealed class BuiltAssembly : IDisposable
{
    private readonly PEReader _file;

    public BuiltAssembly(string path)
    {
        File.Exists(path).ShouldBeTrue(path + " was not built");
        _file = new PEReader(File.OpenRead(path));
        Reader = _file.GetMetadataReader();
    }

    public MetadataReader Reader { get; }

    public IEnumerable<string> References =>
        Reader.AssemblyReferences.Select(handle => Reader.GetString(Reader.GetAssemblyReference(handle).Name));

    /// <summary>Types of other assemblies, with namespace.</summary>
    public IEnumerable<string> UsedTypes => Reader.TypeReferences.Select(handle => FullName(Reader.GetTypeReference(handle)));

    /// <summary>Members of other assemblies' types, as <c>Namespace.Type.Member</c>.</summary>
    public IEnumerable<string> UsedMembers =>
        from handle in Reader.MemberReferences
        let member = Reader.GetMemberReference(handle)
        where member.Parent.Kind == HandleKind.TypeReference
        select FullName(Reader.GetTypeReference((TypeReferenceHandle)member.Parent)) + "." + Reader.GetString(member.Name);

    public void Dispose() => _file.Dispose();

    private string FullName(TypeReference type) => Reader.GetString(type.Namespace) + "." + Reader.GetString(type.Name);
}
