using KexecSign.Catalog;
using KexecSign.Cli;
using KexecSign.Cli.Terminal;

return Invocation.Run(args, Surroundings.OfThisProcess(OperationCatalog.All));
