using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Pkcs11;

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
        MakeToken();
        var table = new StringBuilder(
            "| key | workers | C loop, per second | kexecsign, per second | share | C loop, per second of processor | kexecsign | share |\n"
            + "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        using var keyring = new Keyring();
        foreach ((string label, string kind) in ((string, string)[])[("rsa2048", "rsa"), ("rsa4096", "rsa"), ("p256", "ec")])
        {
            ISigningKey key = keyring.OpenKey(
                $"pkcs11:token=rates;object={label}?module-path={Bed.TokenModule}&pin-source=file:{Folder}/pin", new PinOptions(), default);
            foreach (int workers in (int[])[1, 2, 4])
            {
                List<Rate> theirs = [], ours = [];
                for (int round = 0; round < Rounds; round++)
                {
                    theirs.Add(Raw(label, kind, workers));
                    ours.Add(Ours(key, workers));
                }
                Rate a = Rate.Median(theirs), b = Rate.Median(ours);
                string row = string.Create(CultureInfo.InvariantCulture,
                    $"| {label} | {workers} | {a.Wall:0} | {b.Wall:0} | {b.Wall / a.Wall:0.00} | {a.Processor:0} | {b.Processor:0} | {b.Processor / a.Processor:0.00} |");
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

    private Rate Raw(string label, string kind, int workers)
    {
        string[] rates = child.Run([bed.In("rawsign"), Bed.TokenModule, "rates", label, Folder + "/pin", kind, $"{workers}", $"{Seconds}"],
            new Dictionary<string, string> { ["SOFTHSM2_CONF"] = Folder + "/softhsm2.conf" }).Output.Split(' ');
        return new(double.Parse(rates[0], CultureInfo.InvariantCulture), double.Parse(rates[1], CultureInfo.InvariantCulture));
    }

    // On threads as a batch has them.
    private static Rate Ours(ISigningKey key, int workers)
    {
        byte[] hash = SHA256.HashData([1]);
        long signatures = 0;
        using var ended = new CountdownEvent(workers);
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < workers; i++)
        {
            ExpendableThread.Start("rate", _ =>
            {
                long own = 0;
                for (; Stopwatch.GetElapsedTime(began).TotalSeconds < Seconds; own++)
                    key.SignHash(hash, HashAlgorithmName.SHA256, default);
                Interlocked.Add(ref signatures, own);
                ended.Signal();
            });
        }
        ended.Wait();
        return new(signatures / Stopwatch.GetElapsedTime(began).TotalSeconds, signatures / (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }

    // Signatures per second of wall time, and of the time of all processors together.
    private sealed record Rate(double Wall, double Processor)
    {
        public static Rate Median(IReadOnlyCollection<Rate> rates) => new(Spread.Of(rates.Select(r => r.Wall)).Median, Spread.Of(rates.Select(r => r.Processor)).Median);
    }
}
