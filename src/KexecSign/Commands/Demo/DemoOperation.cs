using System.Collections.Immutable;
using KexecSign.Configuration;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Commands.Demo;

/// <summary>
/// <c>demo</c>: a first success. It runs the very commands that it shows, so what is seen is what the program does.
/// </summary>
internal static class DemoOperation
{
    public const string DefaultDirectory = "kexecsign-demo", ConfigurationName = "kexecsign.json";

    /// <summary>The operation.</summary>
    /// <param name="operations">All operations; asked for when it runs.</param>
    public static Operation<DemoOptions, DemoResult> Of(Func<IEnumerable<Operation>> operations) => new()
    {
        Name = "demo",
        Summary = "Make a throw-away token, sign an image with it, and see who takes the result.",
        Details = "Needs SoftHSM (Debian package softhsm2) and no kernel. Everything goes into one folder; a second run keeps its token.",
        Body = (options, context) => Run(options, operations(), context),
        Plan = o => [.. PlannedStep.Read(o.File), .. PlannedStep.Write(o.Directory)],
        TypedResult = () => DemoJson.Default.DemoResult,
        MakeArguments = () => [new("FILE", "An EFI image to sign; without it a small one is made.", (o, v) => o with { File = v },
            required: false)],
        MakeOptions = () => [new("directory", "DIR", "The folder that everything goes into.", (o, v) => o with { Directory = v },
            DefaultDirectory)],
        Examples = [new("kexecsign demo", "See it once, in a few seconds.")],
    };

    private static DemoResult Run(DemoOptions options, IEnumerable<Operation> operations, RunContext context)
    {
        string image = In("hello.efi"), signed = In("signed.efi"), changed = In("changed.efi"), configuration = In(ConfigurationName);
        // The same keyring all the way: one login, as in any run.
        RunContext stage = new()
        {
            Keyring = context.Keyring,
            Log = context.Log,
            Environment = context.Environment,
            Cancellation = context.Cancellation,
            Settings = new Configurations { Named = configuration, Environment = context.Environment }.Settings(context.Log),
        };
        var steps = ImmutableArray.CreateBuilder<DemoStep>();
        Step(false, "keys init", "--demo", "--directory", options.Directory);
        if (options.File is null)
            WrittenFile.Write(AddonStub.For((ArchitectureFacts.Here?.PeMachine ?? AddonStub.Architectures[0].PeMachine)!.Value), image, [],
                context);
        else
            image = options.File;
        Step(false, "sign", image, "-k", "db", "-o", signed, "--replace", "--config", configuration);
        Step(true, "verify", signed, "--config", configuration);
        Change(signed, changed, context);
        Step(true, "verify", changed, "--config", configuration);
        return new(options.Directory, steps.ToImmutable());

        string In(string name) => Path.Combine(options.Directory, name);

        void Step(bool tables, string command, params string[] words)
        {
            Operation operation = operations.First(operation => operation.Name == command);
            OperationResult result = Request(operation, words).Run(stage);
            ReportView view = result.View();
            steps.Add(new($"kexecsign {command} {string.Join(' ', words)}", (int)result.Exit, view.Title)
            {
                Shown = tables
                ? view.Tables
                : []
            });
        }
    }

    // What the command line would make of these words; the configuration is the stage's.
    private static OperationRequest Request(Operation operation, string[] words)
    {
        var request = new OperationRequest(operation);
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] == "--config")
                i++;
            else if (operation.Options.FirstOrDefault(option => option.Typed == words[i]
                || option.OtherTyped == words[i]) is not { } option)
                request.Give(operation.Arguments[0], words[i]);
            else if (option.Value is null)
                request.Set(option.Name, "");
            else
                request.Set(option.Name, words[i++] == "-k" ? "@" + words[i] : words[i]);
        }
        return request;
    }

    // One byte of what is signed, as a bad disk or a bad mirror changes it.
    private static void Change(string from, string to, RunContext context)
    {
        using FileSource source = FileSource.Open(from);
        Layout file = source.ToLayout();
        long place = PeReader.Read(file).Sections[0].PointerToRawData;
        byte[] other = [(byte)(file.ReadBytes(place, 1)[0] ^ 1)];
        WrittenFile.Write(file.Overwrite(place, other), to, [from], context);
    }
}
