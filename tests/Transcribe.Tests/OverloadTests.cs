using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

/// <summary>More is said than the engine can do, or there is none for a while. Queue and pipelines are the real ones; time and engine are simulated.</summary>
public sealed class OverloadTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private const int Threads = 2;

    private readonly ManualClock clock = new();

    [Fact]
    public async Task Three_times_as_many_talkers_as_it_can_do_cost_captions_their_time_and_no_word()
    {
        using var engine = Simulated();
        await using var meetings = new SimulatedMeetings(clock, engine);
        var crowds = Enumerable.Range(0, 3).Select(m => meetings.Add(Talkers(8, seconds: 45, seed: 10 * m))).ToList();
        var pair = meetings.Add(SpokenScript.Talk(60, seed: 100));              // one who speaks on when the others have stopped
        await meetings.RunAsync(45 * Second);

        Assert.Equal([SpeechEffort.LongerHop, SpeechEffort.LoudestOnly, SpeechEffort.FinalsOnly, SpeechEffort.Deferred], engine.Steps.Select(s => s.Effort));
        Assert.All(crowds, crowd => Assert.IsType<CaptionsState.Deferred>(crowd.Captions.Status));
        Assert.Contains(new CaptionsState.Degraded(SpeechEffort.LoudestOnly), pair.States);

        await meetings.RunUntilAsync(() => crowds.All(c => c.Captions.Status is CaptionsState.Live), 3600 * Second);
        Assert.Equal(SpeechEffort.Full, engine.Effort);
        Assert.All(engine.Steps.Zip(engine.Steps.Skip(1)), pair => Assert.Equal(1, Math.Abs(pair.First.Effort - pair.Second.Effort)));

        Assert.True(await meetings.FinishAsync());
        foreach (var meeting in crowds.Append(pair)) meeting.AssertEveryWordIsThereOnce();
        // Its turn came each time: who says little does not wait for those who say much.
        Assert.DoesNotContain(pair.Finals(), final => final.Caption.Late);
        foreach (var crowd in crowds)
        {
            var live = crowd.Finals().FindAll(final => !final.Caption.Late);
            Assert.InRange(live.Count, crowd.Finals().Count / 6, crowd.Finals().Count * 2 / 3);
            Assert.All(live, final => Assert.InRange((final.At - final.Caption.End).TotalSeconds, 0, 10 + 1));
        }
    }

    [Fact]
    public async Task A_minute_without_an_engine_costs_no_word_and_what_came_late_says_so()
    {
        using var engine = Simulated();
        await using var meetings = new SimulatedMeetings(clock, engine);
        var meeting = meetings.Add(Talkers(3, seconds: 130, seed: 7));
        await meetings.RunAsync(20 * Second);
        engine.Stop();
        await meetings.RunAsync(60 * Second);
        Assert.IsType<CaptionsState.Deferred>(meeting.Captions.Status);
        engine.GoOn();
        await meetings.RunAsync(50 * Second);

        Assert.True(await meetings.FinishAsync());
        meeting.AssertEveryWordIsThereOnce();
        foreach (var (at, caption) in meeting.Finals())
        {
            if (caption.End < 69 * Second && caption.End > 20 * Second) Assert.True(caption.Late, $"{caption.Start} was heard at {at}");
            if (caption.End < 18 * Second || caption.End > 95 * Second) Assert.False(caption.Late, $"{caption.Start} was heard at {at}");
        }
    }

    [Fact]
    public async Task What_it_can_do_is_done_in_full()
    {
        using var engine = Simulated();
        await using var meetings = new SimulatedMeetings(clock, engine);
        var meeting = meetings.Add(SpokenScript.Talk(60, seed: 3));
        await meetings.RunAsync(65 * Second);
        Assert.Empty(engine.Steps);
        Assert.True(await meetings.FinishAsync());
        meeting.AssertEveryWordIsThereOnce();
        Assert.DoesNotContain(meeting.Finals(), final => final.Caption.Late);
        Assert.NotEmpty(meeting.Partials());
    }

    /// <summary>Eight people's finals are all it can do.</summary>
    private SimulatedEngine Simulated() => new(clock, Threads, cost: Second);

    private static (float[] Samples, string Text)[] Talkers(int count, double seconds, int seed) =>
        [.. Enumerable.Range(0, count).Select(n => SpokenScript.Talk(seconds, seed + n))];
}
