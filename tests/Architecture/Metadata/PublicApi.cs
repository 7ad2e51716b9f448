using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;

namespace KexecSign.Architecture.Tests.Metadata;

/// <summary>Everything of an assembly that another assembly can name, one line each, sorted.</summary>
internal sealed class PublicApi(MetadataReader reader)
{
    private readonly TypeNames _names = new();

    public IEnumerable<string> Lines() => reader.TypeDefinitions.Where(IsVisible).SelectMany(Describe).Order(StringComparer.Ordinal);

    private IEnumerable<string> Describe(TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        var scope = new GenericScope(ParameterNames(type.GetGenericParameters()), []);
        string name = _names.GetTypeFromDefinition(reader, handle, 0);
        string own = scope.OfType.IsEmpty ? name : $"{name}<{string.Join(", ", scope.OfType)}>";
        yield return $"{own}: {Kind(type)}{Bases(type, scope)}";
        foreach (string member in Fields(type, scope).Concat(Properties(type, scope)).Concat(Events(type, scope)).Concat(Methods(type, scope)))
            yield return $"{own}.{member}";
    }

    private IEnumerable<string> Fields(TypeDefinition type, GenericScope scope) =>
        from handle in type.GetFields()
        let field = reader.GetFieldDefinition(handle)
        where IsVisible(field.Attributes & FieldAttributes.FieldAccessMask) && !field.Attributes.HasFlag(FieldAttributes.SpecialName)
        let words = field.Attributes.HasFlag(FieldAttributes.Literal) ? "const "
            : (field.Attributes.HasFlag(FieldAttributes.Static) ? "static " : "") + (field.Attributes.HasFlag(FieldAttributes.InitOnly) ? "readonly " : "")
        select $"{reader.GetString(field.Name)}: {words}{field.DecodeSignature(_names, scope)}{Constant(field)}";

    private IEnumerable<string> Properties(TypeDefinition type, GenericScope scope)
    {
        foreach (PropertyDefinitionHandle handle in type.GetProperties())
        {
            PropertyDefinition property = reader.GetPropertyDefinition(handle);
            PropertyAccessors accessors = property.GetAccessors();
            string words = Accessor(accessors.Getter, "get", scope) + Accessor(accessors.Setter, "set", scope);
            string name = reader.GetString(property.Name);
            if (words.Length == 0 || name == "EqualityContract")
                continue;
            MethodSignature<string> signature = property.DecodeSignature(_names, scope);
            string index = signature.ParameterTypes.IsEmpty ? "" : $"[{string.Join(", ", signature.ParameterTypes)}]";
            yield return $"{name}{index}: {(signature.Header.IsInstance ? "" : "static ")}{signature.ReturnType} {{{words} }}";
        }
    }

    private string Accessor(MethodDefinitionHandle handle, string word, GenericScope scope)
    {
        if (handle.IsNil || !IsVisible(reader.GetMethodDefinition(handle)))
            return "";
        bool init = reader.GetMethodDefinition(handle).DecodeSignature(_names, scope).ReturnType == "init";
        return $" {(init ? "init" : word)};";
    }

    private IEnumerable<string> Events(TypeDefinition type, GenericScope scope) =>
        from handle in type.GetEvents()
        let definition = reader.GetEventDefinition(handle)
        where IsVisible(reader.GetMethodDefinition(definition.GetAccessors().Adder))
        select $"{reader.GetString(definition.Name)}: event {TypeName(definition.Type, scope)}";

    private IEnumerable<string> Methods(TypeDefinition type, GenericScope typeScope)
    {
        foreach (MethodDefinitionHandle handle in type.GetMethods())
        {
            MethodDefinition method = reader.GetMethodDefinition(handle);
            string name = reader.GetString(method.Name);
            bool accessor = method.Attributes.HasFlag(MethodAttributes.SpecialName) && !name.StartsWith('.') && !name.StartsWith("op_", StringComparison.Ordinal);
            if (!IsVisible(method) || accessor || IsCompilerGenerated(method.GetCustomAttributes()))
                continue;
            GenericScope scope = typeScope with { OfMethod = ParameterNames(method.GetGenericParameters()) };
            MethodSignature<string> signature = method.DecodeSignature(_names, scope);
            string generic = scope.OfMethod.IsEmpty ? "" : $"<{string.Join(", ", scope.OfMethod)}>";
            string words = string.Concat(
                method.Attributes.HasFlag(MethodAttributes.Family) && !method.Attributes.HasFlag(MethodAttributes.Public) ? "protected " : "",
                method.Attributes.HasFlag(MethodAttributes.Static) ? "static " : "",
                method.Attributes.HasFlag(MethodAttributes.Abstract) ? "abstract " : "");
            yield return $"{name}{generic}({string.Join(", ", Parameters(method, signature))}): {words}{signature.ReturnType}";
        }
    }

