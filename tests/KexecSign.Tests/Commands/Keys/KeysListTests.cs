using KexecSign.Commands.Keys;

namespace KexecSign.Tests.Commands.Keys;

/// <summary>What 'keys list' says of what it found.</summary>
public sealed class KeysListTests
{
    [Fact]
    public void Where_there_is_no_token_it_says_what_may_show_one()
    {
        string note = new KeysListResult([]).View().Notes.ShouldHaveSingleItem();
        note.ShouldContain("SOFTHSM2_CONF");
        note.ShouldContain("pin-source=");
        note.ShouldContain("module-path=");
    }
}
