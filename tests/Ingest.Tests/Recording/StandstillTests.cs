using Pipeline.Ingest.Recording;

namespace Pipeline.Ingest.Tests.Recording;

public class StandstillTests
{
    private const int Looks = 3;
    private readonly Standstill standstill = new(Looks);

    [Fact]
    public void Who_was_handed_something_and_does_not_take_it_is_stuck()
    {
        standstill.Handed();
        Assert.Equal([false, false, true], LookAgain());
        standstill.Taken();
        Assert.Equal([false, false, false, false], [.. LookAgain(), standstill.Look()]);
    }

    [Fact]
    public void Who_has_nothing_to_do_is_not_stuck_however_long() => Assert.Equal([false, false, false, false, false, false], [.. LookAgain(), .. LookAgain()]);

    [Fact]
    public void Each_byte_out_begins_it_anew()
    {
        standstill.Handed();
        for (int n = 0; n < 5; n++)
        {
            Assert.Equal([false, false], [standstill.Look(), standstill.Look()]);
            standstill.Made();
            standstill.Stored();
        }
        Assert.Equal([false, false, false, true], [standstill.Look(), .. LookAgain()]);
    }

    [Fact]
    public void Who_waits_for_the_disk_is_not_stuck()
    {
        standstill.Handed();
        standstill.Made();
        Assert.Equal([false, false, false, false, false, false], [.. LookAgain(), .. LookAgain()]);
        standstill.Stored();
        Assert.Equal([false, false, false, true], [standstill.Look(), .. LookAgain()]);
    }

    private List<bool> LookAgain() => [.. Enumerable.Range(0, Looks).Select(_ => standstill.Look())];
}
