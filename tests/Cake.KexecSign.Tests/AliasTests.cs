using System.Reflection;
using Cake.Core;
using Cake.Core.Annotations;
using KexecSign.Catalog;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Sign;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;

namespace Cake.KexecSign.Tests;

public sealed class AliasTests
{
    private readonly ScriptContext _cake = new();

    [Fact]
    public void A_refused_operation_throws_its_line_and_exit_code()
    {
        CakeException thrown = Should.Throw<CakeException>(() => _cake.KexecSignInspect(new InspectOptions { File = "/nowhere/Image" }));
        thrown.Message.ShouldStartWith("KS3001: /nowhere/Image: ");
        thrown.ExitCode.ShouldBe(1);
    }

    [Fact]
    public void A_report_goes_to_the_log_whatever_braces_it_holds()
    {
        _cake.KexecSign(Ending(ExitCode.Done, "title {0} {x}"), new FakeOptions()).Title.ShouldBe("title {0} {x}");
        _cake.Lines.ShouldContain("Information: title {0} {x}");
        _cake.Lines.ShouldContain("Information: a note");
    }

    [Fact]
    public void A_result_that_is_not_done_throws_with_its_first_note()
    {
        CakeException thrown = Should.Throw<CakeException>(() => _cake.KexecSign(Ending(ExitCode.VerificationFailed, "t"), new FakeOptions()));
        thrown.ExitCode.ShouldBe(4);
        thrown.Message.ShouldBe("kexecsign fake: a note");
        _cake.Lines.ShouldContain("Information: t");
    }

    [Fact]
    public void The_way_out_is_in_the_words_of_a_script()
    {
        using (FaceWords.Speak(new ScriptWords(OperationCatalog.Sign)))
        {
            OperationErrors.AlreadySigned.With(1, "CN=x").Mend.ShouldStartWith(
                "Say Existing = ExistingSignatures.Replace to drop them, Existing = ExistingSignatures.Append to add behind");
        }
        using (FaceWords.Speak(new ScriptWords(OperationCatalog.ModuleSign)))
            OperationErrors.AppendedAlready.With().Mend.ShouldStartWith("Say Replace = true to take it away first, or SkipSigned = true");
    }

    [Fact]
    public void Any_failure_becomes_one_line()
    {
        Operation<FakeOptions, FakeResult> operation = Fake((_, _) => throw new InvalidOperationException("secret"));
        Should.Throw<CakeException>(() => _cake.KexecSign(operation, new FakeOptions())).Message.ShouldStartWith("KS3000: internal error (InvalidOperationException).");
    }

    [Fact]
    public void Operations_of_a_session_share_one_context()
    {
        List<object> seen = [];
        Operation<FakeOptions, FakeResult> operation = Fake((_, context) =>
        {
            seen.Add(context.Keyring);
            return new("t", ExitCode.Done);
        });
        using (KexecSignSession session = _cake.KexecSignSession())
        {
            session.Run(operation, new FakeOptions());
            session.Run(operation, new FakeOptions());
        }
        seen.Distinct().Count().ShouldBe(1);
        _cake.KexecSign(operation, new FakeOptions());
        seen.Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public void Options_and_arguments_are_filled_in_by_the_names_that_help_has()
    {
        using KexecSignSession session = _cake.KexecSignSession();
        SignOptions options = session.Options(OperationCatalog.Sign, ("FILE", "Image"), ("o", "Image.signed"), ("append", ""));
        options.Files.ShouldBe(["Image"]);
        options.Output.ShouldBe("Image.signed");
        CakeException thrown = Should.Throw<CakeException>(() => session.Options(OperationCatalog.Sign, ("output", "Image.signed")));
        thrown.Message.ShouldStartWith("KS3032");
    }

    [Fact]
    public void Progress_and_warnings_go_to_the_log()
    {
        Operation<FakeOptions, FakeResult> operation = Fake((_, context) =>
        {
            using (context.Log.Step("compress {Image}"))
                context.Log.Warning("odd {");
            context.Log.Detail("hidden");
            return new("t", ExitCode.Done);
        });
        _cake.KexecSign(operation, new FakeOptions());
        _cake.Lines[0].ShouldBe("Warning: odd {");
        _cake.Lines.ShouldNotContain(line => line.Contains("hidden") || line.Contains("compress"), "what takes less than a second would bury the rest");
    }

    [Fact]
    public void Every_operation_has_its_alias()
    {
        string[] aliases =
            [.. typeof(KexecSignAliases).GetMethods().Where(method => method.GetCustomAttribute<CakeMethodAliasAttribute>() is not null).Select(method => method.Name)];
        // An agent and its log are for commands that a shell starts; a script has its session.
        foreach (Operation operation in OperationCatalog.All.Where(operation => operation.Name is not ("agent" or "audit verify")))
            aliases.ShouldContain("KexecSign" + string.Concat(operation.Name.Split(' ').Select(word => char.ToUpperInvariant(word[0]) + word[1..])));
    }

    // Without its namespace a script cannot write "new SignOptions".
    [Fact]
    public void Every_alias_brings_the_namespace_of_its_options()
    {
        foreach (MethodInfo alias in typeof(KexecSignAliases).GetMethods(BindingFlags.Static | BindingFlags.Public))
        {
            string[] imported = [.. alias.GetCustomAttributes<CakeNamespaceImportAttribute>().Select(import => import.Namespace)];
            foreach (ParameterInfo parameter in alias.GetParameters().Skip(1).Where(p => !p.ParameterType.IsGenericParameter))
                imported.ShouldContain(parameter.ParameterType.Namespace!, alias.Name);
        }
    }

    private static Operation<FakeOptions, FakeResult> Ending(ExitCode exit, string title) => Fake((_, _) => new(title, exit));

    private static Operation<FakeOptions, FakeResult> Fake(Func<FakeOptions, RunContext, FakeResult> body) => new()
    {
        Name = "fake",
        Summary = "Fakes.",
        TypedResult = () => throw new NotSupportedException(),
        Body = body,
    };

    public sealed record FakeOptions;

    public sealed record FakeResult(string Title, ExitCode Ends) : OperationResult
    {
        public override ExitCode Exit => Ends;

        public override ReportView View() => new(Title, [], ["a note"]);
    }
}
