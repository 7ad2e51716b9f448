using System.Text.Json;
using KexecSign.Cli.Terminal;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Output;

/// <summary>
/// Shows what ended a command: one line, with <c>--json</c> a document too, and only with <c>-v</c> the page that explains it and the
/// causes.
/// </summary>
internal sealed class ErrorOutput(Surroundings surroundings, bool json, bool verbose)
{
    /// <returns>The exit code that belongs to the error.</returns>
    public ExitCode Show(Exception thrown)
    {
        KexecSignException error = Failure.Explain(thrown);
        surroundings.Complain(error.Message);
        if (verbose)
        {
            surroundings.Error.WriteLine($"see {ToolVersion.ErrorPage(error.Code.Id)}");
            surroundings.Error.WriteLine(error);
        }
        if (json)
            WriteJson(error);
        return error.Code.Exit();
    }

    private void WriteJson(KexecSignException error)
    {
        try
        {
            using var writer = new Utf8JsonWriter(surroundings.Output, ReportDocument.Writing);
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion", OperationResult.CurrentSchema);
            writer.WriteStartObject("error");
            writer.WriteString("code", error.Code.Id);
            writer.WriteString("file", error.File);
            if (error.Line > 0)
            {
                writer.WriteNumber("line", error.Line);
                writer.WriteNumber("column", error.Column);
            }
            writer.WriteString("message", error.Says);
            writer.WriteString("mend", error.Mend);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.Flush();
            surroundings.Output.WriteByte((byte)'\n');
            surroundings.Output.Flush();
        }
        catch (IOException)
        {
            // Standard output itself may be what failed; the line on standard error has said so.
        }
    }
}
