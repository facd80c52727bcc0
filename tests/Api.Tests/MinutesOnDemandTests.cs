using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Api.Minutes;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Api.Tests;

public sealed class MinutesOnDemandTests : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MinutesOnDemand minutes;
    private int made;
    private bool isBroken;

    public MinutesOnDemandTests() => minutes = new MinutesOnDemand(
        new MinutesMetrics(services.GetRequiredService<IMeterFactory>(), TimeProvider.System), Build);

    public void Dispose()
    {
        minutes.Dispose();
        services.Dispose();
    }

    [Fact]
    public async Task However_many_ask_for_the_same_it_is_made_once()
    {
        Task<MeetingMinutes?>[] asked = [.. Enumerable.Range(0, 50).Select(_ => minutes.OfAsync(Of("same"), default))];
        held.SetResult();
        var answers = await Task.WhenAll(asked);
        Assert.All(answers, answer => Assert.Same(answers[0], answer));
        Assert.Same(answers[0], await minutes.OfAsync(Of("same"), default));
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task Whatever_changes_in_the_source_makes_new_ones()
    {
        held.SetResult();
        var source = Of("text");
        MinutesSource[] others =
        [
            source,
            source with { StartedAt = source.StartedAt.AddTicks(1) },
            source with { TimeZone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin") },
            source with { Duration = TimeSpan.FromSeconds(2) },
            source with { Language = "de" },
            source with { Attendees = [new("b", "A", TimeSpan.Zero)] },
            source with { Attendees = [new("a", "B", TimeSpan.Zero)] },
            source with { Attendees = [new("a", "A", TimeSpan.FromTicks(1))] },
            source with { Attendees = [] },
            source with { Statements = [] },
            .. source.Statements.SelectMany(said => new[]
            {
                said with { Segment = "seg_2" }, said with { Speaker = "b" }, said with { Start = TimeSpan.FromTicks(1) }, said with { End = TimeSpan.FromTicks(1) },
                said with { Text = "texts" }, said with { Confidence = 0.5 },
            }.Select(other => source with { Statements = [other] })),
        ];
        foreach (var one in others) await minutes.OfAsync(one, default);
        Assert.Equal(others.Length, made);
    }

    [Fact]
    public async Task Too_many_at_once_are_sent_away_and_counted_and_those_that_wait_are_served()
    {
        long refused = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == services.GetRequiredService<IMeterFactory>()) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => refused += instrument.Name == "pipeline.minutes.refused" ? value : 0);
        listener.Start();

        Task<MeetingMinutes?>[] asked = [.. Enumerable.Range(0, 16).Select(n => minutes.OfAsync(Of($"{n}"), default))];
        Assert.Null(await minutes.OfAsync(Of("one more"), default));
        Assert.Equal(1, refused);
        var again = minutes.OfAsync(Of("0"), default);   // one that is under way costs nothing more
        held.SetResult();
        Assert.All(await Task.WhenAll([.. asked, again]), Assert.NotNull);
        Assert.NotNull(await minutes.OfAsync(Of("one more"), default));
    }

    [Fact]
    public async Task The_last_ones_are_kept_and_older_ones_made_again()
    {
        held.SetResult();
        for (int n = 0; n < 64; n++) await minutes.OfAsync(Of($"{n}"), default);
        await minutes.OfAsync(Of("0"), default);
        Assert.Equal(64, made);
        await minutes.OfAsync(Of("64"), default);     // takes the place of 1, which nobody asked for since
        await minutes.OfAsync(Of("0"), default);
        Assert.Equal(65, made);
        await minutes.OfAsync(Of("1"), default);
        Assert.Equal(66, made);
    }

    [Fact]
    public async Task A_failure_is_told_and_not_kept()
    {
        held.SetResult();
        isBroken = true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => minutes.OfAsync(Of("text"), default));
        isBroken = false;
        Assert.NotNull(await minutes.OfAsync(Of("text"), default));
    }

    [Fact]
    public async Task Who_goes_away_leaves_them_to_the_next()
    {
        using var gone = new CancellationTokenSource();
        var first = minutes.OfAsync(Of("text"), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        held.SetResult();
        Assert.NotNull(await minutes.OfAsync(Of("text"), default));
        Assert.Equal(1, made);
    }

    private MeetingMinutes Build(MinutesSource source)
    {
        held.Task.Wait();
        if (isBroken) throw new InvalidOperationException("broken");
        Interlocked.Increment(ref made);
        return MinutesBuilder.Build(source);
    }

    private static MinutesSource Of(string text) => new()
    {
        StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        TimeZone = TimeZoneInfo.Utc,
        Duration = TimeSpan.FromSeconds(1),
        Language = "en",
        Attendees = [new("a", "A", TimeSpan.Zero)],
        Statements = [new("seg_1", "a", TimeSpan.Zero, TimeSpan.FromSeconds(1), text, 0.9)],
    };
}
