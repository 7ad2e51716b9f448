using KexecSign.Catalog;
using KexecSign.Cli.Help;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Tests.Help;

public sealed class ManPageTests
{
    // man-pages(7): a comment first, and that is how file(1) and debhelper know a page.
    [Fact]
    public void Every_page_begins_with_a_comment() =>
        Pages().ShouldAllBe(page => page.StartsWith(".\\\" ", StringComparison.Ordinal));

    [Fact]
    public void Every_page_has_a_section_of_environment_variables()
    {
        Pages().ShouldAllBe(page => page.Contains("\n.SH ENVIRONMENT\n.TP\n.B KEXECSIGN_CONFIG\n"));
        EnvironmentReference.All.ShouldAllBe(variable => ManPages.OfProgram(OperationCatalog.All).Contains($"\n.B {variable.Name}\n"));
    }

    [Fact]
    public void A_command_lists_the_variables_that_matter_to_it_alone()
    {
        string sign = ManPages.OfOperation(OperationCatalog.Sign), inspect = ManPages.OfOperation(OperationCatalog.Inspect);
        sign.ShouldContain("\n.B KEXECSIGN_PKCS11_MODULE\n");
        sign.ShouldContain("\n.B SOURCE_DATE_EPOCH\n");
        sign.ShouldNotContain("\n.B SLURM_ARRAY_TASK_ID\n");
        inspect.ShouldNotContain("\n.B KEXECSIGN_AGENT\n");
        ManPages.OfOperation(OperationCatalog.Build).ShouldContain("\n.B SLURM_ARRAY_TASK_ID\n");
    }

    private static IEnumerable<string> Pages() => [ManPages.OfProgram(OperationCatalog.All), .. OperationCatalog.All.Select(ManPages.OfOperation)];
}
