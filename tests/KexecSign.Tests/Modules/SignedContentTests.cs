using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Modules;

namespace KexecSign.Tests.Modules;

/// <summary>ML-DSA takes content whole, so that there is a limit to it.</summary>
public sealed class SignedContentTests
{
    [Fact]
    public void Content_that_no_array_holds_is_refused_before_it_is_read()
    {
        SignedContent.Of(Layout.Of("content"u8.ToArray())).ToArray().ShouldBe("content"u8.ToArray());
        long length = Array.MaxLength + 1L;
        Refusal.Of(
            "KS3409", () => SignedContent.Of(Layout.Empty.AppendZeros(length)), $"with {length} bytes",
            $"than the {Array.MaxLength} that", "RSA or ECDSA");
    }
}
