using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Agents;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Errors;
using KexecSign.Keys.External;
using KexecSign.Keys.Files;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pem;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Pkcs11;
using KexecSign.Keys.References;
using KexecSign.Keys.Tokens;

namespace KexecSign.Keys.Keyrings;

/// <summary>
/// Opens keys and certificates by reference and keeps what was opened: a module is initialised once, a token logged in
/// to once, a PIN asked once, however many keys of it are used. Disposing logs out and closes every session.
/// Safe to use from several threads at a time. Every failure is a KexecSignException of <see cref="KeyErrors"/>.
/// </summary>
public sealed class Keyring : IDisposable
{
    private readonly Func<string, string?> _environment;
    private readonly PinSources _pins;
    private readonly Action<string, TimeSpan>? _tryModule;
    private readonly ProgramRunner? _runProgram;
    private readonly Lock _lock = new();
    private readonly HashSet<Module> _modules = [];
    private readonly Dictionary<TokenPlace, TokenConnection> _connections = [];
    private readonly Dictionary<string, CheckedKey> _files = [];
    private readonly Dictionary<string, CheckedKey> _agentKeys = [];
    private readonly Lazy<AgentClient?> _agent;
    private bool _disposed;

    /// <summary>Makes an empty keyring.</summary>
    /// <param name="environment">Reads environment variables.</param>
    /// <param name="prompt">Asks for a PIN on a terminal; null where there is none, and then nothing is asked.</param>
    /// <param name="warn">Is told what the user should know, for instance that a URI carries a PIN.</param>
    /// <param name="tryModule">
    /// Tries a module, given its path and how long that may take, in a process of its own before it is loaded into this one, and raises
    /// what is wrong; null in hosts that have no such process, whose process a module that crashes takes along.
    /// </param>
    /// <param name="runProgram">Runs programs that sign (<c>exec:</c>); null where none may be run.</param>
    public Keyring(
        Func<string, string?>? environment = null,
        Func<string, string?>? prompt = null,
        Action<string>? warn = null,
        Action<string, TimeSpan>? tryModule = null,
        ProgramRunner? runProgram = null)
    {
        _tryModule = tryModule;
        _runProgram = runProgram;
        _environment = environment ?? Environment.GetEnvironmentVariable;
        _pins = new PinSources(_environment, prompt, warn);
        _agent = new(() => AgentClient.From(_environment));
    }

    /// <summary>
    /// Asks an agent for a key, for who signs once and takes the agent's word. The function that comes back waits for the answer, null
    /// for a key that is none of the agent's; until then this process can do something else, but ask nothing more. Null without an agent.
    /// </summary>
    /// <param name="reference">As for <see cref="OpenKey(string, PinOptions, CancellationToken)"/>.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3870-KS3872.</exception>
    public Func<AgentSigner?>? AskAgent(string reference) => _agent.Value?.AskForSigner(reference);

    /// <summary>Opens a private key.</summary>
    /// <param name="reference">
    /// A PKCS#11 URI (RFC 7512), <c>exec:</c> and the path of a program that signs, <c>file:PATH</c> or a path (PEM, DER or PKCS#12, for
    /// tests).
    /// </param>
    /// <param name="pin">Where to take the PIN from when the URI does not say.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    public ISigningKey OpenKey(string reference, PinOptions pin, CancellationToken cancellation) =>
        OpenKey(reference, pin, null, cancellation);

    /// <summary>Opens a private key; where a URI leaves several, the one that a certificate is for.</summary>
    /// <param name="reference">As for the other.</param>
    /// <param name="pin">Where to take the PIN from when the URI does not say.</param>
    /// <param name="certificate">The certificate; null for none. That the key fits it is still for the caller to check.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    public ISigningKey OpenKey(string reference, PinOptions pin, X509Certificate2? certificate, CancellationToken cancellation)
    {
        Note(pin);
        if (AgentKey(reference) is { } held)
            return held;
        if (ProgramReference.Is(reference))
            return OpenProgram(ProgramReference.Parse(reference), certificate, cancellation);
        if (!Pkcs11Uri.Is(reference))
            return OpenKeyFile(FileReference.Path(reference, "key"), pin);
        Pkcs11Uri uri = Pkcs11Uri.Parse(reference);
        return ObjectSearch.PrivateKey(Connect(uri, pin), uri, cancellation, certificate);
    }

