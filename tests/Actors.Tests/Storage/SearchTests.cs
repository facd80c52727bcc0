using System.Text;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Storage;

public sealed class SearchTests : IAsyncDisposable
{
    private readonly Archive archive = new();

    public ValueTask DisposeAsync() => archive.DisposeAsync();

    [Theory]
    [InlineData("cafe", "The Café is closed.")]
    [InlineData("CAFÉ", "The Café is closed.")]
    [InlineData("don't", "I don't think so.", "“Don’t” was said.")]
    [InlineData("don", "I don't think so.", "“Don’t” was said.")]
    [InlineData("3.5", "It costs 3.5 million.")]
    [InlineData("\"is closed\"", "The Café is closed.")]
    [InlineData("\"closed is\"")]
    [InlineData("clos*", "The Café is closed.")]
    [InlineData("\"it cos\"*", "It costs 3.5 million.")]
    [InlineData("think OR million", "I don't think so.", "It costs 3.5 million.")]
    [InlineData("the NOT closed", "Is the release ready?")]
    [InlineData("is (ready OR closed) NOT cafe", "Is the release ready?")]
    [InlineData("NEAR(the release)")]
    [InlineData("text:release")]
    [InlineData("speaker:p1")]
    [InlineData("^release", "Is the release ready?")]
    [InlineData("p1")]
    [InlineData("日本語", "日本語 です")]
    public async Task Words_phrases_prefixes_and_operators_find_what_they_say(string q, params string[] texts)
    {
        var meeting = await archive.StartAsync();
        await archive.SayAsync(meeting, "The Café is closed.", "I don't think so.", "“Don’t” was said.", "It costs 3.5 million.", "Is the release ready?", "日本語 です");
        await archive.CatchUpAsync();
        Assert.Equal(texts.Order(StringComparer.Ordinal), await archive.TextsAsync(q));
    }

    [Fact]
    public async Task A_hit_tells_where_it_is_and_marks_what_was_found()
    {
        var meeting = await archive.StartAsync(title: "Release", participants: ["alice", "bob"]);
        await archive.SayAsync(meeting, 2, 12, "We ship, <b>ship</b>, on Friday.");
        await archive.CatchUpAsync();
        var hit = Assert.Single((await archive.FindAsync("ship friday")).Hits);
        Assert.Equal(("Release", meeting.StartedAt, meeting.Id), (hit.Title, hit.StartedAt, hit.Segment.Meeting));
        Assert.Equal(("bob", TimeSpan.FromSeconds(12)), (hit.Segment.Participant.Id, hit.Segment.Start));
        Assert.Equal("We [ship], <b>[ship]</b>, on [Friday].", string.Concat(hit.Snippet.Select(part => part.IsHit ? $"[{part.Text}]" : part.Text)));
        Assert.True(hit.Score > 0);
    }

    [Fact]
    public async Task Better_hits_come_first()
    {
        var meeting = await archive.StartAsync();
        await archive.SayAsync(meeting, [.. Enumerable.Range(0, 50).Select(i => $"filler number {i}"), "budget and many other words that were said in one long breath", "budget budget"]);
        await archive.CatchUpAsync();
        Assert.Equal("budget budget", (await archive.FindAsync("budget")).Hits[0].Segment.Text);
    }

