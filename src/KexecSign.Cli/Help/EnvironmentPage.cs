using System.Collections.Immutable;
using System.Text;
using KexecSign.Catalog;

namespace KexecSign.Cli.Help;

/// <summary>The documentation's page of environment variables.</summary>
internal static class EnvironmentPage
{
    public static string Text(ImmutableArray<EnvironmentEntry> variables)
    {
        var text = new StringBuilder("# Environment variables\n\nMade by `kexecsign help-pages docs`; do not edit.\n\n");
        text.Append("""
            What an option says goes before what a variable says. Other variables are read only where you name them: `--pin-env NAME`, `env:` in a
            `pin-source` of a PKCS#11 URI, `"pin": { "env": "NAME" }` in a configuration. A PIN's variable that the command line names is taken
            out of the environment at once, so that no program that is started sees it. A command's man page lists those that matter to it.

            """);
        foreach (IGrouping<VariableScope, EnvironmentEntry> scope in variables.GroupBy(variable => variable.Scope))
        {
            text.Append($"\n## {Title(scope.Key)}\n\n| variable | meaning |\n| --- | --- |\n");
            foreach (EnvironmentEntry variable in scope)
                ReferencePages.Row(text, $"`{variable.Name}`", variable.Meaning);
        }
        return text.ToString();
    }

    private static string Title(VariableScope scope) => scope switch
    {
        VariableScope.Every => "Every command",
        VariableScope.Tokens => "Keys and certificates in tokens",
        VariableScope.Signing => "Commands that sign",
        VariableScope.Times => "Times in what is made",
        VariableScope.Shards => "Array jobs: `build --shard auto`",
        VariableScope.Programs => "Commands that run other programs",
        VariableScope.Peers => "`kexecsign as NAME`: sbsign, sign-file, evmctl, pesign and others",
        VariableScope.Tasks => "MSBuild tasks",
    };
}
