namespace KexecSign.Pipelines.Tests;

/// <summary>What pipelines install kexecsign with: nothing runs that was not pinned.</summary>
public sealed class InstallTests : IDisposable
{
    private readonly Runner _runner = new();

    public InstallTests() => _runner.HideProgram();

    [Theory]
    [InlineData("")]
    [InlineData("file://")]
    public void A_release_is_installed_from_a_folder_or_an_address(string scheme)
    {
        Install(scheme + _runner.Published, _runner.PublishedSha256).Exit.ShouldBe(0);
        _runner.Run($"'{_runner.Temp}/kexecsign/bin/kexecsign' --version").ShouldStartWith("kexecsign ");
    }

    [Fact]
    public void Another_list_of_checksums_than_the_pinned_one_is_refused()
    {
        string pinned = _runner.PublishedSha256;
        File.AppendAllText(Path.Combine(_runner.Published, "SHA256SUMS"), "\n");
        Refused(pinned, "is not the one that was pinned");
    }

    [Fact]
    public void An_archive_that_was_changed_is_refused()
    {
        string pinned = _runner.PublishedSha256;
        File.AppendAllText(Directory.GetFiles(_runner.Published, "*.tar.gz").Single(), "x");
        Refused(pinned, "is not what SHA256SUMS says");
    }

    [Fact]
    public void A_version_that_the_release_does_not_have_is_refused()
    {
        (int exit, string output) = _runner.Ask($"sh '{Runner.Pipeline("install-kexecsign")}' '{_runner.Published}' 9.9 {_runner.PublishedSha256} '{_runner.Temp}/kexecsign'");
        exit.ShouldBe(1, output);
        Directory.Exists(Path.Combine(_runner.Temp, "kexecsign")).ShouldBeFalse();
    }

    public void Dispose() => _runner.Dispose();

    private void Refused(string pinned, string reason)
    {
        (int exit, string output) = Install(_runner.Published, pinned);
        exit.ShouldBe(1, output);
        output.ShouldContain(reason);
        Directory.Exists(Path.Combine(_runner.Temp, "kexecsign")).ShouldBeFalse();
    }

    private (int Exit, string Output) Install(string release, string sha256) =>
        _runner.Ask($"sh '{Runner.Pipeline("install-kexecsign")}' '{release}' {Runner.Version} {sha256} '{_runner.Temp}/kexecsign'");
}
