namespace Narthex.Rules.Tests;

public sealed class AlertStateTests
{
    [Fact]
    public void States_are_ordered_by_how_bad_they_are()
    {
        Assert.Equal(
            [AlertState.Unknown, AlertState.Inactive, AlertState.Pending, AlertState.Firing],
            Enum.GetValues<AlertState>().Order());
    }
}