    /// <summary>Opens a certificate and its chain.</summary>
    /// <param name="reference">A PKCS#11 URI, <c>file:PATH</c> or a path (PEM with one or several, DER, .p7b, or EFI signature
    /// lists).</param>
    /// <param name="pin">Where to take a PIN from if the token hides certificates before login.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    /// <returns>All certificates that are there, in their order.</returns>
    public IReadOnlyList<X509Certificate2> OpenCertificates(string reference, PinOptions pin, CancellationToken cancellation)
    {
        if (!Pkcs11Uri.Is(reference))
        {
            string path = FileReference.Path(reference, "certificate");
            ReadFiles.Note(path);
            return CertificateFile.Read(path);
        }
        if (_agent.Value?.Certificates(reference) is { } held)
            return held;
        Pkcs11Uri uri = Pkcs11Uri.Parse(reference);
        return [ObjectSearch.Certificate(Connect(uri, pin), uri, cancellation)];
    }

    /// <summary>Opens the one initialised token that a URI's path attributes name; raises KS2020 or KS2021 when it is not one.</summary>
    /// <param name="reference">A PKCS#11 URI.</param>
    /// <param name="pin">Where to take the PIN from when the URI does not say; nothing is asked before it is needed.</param>
    public Token OpenToken(string reference, PinOptions pin) => new(Connect(Parse(reference), pin));

    /// <summary>All initialised tokens that a URI matches; <c>pkcs11:</c> alone matches every token of the default module.</summary>
    /// <param name="reference">A PKCS#11 URI.</param>
    /// <param name="pin">Where to take the PIN from when the URI does not say. Used only when exactly one token matches.</param>
    public IReadOnlyList<Token> FindTokens(string reference, PinOptions pin)
    {
        Pkcs11Uri uri = Parse(reference);
        Module module = ModuleOf(uri, pin);
        List<TokenState> matches = module.Tokens().FindAll(token => token.Initialized && token.Matches(uri));
        List<TokenConnection> connections = matches.ConvertAll(state => Connection(module, state));
        if (connections.Count == 1)
            connections[0].PinFrom(uri, pin);
        return connections.ConvertAll(connection => new Token(connection));
    }

    /// <summary>Makes a token out of an uninitialised one; raises KS2022 when the module has none.</summary>
    /// <param name="reference">A PKCS#11 URI that names the module; path attributes narrow the slot down.</param>
    /// <param name="label">The token's label, at most 32 bytes of UTF-8.</param>
    /// <param name="securityOfficerPin">Where to take the security officer's PIN from.</param>
    /// <param name="pin">Where to take the user's PIN from.</param>
    public Token MakeToken(string reference, string label, PinOptions securityOfficerPin, PinOptions pin)
    {
        Pkcs11Uri uri = Parse(reference);
        Module module = ModuleOf(uri, pin);
        TokenState state = TokenInitialization.Run(module, uri, label, _pins, securityOfficerPin, pin);
        TokenConnection connection = Connection(module, state);
        connection.PinFrom(uri, pin);
        return new Token(connection);
    }

    /// <summary>Sets the user's PIN of a token that has none; raises KS2020 or KS2021 when not one token matches.</summary>
    /// <param name="reference">A PKCS#11 URI.</param>
    /// <param name="securityOfficerPin">Where to take the security officer's PIN from.</param>
    /// <param name="pin">Where to take the user's PIN from.</param>
    public void SetFirstPin(string reference, PinOptions securityOfficerPin, PinOptions pin)
    {
        Pkcs11Uri uri = Parse(reference);
        TokenConnection connection = Connect(uri, pin);
        TokenInitialization.SetFirstPin(connection.Module, connection.State, _pins, securityOfficerPin, uri, pin);
    }

    /// <summary>
    /// The module that a reference would have loaded, for a plan of what will be done; null when there is none, or it is no URI.
    /// </summary>
    /// <param name="reference">A key or certificate reference.</param>
    /// <param name="environment">Reads environment variables.</param>
    public static string? ModuleFor(string reference, Func<string, string?> environment)
    {
        try
        {
            return Pkcs11Uri.Is(reference) ? ModuleFinder.Find(Pkcs11Uri.Parse(reference), environment) : null;
        }
        catch (Formats.Errors.KexecSignException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            foreach (TokenConnection connection in _connections.Values)
                connection.Dispose();
            foreach (Module module in _modules)
                module.Release();
            foreach (CheckedKey key in _files.Values)
                key.Dispose();
            foreach (CheckedKey key in _agentKeys.Values)
                key.Dispose();
            if (_agent.IsValueCreated)
                _agent.Value?.Dispose();
            _pins.Dispose();
        }
    }

