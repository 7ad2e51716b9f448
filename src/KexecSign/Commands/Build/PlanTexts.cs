using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;

namespace KexecSign.Commands.Build;

/// <summary>The files that <c>plan init</c> writes, which explain themselves.</summary>
internal static class PlanTexts
{
    /// <summary>The schemas that the files name.</summary>
    public static ImmutableArray<string> Schemas { get; } = ["plan.schema.json", "keys-file.schema.json", "policy.schema.json"];

    /// <summary>The file of keys.</summary>
    public const string Keys = """
        // Which keys the names in the plan stand for. A PIN never stands here, only where it comes from.
        {
          "$schema": "schema/keys-file.schema.json",
          "keys": {
            // Signs what firmware starts; its certificate is enrolled in db.
            "db": { "key": "pkcs11:token=release;object=db", "cert": "db.pem" },
            // Signs the Image inside, which kexec_file_load checks.
            "kexec": { "key": "pkcs11:token=release;object=kexec", "cert": "kexec.pem" },
            // Signs finished files for IMA.
            "ima": { "key": "pkcs11:token=release;object=ima", "cert": "ima.pem" },
          },
          // Or "file": the path of a file whose first line is the PIN.
          "pin": { "env": "RELEASE_PIN" },
        }

        """;

    /// <summary>The policy.</summary>
    public const string Policy = """
        // What must hold before an image appears. 'kexecsign verify FILE --policy kernel.policy.json' judges by the same.
        {
          "$schema": "schema/policy.schema.json",
          // Who must accept it: firmware, shim, kexec, ima, bpf.
          "consumers": ["firmware"],
          "signatures": {
            "outer": {
              "required": true,
              "digests": ["sha256"],
              // Only these keys, by the SHA-256 of their certificates ('kexecsign keys list' shows them):
              // "keys": ["0123..."],
              // The certificate is valid for so many days yet:
              // "validDays": 90,
            },
            // "inner": { "required": true },
            // "ima": { "required": true },
          },
          // Building again must give the same bytes:
          // "reproducible": true,
        }

        """;

    /// <summary>The plan.</summary>
    /// <param name="images">The images.</param>
    /// <param name="folder">The folder that it will be in, an absolute path.</param>
    /// <param name="policy">The policy's file name.</param>
    public static string Plan(ImmutableArray<PlannedKind> images, string folder, string policy)
    {
        var text = new StringBuilder($$"""
            // Made by 'kexecsign plan init'. 'kexecsign build kernel.plan.json --keys kernel.keys.json' builds all of it in one login.
            // Paths are taken from this file's folder. Comments and trailing commas are allowed.
            {
              "$schema": "schema/plan.schema.json",
              // No image appears that breaks this.
              "policy": "{{policy}}",
              "images": [

            """);
        foreach (PlannedKind image in images)
        {
            string path = Quoted(Path.GetRelativePath(folder, Path.GetFullPath(image.File)));
            text.Append($"    {{\n      // {image.Kind}\n      \"image\": {path},\n");
            text.Append($"      \"outputs\": {{ \"image\": "
                + $"{Quoted("signed/" + Path.GetFileName(image.File) + (image.Kit is null ? "" : ".efi"))} }},\n");
            text.Append("      \"steps\": [\n");
            if (image.HasInner)
                text.Append($"        // The Image inside, which kexec_file_load checks.\n        {{ \"step\": \"sign-inner\", \"key\": "
                    + $"\"kexec\" }},\n");
            if (image.Kit is { } kit)
                text.Append($"        {{ \"step\": \"zboot\", \"kit\": {Quoted(Path.GetRelativePath(folder, Path.GetFullPath(kit)))}, "
                    + $"\"compression\": \"zstd\" }},\n");
            if (image.IsSigned)
                text.Append("        // It is signed already: \"replace\" drops those signatures, \"append\" and \"prepend\" keep them "
                    + "where nothing else is changed.\n");
            text.Append($"        // What firmware checks.\n        {{ \"step\": \"sign\", \"key\": "
                + $"\"db\"{(image.IsSigned ? Replace : "")} }},\n");
            text.Append("        // A sidecar IMAGE.sig for IMA.\n        { \"step\": \"ima\", \"key\": \"ima\" },\n      ],\n    },\n");
        }
        return text.Append("  ],\n}\n").ToString();
    }

    private const string Replace = ", \"replace\": true";

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
