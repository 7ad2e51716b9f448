using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Tests.Files;

/// <summary>Inputs that are no regular files.</summary>
public sealed class StreamInputTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [SkippableFact]
    public async Task A_FIFO_is_read_to_its_end()
    {
        string fifo = Fifo("fifo");
        Task writer = Task.Run(() => File.WriteAllText(fifo, "through it"));
        using FileSource source = FileSource.Open(fifo);
        await writer;
        source.Length.ShouldBe(10);
        source.ToLayout().ReadBytes(0, 10).ShouldBe("through it"u8.ToArray());
    }

    [SkippableFact]
    public async Task Waiting_for_a_FIFO_ends_with_the_run()
    {
        string fifo = Fifo("fifo");
        using var stop = new CancellationTokenSource();
        using var context = new RunContext { Keyring = new Keyring(), Cancellation = stop.Token };
        Task waiting = Task.Run(() =>
        {
            using var run = RunScope.Begin(context);
            FileSource.Open(fifo).Dispose();
        });
        await Task.Delay(300);
        waiting.IsCompleted.ShouldBeFalse();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void A_device_without_an_end_is_never_opened()
    {
        Refusal.Of("KS3050", () => FileSource.Open("/dev/zero"), "device (1:5)");
        Refusal.Of("KS3050", () => WholeFile.Read("/dev/zero", 100, "a list"), "device (1:5)");
        Refusal.Of("KS3051", () => FileSource.OpenRegular("/dev/null"), "device (1:3)");
    }

    [Fact]
    public void Dev_null_is_an_empty_input() => WholeFile.Read("/dev/null", 100, "a list").ShouldBeEmpty();

    [Fact]
    public void A_file_of_proc_that_says_it_is_empty_is_read() => WholeFile.Read("/proc/version", 10000, "a text").Length.ShouldBeGreaterThan(10);

    [Theory]
    [InlineData(100, false)]
    [InlineData(101, true)]
    [InlineData(300000, true)]
    public void A_limit_is_kept_to_the_byte(int length, bool refused)
    {
        string path = _folder.File("text", new byte[length]);
        if (refused)
            Refusal.Of("KS3114", () => WholeFile.Read(path, 100, "a text"), "0x64");
        else
            WholeFile.Read(path, 100, "a text").Length.ShouldBe(length);
    }

    [SkippableFact]
    public void What_is_no_file_is_passed_over_below_a_folder_and_counted()
    {
        string tree = _folder.Folder("tree");
        File.WriteAllText(Path.Combine(tree, "a"), "data");
        Tool.Run("mkfifo", Path.Combine(tree, "initctl"));
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(tree, "socket")));
        File.WriteAllText(Path.Combine(tree, Leftovers.NewName()), "half");
        Directory.CreateDirectory(Path.Combine(tree, Leftovers.NewName()));
        using var bench = new Bench();
        using var run = RunScope.Begin(bench.Context);
        SelectedFile.Of([tree], null, _ => true, "file").Select(f => f.Name).ShouldBe(["a"]);
        bench.Warnings.ShouldHaveSingleItem().ShouldContain("1 FIFO(s), 1 socket(s), 2 temporary file(s)");
    }

    [SkippableFact]
    public void What_is_no_file_is_refused_where_it_is_named()
    {
        string fifo = Fifo("named");
        Refusal.Of("KS3051", () => SelectedFile.Of([fifo], null, _ => true, "file")[0].Open(), "FIFO");
    }

    public void Dispose() => _folder.Dispose();

    private string Fifo(string name)
    {
        Tool.Require("mkfifo");
        Tool.Run("mkfifo", _folder.At(name));
        return _folder.At(name);
    }
}
