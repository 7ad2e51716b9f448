using KexecSign.Catalog;
using KexecSign.Cli;
using KexecSign.Cli.Compat;
using KexecSign.Cli.Terminal;
using KexecSign.Keys.Pins;

// Before anything else: nobody but root looks into this process from now on.
ProcessSecrecy.Begin();
// Before the operations are listed: build systems start the compat commands thousands of times.
return CompatInvocation.TryRun(PeerCommands.CalledAs(), args) ?? Invocation.Run(args, Surroundings.OfThisProcess(OperationCatalog.All));
