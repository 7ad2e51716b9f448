using KexecSign.Cli;
using KexecSign.Operations;

return CommandLine.Run(args, Surroundings.OfThisProcess(OperationCatalog.All));