    private IEnumerable<string> Parameters(MethodDefinition method, MethodSignature<string> signature)
    {
        Dictionary<int, Parameter> named = method.GetParameters().Select(reader.GetParameter).ToDictionary(parameter => parameter.SequenceNumber);
        for (int at = 0; at < signature.ParameterTypes.Length; at++)
        {
            string optional = "", name = "";
            if (named.TryGetValue(at + 1, out Parameter parameter))
            {
                name = " " + reader.GetString(parameter.Name);
                optional = parameter.Attributes.HasFlag(ParameterAttributes.Optional) ? " = default" : "";
            }
            yield return signature.ParameterTypes[at] + name + optional;
        }
    }

    private string Kind(TypeDefinition type)
    {
        if (type.Attributes.HasFlag(TypeAttributes.Interface))
            return "interface";
        string baseType = type.BaseType.IsNil ? "" : TypeName(type.BaseType, new GenericScope([], []));
        bool record = type.GetMethods().Any(handle => reader.GetString(reader.GetMethodDefinition(handle).Name) is "<Clone>$" or "PrintMembers");
        return (baseType, record) switch
        {
            ("Enum", _) => "enum",
            ("ValueType", true) => "record struct",
            ("ValueType", false) => "struct",
            ("MulticastDelegate", _) => "delegate",
            _ => Words(type.Attributes) + (record ? "record" : "class"),
        };
    }

    private static string Words(TypeAttributes attributes) =>
        (attributes.HasFlag(TypeAttributes.Abstract), attributes.HasFlag(TypeAttributes.Sealed)) switch
        {
            (true, true) => "static ",
            (true, false) => "abstract ",
            (false, true) => "sealed ",
            _ => "",
        };

    private string Bases(TypeDefinition type, GenericScope scope)
    {
        IEnumerable<string> bases = type.GetInterfaceImplementations()
            .Select(handle => TypeName(reader.GetInterfaceImplementation(handle).Interface, scope))
            .Where(name => !name.StartsWith("IEquatable<", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
        if (!type.BaseType.IsNil && TypeName(type.BaseType, scope) is var parent and not ("object" or "Object" or "ValueType" or "Enum" or "MulticastDelegate"))
            bases = bases.Prepend(parent);
        string list = string.Join(", ", bases);
        return list.Length == 0 ? "" : " of " + list;
    }

    private string TypeName(EntityHandle handle, GenericScope scope) => handle.Kind switch
    {
        HandleKind.TypeDefinition => _names.GetTypeFromDefinition(reader, (TypeDefinitionHandle)handle, 0),
        HandleKind.TypeReference => _names.GetTypeFromReference(reader, (TypeReferenceHandle)handle, 0),
        _ => _names.GetTypeFromSpecification(reader, scope, (TypeSpecificationHandle)handle, 0),
    };

    private string Constant(FieldDefinition field)
    {
        ConstantHandle handle = field.GetDefaultValue();
        if (handle.IsNil)
            return "";
        Constant constant = reader.GetConstant(handle);
        return " = " + (reader.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode) ?? "null");
    }

    private ImmutableArray<string> ParameterNames(GenericParameterHandleCollection handles) =>
        [.. handles.Select(handle => reader.GetString(reader.GetGenericParameter(handle).Name))];

    private bool IsVisible(TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        if (IsCompilerGenerated(type.GetCustomAttributes()))
            return false;
        return (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem => IsVisible(type.GetDeclaringType()),
            _ => false,
        };
    }

    private static bool IsVisible(MethodDefinition method) =>
        (method.Attributes & MethodAttributes.MemberAccessMask) is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    private static bool IsVisible(FieldAttributes access) =>
        access is FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem;

    private bool IsCompilerGenerated(CustomAttributeHandleCollection attributes) => attributes.Any(handle =>
    {
        CustomAttribute attribute = reader.GetCustomAttribute(handle);
        return attribute.Constructor.Kind == HandleKind.MemberReference
            && reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } parent
            && reader.GetString(reader.GetTypeReference((TypeReferenceHandle)parent).Name) == "CompilerGeneratedAttribute";
    });
}
