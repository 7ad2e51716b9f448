using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Keys;
using KexecSign.Keys.Pins;

namespace KexecSign.Bench;

/// <summary>
/// Signatures per second of one SoftHSM token: this project's sessions beside a loop in C with nothing in between, in turn,
/// because a shared machine's speed drifts.
/// </summary>
internal sealed class TokenRates(Bed bed, ChildProcess child)
{
    public const string Name = "token rates";
    private const int Rounds = 5;
    private const double Seconds = 1;

    private string Folder => bed.In("rates");

    public string Run()
    {
        string raw = bed.In("rawsign");
        child.Run(["gcc", "-O2", "-w", "-pthread", "-o", raw, Path.Combine(AppContext.BaseDirectory, "rawsign.c")], new Dictionary<string, string>());
        MakeToken();
        var table = new StringBuilder("| key | workers | C loop, per second | kexecsign, per second | share |\n| --- | ---: | ---: | ---: | ---: |\n");
        using var keyring = new Keyring();
        foreach ((string label, string kind) in ((string, string)[])[("rsa2048", "rsa"), ("rsa4096", "rsa"), ("p256", "ec")])
        {
            ISigningKey key = keyring.OpenKey(
                $"pkcs11:token=rates;object={label}?module-path={Bed.TokenModule}&pin-source=file:{Folder}/pin", new PinOptions(), default);
            foreach (int workers in (int[])[1, 2, 4])
            {
                List<double> theirs = [], ours = [];
                for (int round = 0; round < Rounds; round++)
                {
                    theirs.Add(Raw(raw, label, kind, workers));
                    ours.Add(Ours(key, workers));
                }
                double a = Spread.Of(theirs).Median, b = Spread.Of(ours).Median;
                string row = string.Create(CultureInfo.InvariantCulture, $"| {label} | {workers} | {a:0} | {b:0} | {b / a:0.00} |");
                Console.WriteLine(row);
                table.Append(row).Append('\n');
            }
        }
        return table.ToString();
    }

    private void MakeToken()
    {
        string profile = bed.In("rates.json");
        File.WriteAllText(profile, """
            { "token": "rates", "keys": [
              { "label": "rsa2048", "role": "secure-boot", "subject": "CN=rsa2048" },
              { "label": "rsa4096", "role": "secure-boot", "algorithm": "rsa4096", "subject": "CN=rsa4096" },
              { "label": "p256", "role": "kexec", "algorithm": "p256", "subject": "CN=p256" } ] }
            """);
        child.Run([bed.KexecSign, "keys", "init", "--profile", profile, "--directory", Folder], new Dictionary<string, string>());
    }

    private double Raw(string program, string label, string kind, int workers) => double.Parse(
        child.Run([program, Bed.TokenModule, "rates", label, Folder + "/pin", kind, $"{workers}", $"{Seconds}"],
            new Dictionary<string, string> { ["SOFTHSM2_CONF"] = Folder + "/softhsm2.conf" }).Output, CultureInfo.InvariantCulture);

    private static double Ours(ISigningKey key, int workers)
    {
        byte[] hash = SHA256.HashData([1]);
        long signatures = 0;
        long began = Stopwatch.GetTimestamp();
        Thread[] threads = [.. Enumerable.Range(0, workers).Select(_ => new Thread(() =>
        {
            long own = 0;
            while (Stopwatch.GetElapsedTime(began).TotalSeconds < Seconds)
            {
                key.SignHash(hash, HashAlgorithmName.SHA256, default);
                own++;
            }
            Interlocked.Add(ref signatures, own);
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return signatures / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