    [Fact]
    public async Task A_participant_and_times_narrow_a_search()
    {
        var early = await archive.StartAsync(at: Archive.Start, participants: ["alice", "bob"]);
        await archive.SayAsync(await archive.SayAsync(early, 1, 1, "budget one"), 2, 2, "budget two");
        var late = await archive.StartAsync(at: Archive.Start.AddDays(1), participants: ["bob"]);
        await archive.SayAsync(late, 1, 60, "budget three");
        await archive.CatchUpAsync();

        Assert.Equal(["budget three", "budget two"], await archive.TextsAsync("budget", with: q => q with { Participant = "bob" }));
        Assert.Empty(await archive.TextsAsync("budget", with: q => q with { Participant = "carol" }));
        Assert.Empty(await archive.TextsAsync("bob"));
        var said = late.StartedAt.AddSeconds(60);
        Assert.Equal(["budget three"], await archive.TextsAsync("budget", with: q => q with { From = said }));
        Assert.Equal(["budget one", "budget two"], await archive.TextsAsync("budget", with: q => q with { To = said }));
        Assert.Empty(await archive.TextsAsync("budget", with: q => q with { From = said.AddTicks(1) }));
        Assert.Equal(["budget three"], await archive.TextsAsync("budget", with: q => q with { To = said.AddTicks(1), Participant = "bob", From = early.StartedAt.AddHours(1) }));
        Assert.Equal(["budget two"], await archive.TextsAsync("budget", with: q => q with { From = early.StartedAt.AddSeconds(2), To = early.StartedAt.AddSeconds(3) }));
        Assert.Equal(3, (await archive.TextsAsync("budget", with: q => q with { From = DateTimeOffset.MinValue, To = DateTimeOffset.MaxValue })).Length);
        Assert.Empty(await archive.TextsAsync("budget", with: q => q with { From = DateTimeOffset.MaxValue }));
    }

    [Theory]
    [InlineData(500, false)]
    [InlineData(1200, true)]
    public async Task Pages_join_without_a_gap_or_a_repeat(int segments, bool byTime)
    {
        var meeting = await archive.StartAsync();
        await archive.SayAsync(meeting, [.. Enumerable.Range(0, segments).Select(i => $"budget {i}")]);
        await archive.CatchUpAsync();
        List<string> all = [];
        SearchPlace? after = null;
        do
        {
            var page = await archive.FindAsync("budget", with: q => q with { Limit = 170, After = after });
            all.AddRange(page.Hits.Select(hit => hit.Segment.Text));
            if (byTime) Assert.All(page.Hits, hit => Assert.Equal(0, hit.Score));
            Assert.Equal(byTime, page.Next?.ByTime ?? byTime);
            after = page.Next;
        }
        while (after is not null);
        Assert.Equal(segments, all.Distinct().Count());
        Assert.Equal(segments, all.Count);
        if (byTime) Assert.Equal(Enumerable.Range(0, segments).Reverse().Select(i => $"budget {i}"), all);
    }

    [Fact]
    public async Task A_caption_of_a_running_meeting_is_found_a_moment_after_its_commit()
    {
        using var stopping = new CancellationTokenSource();
        await archive.Follower.StartAsync(stopping.Token);
        var meeting = await archive.StartAsync();
        for (int i = 0; i < 5; i++)
        {
            meeting = await archive.SayAsync(meeting, $"pineapple {i}");
            await UntilAsync(async () => (await archive.Search.SearchAsync(Archive.Acme, Query("pineapple"), default)) is SearchResult.Found { Hits.Count: var hits } && hits == i + 1);
        }
        await archive.Follower.StopAsync(default);
    }

    [Fact]
    public async Task Tenants_find_only_their_own()
    {
        await archive.SayAsync(await archive.StartAsync(Archive.Acme), "secret plan");
        await archive.SayAsync(await archive.StartAsync(Archive.Other), "secret recipe");
        await archive.CatchUpAsync();
        Assert.Equal(["secret plan"], await archive.TextsAsync("secret", Archive.Acme));
        Assert.Equal(["secret recipe"], await archive.TextsAsync("secret", Archive.Other));
        Assert.Empty(await archive.TextsAsync("secret", new TenantId("../acme")));
        Assert.NotEqual(archive.IndexOf(Archive.Acme), archive.IndexOf(Archive.Other));
    }

    [Fact]
    public async Task A_correction_replaces_what_is_found()
    {
        var meeting = await archive.SayAsync(await archive.StartAsync(), "the bored decided", "something else");
        await archive.CatchUpAsync();
        await archive.CorrectAsync(meeting, 1, "the board decided");
        await archive.CatchUpAsync();
        Assert.Empty(await archive.TextsAsync("bored"));
        Assert.Equal(["the board decided"], await archive.TextsAsync("board"));

        await archive.CorrectAsync(meeting, 1, "the boarder decided");    // two at once: the index holds neither between
        await archive.CorrectAsync(meeting, 1, "the border decided");
        await archive.CatchUpAsync();
        Assert.Empty(await archive.TextsAsync("board OR boarder OR bored"));
        Assert.Equal(["the border decided"], await archive.TextsAsync("decided"));
        Assert.Equal(["something else"], await archive.TextsAsync("else"));
    }

