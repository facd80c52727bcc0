using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Storage.Embedded.Search;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Tests.Kit;

/// <summary>A real archive with its search index in a folder of its own. The index follows when the test says so.</summary>
internal sealed class Archive : IAsyncDisposable
{
    public static readonly TenantId Acme = new("acme"), Other = new("other");
    public static readonly DateTimeOffset Start = new(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);

    private readonly string folder = Directory.CreateTempSubdirectory("archive-").FullName;
    private readonly List<IDisposable> opened = [];

    public Archive()
    {
        Store = EmbeddedMeetingStore.Open(Path.Combine(folder, "archive.db"), Sealer, TimeProvider.System, Node.Metrics());
        (Follower, Search) = Index(IndexFolder);
    }

    public TestSealer Sealer { get; } = new();
    public EmbeddedMeetingStore Store { get; }
    public SearchFollower Follower { get; private set; }
    public EmbeddedSearch Search { get; private set; }
    public string IndexFolder => Path.Combine(folder, "search");
    public string IndexOf(TenantId tenant) => SearchIndex.PathOf(IndexFolder, tenant);

    /// <summary>Another index over the same archive.</summary>
    public (SearchFollower Follower, EmbeddedSearch Search) Index(string path)
    {
        var follower = new SearchFollower(path, Store, TimeProvider.System, Node.Metrics(), NullLogger<SearchFollower>.Instance);
        var search = new EmbeddedSearch(path, Store, follower, TimeProvider.System, Node.Metrics());
        opened.AddRange([search, follower]);
        return (follower, search);
    }

    public Task<long> CatchUpAsync() => Follower.CatchUpAsync(default);

    /// <summary>As a new start does: the files stay.</summary>
    public void RestartIndex()
    {
        Follower.Dispose();
        (Follower, Search) = Index(IndexFolder);
    }

    public async Task<Meeting> StartAsync(TenantId? tenant = null, DateTimeOffset? at = null, string title = "Weekly", params string[] participants)
    {
        var now = at ?? Start;
        var announced = Meeting.Decide(new CreateMeeting(
            MeetingId.New(now), tenant ?? Acme, new MeetingSpec { Title = title },
            [.. (participants.Length > 0 ? participants : ["alice"]).Select((p, i) => new NewTrack(TrackId.New(now), Tracks.Of(p, (byte)(100 + i))))],
            CaptionsStatus.Live), now);
        var meeting = Meeting.Apply(announced);
        await Store.CommitAsync(meeting, [announced]);
        return await DoAsync(meeting, new MeetingCommand.MediaOpened(1, 26000));
    }

    public Task<Meeting> SayAsync(Meeting meeting, int track, double at, string text) =>
        DoAsync(meeting, new MeetingCommand.CaptionHeard(meeting.Run, SegmentId.New(Start), Snapshots.Caption(track, at, at + 1, text)));

    public async Task<Meeting> SayAsync(Meeting meeting, params string[] texts)
    {
        foreach (string text in texts) meeting = await SayAsync(meeting, 1, meeting.LastSequence, text);
        return meeting;
    }

    public async Task<Segment> SegmentAsync(Meeting meeting, long sequence) =>
        Assert.Single(await Store.SegmentsAsync(meeting.Tenant, meeting.Id, sequence - 1, 1, default));

    public async Task<Segment> CorrectAsync(Meeting meeting, long sequence, string text, int? ifRevision = null) =>
        Assert.IsType<CorrectSegmentResult.Corrected>(await Store.CorrectSegmentAsync(
            meeting.Tenant, meeting.Id, (await SegmentAsync(meeting, sequence)).Id, text, "key_admin", Start.AddHours(1), ifRevision, default)).Segment;

    /// <summary>Turns a bit of what is sealed, as a failing disk does: the newest of the segment's.</summary>
    /// <param name="table">`segments` or `corrections`.</param>
    public void Damage(string table, Meeting meeting, long sequence) => SealedBytes.TurnBit(Path.Combine(folder, "archive.db"), table, meeting, sequence);

    /// <summary>Turns it back.</summary>
    public void Restore(string table, Meeting meeting, long sequence) => Damage(table, meeting, sequence);

    public async Task<SearchResult.Found> FindAsync(string q, TenantId? tenant = null, Func<SearchQuery, SearchQuery>? with = null, EmbeddedSearch? search = null)
    {
        Assert.True(SearchSyntax.TryParse(q, out var words, out string wrong), wrong);
        var query = new SearchQuery { Words = words! };
        return Assert.IsType<SearchResult.Found>(await (search ?? Search).SearchAsync(tenant ?? Acme, with?.Invoke(query) ?? query, default));
    }

    /// <summary>The texts, sorted.</summary>
    public async Task<string[]> TextsAsync(string q, TenantId? tenant = null, Func<SearchQuery, SearchQuery>? with = null, EmbeddedSearch? search = null) =>
        [.. (await FindAsync(q, tenant, with, search)).Hits.Select(hit => hit.Segment.Text).Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        foreach (var one in opened) one.Dispose();
        await Store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    public async Task<Meeting> DoAsync(Meeting meeting, MeetingCommand command)
    {
        var decided = meeting.Decide(command, meeting.StartedAt);
        meeting = meeting.Apply(decided);
        await Store.CommitAsync(meeting, decided);
        return meeting;
    }
}
