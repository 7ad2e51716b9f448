using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace KexecSign.Architecture.Tests.Metadata;

/// <summary>Names of the type parameters in scope.</summary>
internal sealed record GenericScope(ImmutableArray<string> OfType, ImmutableArray<string> OfMethod);

/// <summary>Writes types of signatures the way C# does, without namespaces of the base library's well-known types.</summary>
internal sealed class TypeNames : ISignatureTypeProvider<string, GenericScope>
{
    public string GetPrimitiveType(PrimitiveTypeCode code) => code switch
    {
        PrimitiveTypeCode.Void => "void",
        PrimitiveTypeCode.Boolean => "bool",
        PrimitiveTypeCode.Byte => "byte",
        PrimitiveTypeCode.SByte => "sbyte",
        PrimitiveTypeCode.Char => "char",
        PrimitiveTypeCode.Int16 => "short",
        PrimitiveTypeCode.UInt16 => "ushort",
        PrimitiveTypeCode.Int32 => "int",
        PrimitiveTypeCode.UInt32 => "uint",
        PrimitiveTypeCode.Int64 => "long",
        PrimitiveTypeCode.UInt64 => "ulong",
        PrimitiveTypeCode.IntPtr => "nint",
        PrimitiveTypeCode.UIntPtr => "nuint",
        PrimitiveTypeCode.Single => "float",
        PrimitiveTypeCode.Double => "double",
        PrimitiveTypeCode.String => "string",
        PrimitiveTypeCode.Object => "object",
        _ => code.ToString(),
    };

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        string name = Plain(reader.GetString(type.Name));
        TypeDefinitionHandle outer = type.GetDeclaringType();
        if (!outer.IsNil)
            return GetTypeFromDefinition(reader, outer, rawTypeKind) + "." + name;
        return reader.GetString(type.Namespace) + "." + name;
    }

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
    {
        TypeReference type = reader.GetTypeReference(handle);
        string name = Plain(reader.GetString(type.Name));
        if (type.ResolutionScope.Kind == HandleKind.TypeReference)
            return GetTypeFromReference(reader, (TypeReferenceHandle)type.ResolutionScope, rawTypeKind) + "." + name;
        string space = reader.GetString(type.Namespace);
        return space.StartsWith("System", StringComparison.Ordinal) ? name : space + "." + name;
    }

    public string GetTypeFromSpecification(MetadataReader reader, GenericScope scope, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, scope);

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) =>
        genericType == "Nullable" ? typeArguments[0] + "?" : $"{genericType}<{string.Join(", ", typeArguments)}>";

    public string GetGenericTypeParameter(GenericScope scope, int index) => index < scope.OfType.Length ? scope.OfType[index] : "!" + index;

    public string GetGenericMethodParameter(GenericScope scope, int index) => index < scope.OfMethod.Length ? scope.OfMethod[index] : "!!" + index;

    public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{new string(',', shape.Rank - 1)}]";

    public string GetSZArrayType(string elementType) => elementType + "[]";

    public string GetByReferenceType(string elementType) => "ref " + elementType;

    public string GetPointerType(string elementType) => elementType + "*";

    public string GetPinnedType(string elementType) => elementType;

    // in parameters and init accessors are plain types with a modifier.
    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) =>
        modifier == "IsExternalInit" ? "init" : unmodifiedType;

    public string GetFunctionPointerType(MethodSignature<string> signature) =>
        $"delegate*<{string.Join(", ", signature.ParameterTypes.Append(signature.ReturnType))}>";

    private static string Plain(string name)
    {
        int tick = name.IndexOf('`');
        return tick < 0 ? name : name[..tick];
    }
}
