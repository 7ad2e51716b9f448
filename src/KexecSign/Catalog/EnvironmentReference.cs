using System.Collections.Immutable;
using KexecSign.Core.Operations;

namespace KexecSign.Catalog;

/// <summary>Which commands a variable of the environment means something to.</summary>
public enum VariableScope
{
    /// <summary>All of them.</summary>
    Every,

    /// <summary>Those that take a key or a certificate, which may be in a token.</summary>
    Tokens,

    /// <summary>Those that ask for a PIN, or an agent that holds one.</summary>
    Signing,

    /// <summary>Those that write a time into what they make.</summary>
    Times,

    /// <summary>Those that build a part of a plan.</summary>
    Shards,

    /// <summary>Those that run a compiler, a linker or another program of the machine.</summary>
    Programs,

    /// <summary>The commands by other signers' names, <c>kexecsign as NAME</c>.</summary>
    Peers,

    /// <summary>The MSBuild tasks.</summary>
    Tasks,
}

/// <summary>A variable of the environment that the program, the MSBuild tasks or the Cake addin read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Scope">For whom.</param>
/// <param name="Meaning">One or two sentences for people.</param>
public sealed record EnvironmentEntry(string Name, VariableScope Scope, string Meaning);

/// <summary>
/// Every variable of the environment that is read, or set for others, for the man pages and <c>docs/environment.md</c>. Variables whose
/// name the user gives, as with <c>--pin-env NAME</c>, are not in it. A test finds what the sources read and compares.
/// </summary>
public static class EnvironmentReference
{
    /// <summary>All of them, by scope.</summary>
    public static ImmutableArray<EnvironmentEntry> All { get; } =
    [
        new("KEXECSIGN_CONFIG", VariableScope.Every,
            "The only configuration file to read; --config FILE goes before it, --no-config reads none."),
        new("XDG_CONFIG_HOME", VariableScope.Every, "Folder, as an absolute path, whose kexecsign/config.json is read."),
        new("HOME", VariableScope.Every, "Where XDG_CONFIG_HOME is not set, .config/kexecsign/config.json below it is read."),
        new("NO_COLOR", VariableScope.Every, "Set to anything: no colours."),
        new("TERM", VariableScope.Every, "'dumb': no colours and no line that is written over."),
        new("OPENSSL_CONF", VariableScope.Every,
            "OpenSSL's configuration, read by OpenSSL; one that leaves it no algorithm is named in the error."),
        new("KEXECSIGN_PKCS11_MODULE", VariableScope.Tokens,
            "PKCS#11 module for URIs without module-path and module-name: an absolute path, or a name to look for in the system's "
            + "folders."),
        new("PKCS11_MODULE_PATH", VariableScope.Tokens,
            "The same by the name that libp11 reads; KEXECSIGN_PKCS11_MODULE goes before it. Without both p11-kit's proxy is "
            + "asked."),
        new("SOFTHSM2_CONF", VariableScope.Tokens,
            "SoftHSM's configuration, read by SoftHSM; 'keys init' sets it for the token that it makes."),
        new("KEXECSIGN_PKCS11_TIMEOUT", VariableScope.Tokens,
            "Seconds that a token may take for one piece of work, 1 to 3600; 60 where it is not set, ten times that to make a key "
            + "pair, five times where a PIN is typed on the reader."),
        new("KEXECSIGN_AGENT", VariableScope.Signing,
            "Socket of an agent that holds keys; 'kexecsign agent' sets it for the command that it starts."),
        new("KEXECSIGN_CONTENT", VariableScope.Signing,
            "Set for a program that signs (exec:): authenticode, module, ima, evm or digest."),
        new("KEXECSIGN_NAME", VariableScope.Signing, "Set for a program that signs (exec:): the file that the signature goes into."),
        new("SOURCE_DATE_EPOCH", VariableScope.Times,
            "Seconds since 1970 to write in the place of the clock's time: the signing time of --signing-time, times in archives, "
            + "the time of a signed variable."),
        new("KEXECSIGN_JOB_INDEX", VariableScope.Shards,
            "For --shard auto: number of this job, from 0; for a scheduler that is not listed here."),
        new("KEXECSIGN_JOB_TOTAL", VariableScope.Shards, "How many jobs there are."),
        new("SLURM_ARRAY_TASK_ID", VariableScope.Shards, "Slurm: number of this task."),
        new("SLURM_ARRAY_TASK_COUNT", VariableScope.Shards, "Slurm: how many tasks the array has."),
        new("SLURM_ARRAY_TASK_MIN", VariableScope.Shards, "Slurm: the first task's number, 0 or 1."),
        new("SLURM_ARRAY_TASK_MAX", VariableScope.Shards, "Slurm: the last task's number; an array with gaps is refused."),
        new("JOB_COMPLETION_INDEX", VariableScope.Shards,
            "Kubernetes, indexed job: number of this pod; the count is given as --shard auto/N."),
        new("CI_NODE_INDEX", VariableScope.Shards, "GitLab, parallel: number of this job, from 1."),
        new("CI_NODE_TOTAL", VariableScope.Shards, "GitLab: how many there are."),
        new("SYSTEM_JOBPOSITIONINPHASE", VariableScope.Shards, "Azure Pipelines, parallel strategy: number of this job, from 1."),
        new("SYSTEM_TOTALJOBSINPHASE", VariableScope.Shards, "Azure Pipelines: how many there are."),
        new("BUILDKITE_PARALLEL_JOB", VariableScope.Shards, "Buildkite, parallelism: number of this job, from 0."),
        new("BUILDKITE_PARALLEL_JOB_COUNT", VariableScope.Shards, "Buildkite: how many there are."),
        new("AWS_BATCH_JOB_ARRAY_INDEX", VariableScope.Shards, "AWS Batch, array job: number of this child, from 0."),
        new("AWS_BATCH_JOB_ARRAY_SIZE", VariableScope.Shards, "AWS Batch: how many there are."),
        new("CIRCLE_NODE_INDEX", VariableScope.Shards, "CircleCI, parallelism: number of this container, from 0."),
        new("CIRCLE_NODE_TOTAL", VariableScope.Shards, "CircleCI: how many there are."),
        new("PATH", VariableScope.Programs,
            "Where compilers, linkers and other programs are looked for; only its absolute folders count. Handed on to them."),
        new("TMPDIR", VariableScope.Programs,
            "Handed on to programs that are run, as HOME is; all but these four stays out of their environment."),
        new("LD_LIBRARY_PATH", VariableScope.Programs, "Handed on to programs that are run."),
        new("KEXECSIGN_PIN_ENV", VariableScope.Peers, "Name of the variable that holds the PIN."),
        new("KEXECSIGN_PIN_FILE", VariableScope.Peers, "File whose first line is the PIN."),
        new("KBUILD_SIGN_PIN", VariableScope.Peers, "sign-file and kmodsign: the PIN, as the kernel's build hands it on."),
        new("EVMCTL_KEY_PASSWORD", VariableScope.Peers, "evmctl: the PIN or the key's passphrase."),
        new("KEXECSIGN_PESIGN_KEY", VariableScope.Peers,
            "pesign: the key that signs, in the place of the token and name on its command line."),
        new("KEXECSIGN_PESIGN_CERT", VariableScope.Peers, "pesign: that key's certificate; both or neither."),
        new("MSBUILDLOGALLENVIRONMENTVARIABLES", VariableScope.Tasks,
            "Makes MSBuild log the whole environment: where a task's PIN is in a variable, it warns."),
    ];

    /// <summary>Those that mean something to a command.</summary>
    /// <param name="operation">The command.</param>
    public static IEnumerable<EnvironmentEntry> Of(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return All.Where(variable => Concerns(variable.Scope, operation));
    }

    private static bool Concerns(VariableScope scope, Operation operation) => scope switch
    {
        VariableScope.Every => true,
        VariableScope.Tokens => operation.Options.Any(option => option.Kind == OptionKind.KeyReference) || Has(operation, "pin-env"),
        VariableScope.Signing => Has(operation, "pin-env"),
        VariableScope.Times => Has(operation, "signing-time") || operation.Name is "ima sign" or "keys enroll" or "build",
        VariableScope.Shards => Has(operation, "shard"),
        VariableScope.Programs => operation.RunsPrograms,
        VariableScope.Peers or VariableScope.Tasks => false,
    };

    private static bool Has(Operation operation, string name) => operation.Options.Any(option => option.Name == name);
}
