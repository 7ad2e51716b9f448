using System.Collections.Immutable;
using KexecSign.Bpf;
using KexecSign.Building;
using KexecSign.Ima;
using KexecSign.Inspection;
using KexecSign.KeyOperations;
using KexecSign.Signing;
using KexecSign.Verification;
using KexecSign.Zboot;

namespace KexecSign.Operations;

/// <summary>Every operation there is, in the order in which help lists them. What stands here is what the faces offer.</summary>
public static class OperationCatalog
{
    /// <summary>All operations.</summary>
    public static ImmutableArray<Operation> All { get; } =
    [
        InspectOperation.Definition,
        VerifyOperation.Definition,
        SignOperation.Definition,
        BuildOperation.Definition,
        ZbootKitOperation.Definition,
        ZbootBuildOperation.Definition,
        ZbootExtractOperation.Definition,
        BpfEmbedOperation.Definition,
        BpfExtractOperation.Definition,
        ImaSignOperation.Definition,
        ImaVerifyOperation.Definition,
        KeysInitOperation.Definition,
        KeysListOperation.Definition,
    ];
}
