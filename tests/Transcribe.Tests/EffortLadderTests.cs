using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

public sealed class EffortLadderTests
{
    private static LoadReading Idle => default;
    private static readonly LoadReading Busy = Idle with { Utilisation = 0.95, FinalDemand = 0.6, PartialDemand = 2 };
    private static readonly LoadReading Behind = Busy with { Lag = TimeSpan.FromSeconds(8), FinalDemand = 3, PartialDemand = 9 };

    private readonly EffortLadder ladder = new();
    private TimeSpan now = TimeSpan.FromHours(1);

    [Fact]
    public void It_takes_one_step_at_a_time_and_gives_each_five_seconds()
    {
        Assert.Equal(
            [SpeechEffort.LongerHop, SpeechEffort.LongerHop, SpeechEffort.LongerHop, SpeechEffort.LongerHop, SpeechEffort.LongerHop, SpeechEffort.LoudestOnly],
            Enumerable.Range(0, 6).Select(_ => Next(Behind)));
        After(15, Behind);
        Assert.Equal(SpeechEffort.Deferred, After(60, Behind));
    }

    [Fact]
    public void A_busy_engine_alone_puts_no_final_off()
    {
        Assert.Equal(SpeechEffort.FinalsOnly, After(60, Busy));
    }

    [Theory]
    [InlineData(0.84, 0.0, 0.0, false)]
    [InlineData(0.86, 0.0, 0.0, true)]
    [InlineData(0.2, 2.1, 0.0, true)]
    [InlineData(0.2, 0.0, 0.3, true)]
    public void It_asks_for_less_when_the_engine_is_full_finals_wait_or_partials_come_too_late(double utilisation, double lag, double late, bool isTooMuch)
    {
        var load = Idle with { Utilisation = utilisation, Lag = TimeSpan.FromSeconds(lag), PartialsLate = late };
        Assert.Equal(isTooMuch ? SpeechEffort.LongerHop : SpeechEffort.Full, Next(load));
    }

    [Fact]
    public void It_asks_for_more_again_after_ten_calm_seconds_a_step()
    {
        After(60, Behind);
        Assert.Equal(SpeechEffort.Deferred, After(10, Idle));
        Assert.Equal(SpeechEffort.FinalsOnly, Next(Idle));
        Assert.Equal(SpeechEffort.FinalsOnly, After(10, Idle));
        Assert.Equal(SpeechEffort.LoudestOnly, Next(Idle));
        Assert.Equal(SpeechEffort.Full, After(22, Idle));
    }

    [Fact]
    public void It_asks_for_nothing_more_that_would_not_fit()
    {
        After(60, Busy);
        var finalsFit = Idle with { FinalDemand = 0.3, PartialDemand = 3 };
        Assert.Equal(SpeechEffort.FinalsOnly, After(600, finalsFit));                        // a sixth of 3 and 0.3 are more than 0.7
        var someFit = finalsFit with { PartialDemand = 1 };
        Assert.Equal(SpeechEffort.LongerHop, After(600, someFit));                           // a third of 1 fits, all of it does not
    }

    [Fact]
    public void What_had_to_be_taken_back_is_tried_again_only_after_twice_as_long()
    {
        Next(Behind);
        List<int> tries = [];
        for (int second = 0; tries.Count < 4; second++)
        {
            var was = ladder.Effort;
            var is_ = Next(was == SpeechEffort.Full ? Behind : Idle);                        // more is always too much
            if (is_ < was) tries.Add(second);
            Assert.True(second < 1000);
        }
        var pauses = tries.Zip(tries.Skip(1), (a, b) => b - a).ToList();
        Assert.True(pauses[1] > 1.5 * pauses[0] && pauses[2] > 1.5 * pauses[1], string.Join(", ", pauses));
    }

    [Fact]
    public void What_jobs_cost_is_learnt_and_one_that_was_held_up_changes_little()
    {
        var cost = new CostModel();
        Assert.Equal(TimeSpan.Zero, cost.Of(16_000));
        cost.Learn(16_000, TimeSpan.FromSeconds(1));
        Assert.Equal(1, cost.Of(8 * 16_000 / 2).TotalSeconds, 3);                            // the same window
        Assert.InRange(cost.Of(27 * 16_000).TotalSeconds, 2.8, 3);                           // the whole one
        cost.Learn(16_000, TimeSpan.FromMinutes(5));
        Assert.InRange(cost.Of(16_000).TotalSeconds, 1, 1.3);
        for (int n = 0; n < 50; n++) cost.Learn(16_000, TimeSpan.FromSeconds(0.2));
        Assert.InRange(cost.Of(16_000).TotalSeconds, 0.19, 0.22);
    }

    private SpeechEffort Next(LoadReading load)
    {
        now += TimeSpan.FromSeconds(1);
        return ladder.Observe(now, load);
    }

    private SpeechEffort After(int seconds, LoadReading load)
    {
        for (int n = 1; n < seconds; n++) Next(load);
        return Next(load);
    }
}
