using KexecSign.Catalog;
using KexecSign.Cli;
using KexecSign.Cli.Compat;
using KexecSign.Cli.Terminal;

// Before the operations are listed: build systems start the compat commands thousands of times.
return CompatInvocation.TryRun(PeerCommands.CalledAs(), args) ?? Invocation.Run(args, Surroundings.OfThisProcess(OperationCatalog.All));
