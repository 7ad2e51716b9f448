using System.Text;
using KexecSign.Cli.Terminal;
using KexecSign.Core.Operations;
using KexecSign.Core;

namespace KexecSign.Cli.Tests;

/// <summary>A run of the program inside the test, and what it wrote.</summary>
internal sealed record Session(int Exit, string Output, string Error)
{
    public static Session Run(Operation[] operations, params string[] arguments) => Run(operations, surroundings => surroundings, arguments);

    public static Session Run(Operation[] operations, Func<Surroundings, Surroundings> change, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter { NewLine = "\n" };
        int exit = Invocation.Run(arguments, change(new Surroundings { Output = output, Error = error, Operations = [.. operations] }));
        return new(exit, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    /// <summary>Runs with one operation and gives back the options that it was run with.</summary>
    public static FakeOptions Options(params string[] arguments)
    {
        FakeOptions? seen = null;
        Operation operation = FakeOperations.Named("sign", (options, _) =>
        {
            seen = options;
            return new("done", 0, ExitCode.Done);
        });
        Session session = Run([operation], ["sign", .. arguments]);
        session.Exit.ShouldBe(0, session.Error);
        return seen.ShouldNotBeNull();
    }
}
