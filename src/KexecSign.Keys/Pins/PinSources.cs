using KexecSign.Keys.Errors;
using KexecSign.Keys.Files;
using KexecSign.Keys.References;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Keys.Pins;

/// <summary>
/// Takes a PIN from the first source that is given: the URI, then environment, file and descriptor of
/// <see cref="PinOptions"/>, then the prompt. A source that is given but unusable is an error, never passed over.
/// </summary>
internal sealed class PinSources(Func<string, string?> environment, Func<string, string?>? prompt, Action<string>? warn) : IDisposable
{
    // Far above what any token takes (CK_TOKEN_INFO.ulMaxPinLen is 255 in SoftHSM).
    private const int MaxPinLength = 4096;
    private const UnixFileMode OthersRead = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private readonly Dictionary<int, Pin> _descriptors = [];
    private readonly Lock _lock = new();
    private bool _warned;

    /// <param name="uri">The reference, when it is a PKCS#11 URI.</param>
    /// <param name="options">The sources beside the URI.</param>
    /// <param name="subject">What the PIN opens, for the prompt and for errors, for instance <c>token 'release'</c>.</param>
    public Pin Obtain(Pkcs11Uri? uri, PinOptions options, string subject)
    {
        lock (_lock)
        {
            return FromUri(uri)
                ?? FromEnvironment(options.EnvironmentVariable)
                ?? FromFile(options.NamedFile)
                ?? FromDescriptor(options)
                ?? FromPrompt(subject)
                ?? throw KeyErrors.PinMissing.With(subject);
        }
    }

    /// <summary>Refuses a variable that is not set and a file that is not there; nothing is read.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2044, KS2075.</exception>
    public void RequireThere(Pkcs11Uri? uri, PinOptions options)
    {
        string? variable = uri?.PinSource is { } source ? PinSourcePath.VariableOf(source) : options.EnvironmentVariable;
        if (variable is not null && environment(variable) is null)
            throw KeyErrors.PinVariableUnset.With();
        string? file = variable is not null ? null : uri?.PinSource is { } place ? PinSourcePath.Of(place) : options.NamedFile;
        if (file is not null && !File.Exists(file))
            throw KeyErrors.PinSourceUnreadable.With($"file '{file}'", "it does not exist");
    }

    /// <summary>Whether a PIN would be found without asking a person.</summary>
    public static bool IsGiven(Pkcs11Uri? uri, PinOptions options) =>
        uri?.PinValue is not null || uri?.PinSource is not null
        || options.EnvironmentVariable is not null || options.File is not null || options.FileDescriptor is not null;

    public void Dispose()
    {
        foreach (Pin pin in _descriptors.Values)
            pin.Dispose();
        _descriptors.Clear();
    }

    private Pin? FromUri(Pkcs11Uri? uri)
    {
        if (uri?.PinValue is { } value)
        {
            if (!_warned)
                warn?.Invoke(KeyErrors.PinValueSeen.With().Message);
            _warned = true;
            return new Pin(value, "the URI's pin-value");
        }
        if (uri?.PinSource is not { } source)
            return null;
        return PinSourcePath.VariableOf(source) is { } variable ? FromEnvironment(variable) : FromFile(PinSourcePath.Of(source));
    }

    private Pin? FromEnvironment(string? name)
    {
        if (name is null)
            return null;
        string origin = $"environment variable {name}";
        string? text = environment(name) ?? throw KeyErrors.PinVariableUnset.With();
        if (text.Length == 0)
            throw KeyErrors.PinSourceUnreadable.With(origin, "it is empty");
        return Pin.FromText(text, origin);
    }

    private static Pin? FromFile(string? path)
    {
        if (path is null)
            return null;
        string origin = $"file '{path}'";
        ReadFiles.Note(path);
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            // Of the open file: its name may lead elsewhere a moment later. Pipes of '<(...)' are 0600.
            UnixFileMode mode = File.GetUnixFileMode(file.SafeFileHandle);
            if ((mode & OthersRead) != 0)
                throw KeyErrors.PinFileOpen.With(path, Convert.ToString((int)mode, 8).PadLeft(4, '0'));
            return FromStream(file, origin);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw KeyErrors.PinSourceUnreadable.Because(cause, origin, FileFault.Of(cause));
        }
    }

    // A pipe can be read only once, yet two tokens of a run may be opened with the same descriptor.
    private Pin? FromDescriptor(PinOptions options)
    {
        if (options.Descriptor is not { } number)
            return null;
        DescriptorSecrecy.KeepFromChildren(number);
        string origin = $"file descriptor {number}";
        if (_descriptors.TryGetValue(number, out Pin? known))
            return new Pin(known.Bytes, origin);
        try
        {
            using var handle = new SafeFileHandle(number, ownsHandle: false);
            using FileStream stream = new(handle, FileAccess.Read, bufferSize: 0);
            Pin pin = FromStream(stream, origin);
            _descriptors[number] = new Pin(pin.Bytes, origin);
            return pin;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw KeyErrors.PinSourceUnreadable.Because(cause, origin, "it is not open for reading");
        }
    }

    private Pin? FromPrompt(string subject)
    {
        string? text = prompt?.Invoke($"PIN for {subject}");
        return string.IsNullOrEmpty(text) ? null : Pin.FromText(text, "the prompt");
    }

    private static Pin FromStream(FileStream stream, string origin)
    {
        using var memory = new SecretMemory(MaxPinLength);
        Span<byte> line = memory.Bytes;
        int length = 0;
        // One byte at a time: what stands behind the first line belongs to whoever reads the descriptor next.
        while (length < line.Length && stream.Read(line.Slice(length, 1)) == 1 && line[length] != (byte)'\n')
            length++;
        if (length > 0 && line[length - 1] == (byte)'\r')
            length--;
        if (length == line.Length)
            throw KeyErrors.PinSourceUnreadable.With(origin, $"its first line is longer than {MaxPinLength} bytes");
        if (length == 0)
            throw KeyErrors.PinSourceUnreadable.With(origin, "its first line is empty");
        return new Pin(line[..length], origin);
    }
}
