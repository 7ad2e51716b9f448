using System.Text.Json.Nodes;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Uki;

/// <summary>A signer that has the key, knows nothing of images, and signs policies as ukify's manual says.</summary>
internal static class OpenSsl
{
    /// <summary>Adds "sig" to each entry of a document.</summary>
    /// <returns>The path of the signed document.</returns>
    public static string SignPolicies(TempFolder folder, string policies, string key, Action<JsonObject>? change = null)
    {
        var document = (JsonObject)JsonNode.Parse(File.ReadAllText(policies))!;
        foreach (JsonObject entry in document.SelectMany(bank => (JsonArray)bank.Value!).Cast<JsonObject>())
        {
            string signed = folder.File("tbs", Convert.FromHexString(entry["tbs"]!.GetValue<string>())), signature = folder.At("tbs.sig");
            Tool.Run("openssl", "dgst", "-sha256", "-sign", key, "-out", signature, signed);
            entry["sig"] = Convert.ToBase64String(File.ReadAllBytes(signature));
            change?.Invoke(entry);
        }
        return folder.File("signed.json", System.Text.Encoding.UTF8.GetBytes(document.ToJsonString()));
    }
}
