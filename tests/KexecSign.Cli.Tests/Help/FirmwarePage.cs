using System.Text;
using KexecSign.Judging.Firmwares;

namespace KexecSign.Cli.Tests.Help;

/// <summary>docs/firmware.md, out of the table that <c>verify</c> judges by.</summary>
internal static class FirmwarePage
{
    public static string Text()
    {
        var text = new StringBuilder("# Which firmware takes what\n\n");
        text.Append($$"""
            Written by a test out of the table that `verify --for firmware` judges by; do not edit.

            Firmware of one kind is not the same in each release and build. `--firmware NAME`, or `"firmware": "NAME"` in a policy, says by whose rules
            an image is judged, `{{FirmwareModel.Default.Word}}` if nobody says; the answer names it. What a machine's maker changed nobody here knows.

            | name | which it is |
            | --- | --- |

            """);
        foreach (FirmwareModel model in FirmwareModel.All)
            text.Append($"| `{model.Word}` | {model.What} |\n");
        text.Append($"\n| rule | {string.Join(" | ", FirmwareModel.Words.Select(word => $"`{word}` [run]"))} | to come [read] | where it stands [read] |\n");
        text.Append($"| --- | {string.Concat(FirmwareModel.All.Select(_ => "--- | "))}--- | --- |\n");
        foreach (FirmwareRuleFacts rule in FirmwareRules.All)
            text.Append($"| {rule.What} | {string.Join(" | ", FirmwareModel.All.Select(model => model.Has(rule.Rule) ? "yes" : "no"))} | {rule.Coming} | {rule.Source} |\n");
        text.Append("""

            - [run]: every yes and no. `tests/Boot` (`FirmwareLabTests`) gives Debian's AAVMF and OVMF of 2022.11, and those of 2026.08 with strict NX, an
              image for each side of each rule, and 77 more about certificates and lists; the answer must be that of `verify --firmware`.
            - [read]: the last column, in EDK2's edk2-stable202211 and its main branch of 6 August 2026, and in OpenSSL 3; what is to come
              in the issues and pull requests of tianocore/edk2 and tianocore/edk2-staging that are named. It is in no firmware that was run.
            - SLH-DSA and Ed448 keys that sign certificates, and ML-DSA without OpenSSL 3.5, cannot be computed here: `verify` then ends with KS4721
              and gives no answer.

            """);
        return text.ToString();
    }
}
