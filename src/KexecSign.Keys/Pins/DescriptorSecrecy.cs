using System.Runtime.InteropServices;

namespace KexecSign.Keys.Pins;

/// <summary>Keeps a PIN's descriptor from the programs that this process starts.</summary>
internal static partial class DescriptorSecrecy
{
    private const int SetFlags = 2, CloseOnExec = 1, LastStandard = 2;

    /// <summary>
    /// Closes a descriptor in every child from now on. Of a file, as against a pipe, a child could read the PIN again, though it was
    /// read here. The standard descriptors are left alone: children have their own, or are meant to have these.
    /// </summary>
    public static void KeepFromChildren(int descriptor)
    {
        // One that is not open is told of where it is read.
        if (descriptor > LastStandard)
            _ = Control(descriptor, SetFlags, CloseOnExec);
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int flags);
}
