using KexecSign.Catalog;
using KexecSign.Cli;
using KexecSign.Cli.Terminal;
using KexecSign.Keys.Pins;

// Before anything else: nobody but root looks into this process from now on.
ProcessSecrecy.Begin();
return Invocation.Run(args, Surroundings.OfThisProcess(OperationCatalog.All));