    [Fact]
    public async Task An_index_made_anew_finds_what_one_that_followed_does()
    {
        var random = new Random(7);
        string[] words = [.. Enumerable.Range(0, 40).Select(i => $"word{i}")];
        for (int m = 0; m < 12; m++)
        {
            var meeting = await archive.StartAsync(at: Archive.Start.AddHours(m), participants: ["alice", "bob"]);
            for (int s = 0; s < 15; s++)
            {
                meeting = await archive.SayAsync(meeting, 1 + random.Next(2), s, string.Join(' ', random.GetItems(words, 6)));
                if (random.Next(4) == 0) await archive.CorrectAsync(meeting, 1 + random.Next(s + 1), string.Join(' ', random.GetItems(words, 5)));
                if (random.Next(3) == 0) await archive.CatchUpAsync();
            }
        }
        await archive.CatchUpAsync();
        var (follower, anew) = archive.Index(Path.Combine(archive.IndexFolder, "anew"));
        await follower.CatchUpAsync(default);
        for (int i = 0; i < words.Length; i++)
        {
            string q = i % 3 == 0 ? words[i] : i % 3 == 1 ? $"{words[i]} OR {words[i - 1]}" : $"{words[i]} NOT {words[i - 1]}";
            string[] expected = await archive.TextsAsync(q, with: query => query with { Limit = 200, Participant = i % 2 == 0 ? "bob" : null });
            Assert.Equal(expected, await archive.TextsAsync(q, with: query => query with { Limit = 200, Participant = i % 2 == 0 ? "bob" : null }, search: anew));
        }
    }

    [Fact]
    public async Task What_was_stored_and_not_indexed_before_a_kill_is_found_after_the_next_start()
    {
        var meeting = await archive.SayAsync(await archive.StartAsync(), "pineapple one");
        await archive.CatchUpAsync();
        var files = Directory.GetFiles(archive.IndexFolder).ToDictionary(f => f, Bytes);   // the disk as it was at the kill
        meeting = await archive.SayAsync(meeting, "pineapple two");
        await archive.CorrectAsync(meeting, 1, "pineapple first");
        await archive.CatchUpAsync();

        archive.Follower.Dispose();
        foreach (string file in Directory.GetFiles(archive.IndexFolder)) File.Delete(file);
        foreach (var (file, bytes) in files) await File.WriteAllBytesAsync(file, bytes);
        archive.RestartIndex();
        Assert.Equal(2, await archive.CatchUpAsync());
        Assert.Equal(["pineapple first", "pineapple two"], await archive.TextsAsync("pineapple"));
        Assert.Equal(0, await archive.CatchUpAsync());
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("not a database")]
    [InlineData("a page flipped")]
    [InlineData("of another version")]
    public async Task An_index_that_is_no_good_is_made_anew(string what)
    {
        var meeting = await archive.StartAsync();
        meeting = await archive.SayAsync(meeting, [.. Enumerable.Range(0, 300).Select(i => $"pineapple {i} {new string((char)('a' + (i % 26)), 5)}")]);
        await archive.CatchUpAsync();
        string path = archive.IndexOf(Archive.Acme);
        archive.Follower.Dispose();
        byte[] bytes = Bytes(path);
        switch (what)
        {
            case "missing": File.Delete(path); break;
            case "not a database": await File.WriteAllTextAsync(path, new string('x', 10_000)); break;
            case "a page flipped":
                Array.Fill(bytes, (byte)0xA5, 0x1000, bytes.Length - 0x1000);
                await File.WriteAllBytesAsync(path, bytes);
                break;
            default:
                bytes[63] ^= 0x40;                                                   // `user_version`, the last octet
                await File.WriteAllBytesAsync(path, bytes);
                break;
        }
        archive.RestartIndex();
        Assert.Equal(300, await archive.CatchUpAsync());
        Assert.Equal(200, (await archive.FindAsync("pineapple", with: q => q with { Limit = 200 })).Hits.Count);
    }

