using KexecSign.Commands.Demo;

namespace KexecSign.Tests.Commands.Demo;

/// <summary>What 'demo' says of what it showed.</summary>
public sealed class DemoResultTests
{
    [Theory]
    [InlineData(0, "The first image was accepted")]
    [InlineData(4, "The first image is signed, and who does not accept it says why above")]
    public void The_closing_sentence_follows_the_verdict_on_the_first_image(int exit, string sentence) =>
        new DemoResult("folder", [new("kexecsign sign a -o b", 0, "signed"), new("kexecsign verify b", exit, "b: ..."), new("kexecsign verify c", 4, "c: ...")])
            .View().Notes[0].ShouldStartWith(sentence);
}
