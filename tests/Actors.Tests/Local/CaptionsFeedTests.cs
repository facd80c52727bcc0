using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Tests.Local;

public sealed class CaptionsFeedTests : IAsyncLifetime
{
    private static readonly TenantId Acme = Node.Acme;
    private Node node = null!;
    private MeetingView meeting = null!;

    public async Task InitializeAsync()
    {
        node = await Node.StartAsync();
        meeting = await node.CreateAsync(null, Tracks.Of("alice"));
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task A_reader_gets_what_was_said_before_it_came_and_after_and_then_the_end()
    {
        Say(0, 3);
        await node.UntilHeardAsync(meeting.Id, 3);
        await using var reader = Feed(after: 0).GetAsyncEnumerator();
        for (int i = 0; i < 3; i++) Assert.Equal($"{i}", await NextAsync(reader));

        var next = NextAsync(reader);
        Assert.False(next.IsCompleted);
        Say(3, 1);
        Assert.Equal("3", await next);

        var end = NextAsync(reader);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        Assert.Null(await end);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(2, 3)]
    [InlineData(5, 0)]
    [InlineData(99, 0)]
    public async Task A_reader_goes_on_after_the_sequence_it_saw_last(long after, int left)
    {
        Say(0, 5);
        await node.UntilHeardAsync(meeting.Id, 5);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        var read = await Feed(after).ToListAsync();
        Assert.Equal(Enumerable.Range(5 - left, left).Select(i => ($"{i}", i + 1L)), read.Select(s => (s.Text, s.Sequence)));
    }

    [Fact]
    public async Task Sequences_go_on_rising_after_a_restart()
    {
        Say(0, 2);
        await node.UntilHeardAsync(meeting.Id, 2);
        await node.RestartAsync();
        Say(2, 2);
        await node.UntilHeardAsync(meeting.Id, 4);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        Assert.Equal([2L, 3L, 4L], (await Feed(after: 1).ToListAsync()).Select(s => s.Sequence));
    }

    [Fact]
    public async Task Many_readers_lose_nothing_while_much_is_said()
    {
        var readers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await Feed(after: 0).ToListAsync())).ToArray();
        for (int i = 0; i < 500; i += 50)
        {
            Say(i, 50);
            await node.UntilHeardAsync(meeting.Id, i + 50);
        }
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        foreach (var reader in readers) Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), (await reader).Select(s => s.Text));
    }

    [Fact]
    public async Task A_reader_that_stops_reading_or_goes_holds_nobody_up()
    {
        Say(0, 1);
        await using var slow = Feed(after: 0).GetAsyncEnumerator();
        Assert.Equal("0", await NextAsync(slow));   // and does not come back for long

        using var leaving = new CancellationTokenSource();
        await using var gone = Finals(node.Meetings.CaptionsAsync(Acme, meeting.Id, 1, leaving.Token)).GetAsyncEnumerator(leaving.Token);
        var waiting = NextAsync(gone);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        Say(1, 400);
        await node.UntilHeardAsync(meeting.Id, 401);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        for (int i = 1; i <= 400; i++) Assert.Equal($"{i}", await NextAsync(slow));
        Assert.Null(await NextAsync(slow));
    }

    [Fact]
    public async Task A_feed_does_not_end_as_if_the_meeting_were_over_when_the_server_stops()
    {
        await using var reader = Feed(after: 0).GetAsyncEnumerator();
        var next = NextAsync(reader);
        await node.Meetings.StopAsync(CancellationToken.None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task A_reader_is_shown_a_segment_while_it_is_said_and_then_its_final_under_the_same_id()
    {
        var segment = Guid.CreateVersion7();
        Show(segment, 1, "we", 0);
        await using var reader = Updates().GetAsyncEnumerator();
        Assert.Equal("1 |we", await UpdateAsync(reader));
        Show(segment, 2, "we ship", 1);
        Assert.Equal("2 we|ship", await UpdateAsync(reader));
        node.Engine.Newest.Say(Snapshots.Caption(1, 0, 1, "we ship it") with { Segment = segment, Revision = 3 });
        Assert.True(await reader.MoveNextAsync());
        var final = Assert.IsType<SegmentUpdate.Final>(reader.Current).Segment;
        Assert.Equal((new SegmentId(segment), 3, "we ship it"), (final.Id, final.Rev, final.Text));
        Assert.Equal(3, (await node.Meetings.FindSegmentAsync(Acme, meeting.Id, final.Id, default))!.Rev);
    }

    [Fact]
    public async Task A_reader_that_comes_late_or_is_slow_is_shown_the_newest_alone_and_every_final()
    {
        var (one, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        Show(one, 1, "we", 0);
        await using var slow = Updates().GetAsyncEnumerator();
        Assert.Equal("1 |we", await UpdateAsync(slow));
        for (int revision = 2; revision <= 9; revision++) Show(one, revision, "we ship", 1);
        await using var late = Updates().GetAsyncEnumerator();
        foreach (var reader in new[] { slow, late }) Assert.Equal("9 we|ship", await UpdateAsync(reader));

        Say(0, 3);
        await node.UntilHeardAsync(meeting.Id, 3);
        Show(other, 1, "yes", 0);
        foreach (var reader in new[] { slow, late })
        {
            List<string?> told = [];
            for (int n = 0; n < 4; n++) told.Add(await UpdateAsync(reader));
            Assert.Equal(["0", "1", "2", "1 |yes"], told.Order(StringComparer.Ordinal).OrderBy(text => text!.Length));
        }
    }

    [Fact]
    public async Task A_segment_that_comes_to_nothing_is_taken_back_from_whoever_saw_it()
    {
        var segment = Guid.CreateVersion7();
        Show(segment, 1, "we", 0);
        await using var saw = Updates().GetAsyncEnumerator();
        Assert.Equal("1 |we", await UpdateAsync(saw));
        node.Engine.Newest.Say(Partial(segment, 2, "", 0) with { IsFinal = true });
        Assert.Equal("taken back 1", await UpdateAsync(saw));
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        Assert.False(await saw.MoveNextAsync());
        Assert.Empty(await Updates().ToListAsync());
        Assert.Empty((await node.Meetings.TranscriptAsync(Acme, meeting.Id, default))!);
    }

    [Fact]
    public async Task What_is_still_open_when_the_meeting_is_over_is_taken_back_before_the_end()
    {
        Show(Guid.CreateVersion7(), 1, "we", 0);
        await using var reader = Updates().GetAsyncEnumerator();
        Assert.Equal("1 |we", await UpdateAsync(reader));
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        Assert.Equal("taken back 1", await UpdateAsync(reader));
        Assert.False(await reader.MoveNextAsync());
    }

    [Fact]
    public async Task Partials_are_neither_stored_nor_in_the_ledger()
    {
        var before = await node.LedgerAsync(meeting.Id);
        Show(Guid.CreateVersion7(), 1, "we", 0);
        await using var reader = Updates().GetAsyncEnumerator();
        await UpdateAsync(reader);
        Assert.Equal(before, await node.LedgerAsync(meeting.Id));
        Assert.Empty((await node.Meetings.TranscriptAsync(Acme, meeting.Id, default))!);
        await node.RestartAsync();
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        Assert.Empty(await Updates().ToListAsync());
    }

    [Fact]
    public async Task However_partials_and_finals_fall_together_no_reader_sees_a_segment_after_its_final()
    {
        var reading = Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await Updates().ToListAsync())).ToArray();
        for (int n = 0; n < 200; n++)
        {
            var segment = Guid.CreateVersion7();
            for (int revision = 1; revision <= 3; revision++) Show(segment, revision, "we ship", revision - 1);
            var end = n % 5 == 0 ? Partial(segment, 4, "", 0) : Partial(segment, 4, $"we ship {n}", 3);
            node.Engine.Newest.Say(end with { Start = TimeSpan.FromSeconds(n), IsFinal = true });
        }
        await node.UntilHeardAsync(meeting.Id, 160);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        foreach (var updates in await Task.WhenAll(reading))
        {
            Assert.Equal(160, updates.OfType<SegmentUpdate.Final>().Count());
            foreach (var segment in updates.GroupBy(Id))
            {
                Assert.Single(segment, update => update is not SegmentUpdate.Partial);
                Assert.IsNotType<SegmentUpdate.Partial>(segment.Last());
            }
        }
    }

    private IAsyncEnumerable<SegmentUpdate> Updates() => node.Meetings.CaptionsAsync(Acme, meeting.Id, 0, default);

    private void Show(Guid segment, int revision, string text, int stable) => node.Engine.Newest.Say(Partial(segment, revision, text, stable));

    private static Caption Partial(Guid segment, int revision, string text, int stable)
    {
        Word[] words = [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => new Word(word, TimeSpan.Zero, TimeSpan.FromSeconds(1), 0.9))];
        return new Caption(1, TimeSpan.Zero, TimeSpan.FromSeconds(1), text, "en", words, Late: false)
        {
            Segment = segment,
            Revision = revision,
            IsFinal = false,
            StableWords = stable,
        };
    }

    private static Guid Id(SegmentUpdate update) => update switch
    {
        SegmentUpdate.Partial partial => partial.Caption.Segment,
        SegmentUpdate.Withdrawn gone => gone.Last.Segment,
        _ => ((SegmentUpdate.Final)update).Segment.Id.Value,
    };

    private static async Task<string?> UpdateAsync(IAsyncEnumerator<SegmentUpdate> reader)
    {
        if (!await reader.MoveNextAsync()) return null;
        switch (reader.Current)
        {
            case SegmentUpdate.Partial { Caption: var caption }:
                var words = caption.Words.Select(word => word.Text);
                return $"{caption.Revision} {string.Join(' ', words.Take(caption.StableWords))}|{string.Join(' ', words.Skip(caption.StableWords))}";
            case SegmentUpdate.Withdrawn gone:
                return $"taken back {gone.Last.Revision}";
            default:
                return ((SegmentUpdate.Final)reader.Current).Segment.Text;
        }
    }

    private IAsyncEnumerable<Segment> Feed(long after) => Finals(node.Meetings.CaptionsAsync(Acme, meeting.Id, after, default));

    private static IAsyncEnumerable<Segment> Finals(IAsyncEnumerable<SegmentUpdate> updates) => updates.Select(update => ((SegmentUpdate.Final)update).Segment);

    private void Say(int from, int count)
    {
        for (int i = from; i < from + count; i++) node.Engine.Newest.Say(1, i, i + 0.9, $"{i}");
    }

    private static async Task<string?> NextAsync(IAsyncEnumerator<Segment> reader) => await reader.MoveNextAsync() ? reader.Current.Text : null;
}