    [Fact]
    public async Task An_index_that_vanishes_or_breaks_while_it_is_searched_is_made_anew()
    {
        await archive.SayAsync(await archive.StartAsync(), "pineapple");
        await archive.CatchUpAsync();
        Assert.Single((await archive.FindAsync("pineapple")).Hits);
        File.Delete(archive.IndexOf(Archive.Acme));
        Assert.IsType<SearchResult.NotReady>(await archive.Search.SearchAsync(Archive.Acme, Query("pineapple"), default));
        await archive.CatchUpAsync();
        Assert.Single((await archive.FindAsync("pineapple")).Hits);
    }

    [Fact]
    public async Task A_damaged_segment_keeps_no_other_from_being_found()
    {
        var meeting = await archive.SayAsync(await archive.StartAsync(), "budget one", "budget two", "budget three");
        await archive.CatchUpAsync();
        archive.Damage("segments", meeting, 2);
        Assert.Equal(["budget one", "budget three"], await archive.TextsAsync("budget"));

        // The words of what is damaged cannot be taken out any more: they find what is written now.
        archive.Restore("segments", meeting, 2);
        await archive.CorrectAsync(meeting, 2, "money two");
        archive.Damage("segments", meeting, 2);
        await archive.CatchUpAsync();
        Assert.Equal(["budget one", "budget three"], await archive.TextsAsync("budget"));
        archive.Restore("segments", meeting, 2);
        Assert.Equal(["budget one", "budget three", "money two"], await archive.TextsAsync("budget"));
    }

    [Fact]
    public async Task Under_a_damaged_correction_the_original_is_found()
    {
        var meeting = await archive.SayAsync(await archive.StartAsync(), "bored", "other");
        await archive.CorrectAsync(meeting, 1, "board");
        archive.Damage("corrections", meeting, 1);
        await archive.CatchUpAsync();
        Assert.Equal(["bored"], await archive.TextsAsync("bored"));
        Assert.Empty(await archive.TextsAsync("board"));

        await archive.CorrectAsync(meeting, 1, "the board");
        await archive.CatchUpAsync();
        Assert.Equal(["the board"], await archive.TextsAsync("board"));
        Assert.Empty(await archive.TextsAsync("bored"));
    }

    [Fact]
    public async Task Without_its_key_a_meeting_is_not_found_and_keeps_no_other_from_it()
    {
        var gone = await archive.SayAsync(await archive.StartAsync(), "pineapple gone");
        var kept = await archive.SayAsync(await archive.StartAsync(), "pineapple kept");
        await archive.CatchUpAsync();
        archive.Sealer.Destroy(gone.Id);
        Assert.Equal(["pineapple kept"], await archive.TextsAsync("pineapple"));
        await archive.SayAsync(kept, "pineapple more");
        await archive.CatchUpAsync();
        Assert.Equal(["pineapple kept", "pineapple more"], await archive.TextsAsync("pineapple"));
    }

    [Fact]
    public async Task An_index_holds_words_and_no_texts_and_only_its_owner_may_read_it()
    {
        await archive.SayAsync(await archive.StartAsync(), "The pineapple was delicious yesterday");
        await archive.CatchUpAsync();
        archive.Follower.Dispose();
        Assert.DoesNotContain("pineapple was", Encoding.Latin1.GetString(Bytes(archive.IndexOf(Archive.Acme))));
        foreach (string file in Directory.GetFiles(archive.IndexFolder))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    private static SearchQuery Query(string q) => new() { Words = SearchSyntax.TryParse(q, out var words, out _) ? words! : throw new ArgumentException(q) };

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));   // only so that a broken test ends
        while (!await holds())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static byte[] Bytes(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