    private static Pkcs11Uri Parse(string reference) =>
        Pkcs11Uri.Is(reference) ? Pkcs11Uri.Parse(reference) : throw KeyErrors.UriMalformed.With(0, "it does not begin with pkcs11:");

    private static void Note(PinOptions pin)
    {
        if (pin.File is { } file)
            ReadFiles.Note(file);
        // Whether anybody reads it here or not: a program that signs is started with what is open.
        if (pin.Descriptor is { } descriptor)
            DescriptorSecrecy.KeepFromChildren(descriptor);
    }

    private CheckedKey? AgentKey(string reference)
    {
        if (_agent.Value is not { } agent)
            return null;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_agentKeys.TryGetValue(reference, out CheckedKey? key) && agent.Open(reference) is { } held)
                _agentKeys.Add(reference, key = new CheckedKey(held));
            return key;
        }
    }

    private CheckedKey OpenKeyFile(string path, PinOptions pin)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            throw KeyErrors.KeyFileUnreadable.With(path, "its name holds a NUL");
        ReadFiles.Note(path);
        string full = Path.GetFullPath(path);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_files.TryGetValue(full, out CheckedKey? key))
                _files.Add(full, key = new CheckedKey(PemKeyFile.Read(path, _pins, pin)));
            return key;
        }
    }

    // A program may have one key for each certificate, so the certificate belongs to the name.
    private CheckedKey OpenProgram(
        ProgramReference program, X509Certificate2? certificate, CancellationToken cancellation)
    {
        // An output of that name would be run the next time. Noted by path: who compares follows links.
        ReadFiles.Note(program.Path);
        ProgramRunner run = _runProgram ?? throw KeyErrors.ProgramUnusable.With(program.Path, "no programs are run here");
        string name = $"{program} {certificate?.Thumbprint}";
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_files.TryGetValue(name, out CheckedKey? key))
                _files.Add(name, key = new CheckedKey(ProgramKey.Open(program, certificate, run, TokenDeadline.From(_environment),
                    cancellation)));
            return key;
        }
    }

    // Several tokens are never tried in turn: a PIN given to the wrong one counts towards locking it.
    private TokenConnection Connect(Pkcs11Uri uri, PinOptions pin)
    {
        Module module = ModuleOf(uri, pin);
        List<TokenState> all = module.InitialisedTokens(token => token.Matches(uri));
        List<TokenState> matches = all.FindAll(token => token.Initialized && token.Matches(uri));
        // p11-kit's proxy always offers the system's trust store as tokens; a key is where one logs in.
        if (matches.Count > 1 && matches.FindAll(token => token.LoginRequired) is [var only])
            matches = [only];
        // A SoftHSM token is found by its PIN's file: one that is not there is the nearer mistake.
        if (matches.Count == 0)
            _pins.RequireThere(uri, pin);
        if (matches.Count == 0)
            throw KeyErrors.TokenMissing.With(module.Path, Wanted(uri), Listed(all));
        if (matches.Count > 1)
            throw KeyErrors.TokenAmbiguous.With(matches.Count, uri, Listed(matches));
        TokenConnection connection = Connection(module, matches[0]);
        connection.PinFrom(uri, pin);
        return connection;
    }

    private Module ModuleOf(Pkcs11Uri uri, PinOptions pin)
    {
        if (SoftHsmFolder.ConfigurationBeside(uri, pin) is { } configuration)
            ModuleEnvironment.UseSoftHsmConfiguration(configuration);
        string path = ModuleFinder.Find(uri, _environment);
        TimeSpan deadline = TokenDeadline.From(_environment);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Module module = Module.Open(path, deadline, _tryModule);
            if (!_modules.Add(module))
                module.Release();
            return module;
        }
    }

    private TokenConnection Connection(Module module, TokenState state)
    {
        var key = new TokenPlace(module, state.Slot, state.Serial);
        lock (_lock)
        {
            if (!_connections.TryGetValue(key, out TokenConnection? connection))
                _connections.Add(key, connection = new TokenConnection(module, state, _pins));
            return connection;
        }
    }

    private sealed record TokenPlace(Module Module, nuint Slot, string Serial);

    private static string Wanted(Pkcs11Uri uri) =>
        uri.UnknownAttribute is { } unknown
            ? $"{uri} (the attribute '{unknown}' is not known here and so matches nothing)"
            : uri.ToString();

    private static string Listed(List<TokenState> tokens) => tokens.Count == 0 ? "none" : string.Join(", ", tokens);
}
