using Pipeline.Api.Replay;

namespace Pipeline.Page.Tests;

/// <summary>A server that has recorded nothing yet, and cannot caption.</summary>
public sealed class EmptySite : IAsyncLifetime
{
    public PipelineServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>A server that meetings are played into while they are looked at.</summary>
public sealed class LiveSite : IAsyncLifetime
{
    public PipelineServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await PipelineServer.StartAsync();
    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>A server with one meeting of three that is over, and one that nobody has come to; recorded once for all who look at it.</summary>
[CollectionDefinition(Name)]
public sealed class RecordedSite : IAsyncLifetime, ICollectionFixture<RecordedSite>
{
    public const string Name = "A recorded meeting";

    /// <summary>Until a question, a promise and a decision were said.</summary>
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(36.5);

    public PipelineServer Server { get; private set; } = null!;
    public MeetingInfo Meeting { get; private set; } = null!;
    /// <summary>As it was recognised.</summary>
    public TranscriptInfo Transcript { get; private set; } = null!;
    public MeetingInfo Another { get; private set; } = null!;
    /// <summary>A word that was heard once, and where. Which one it is depends on how busy the recogniser was.</summary>
    public (SegmentInfo Segment, WordInfo Word) Rare { get; private set; }
    public string Fragment => $"#/meetings/{Meeting.Id}";

    public async Task InitializeAsync()
    {
        Server = await PipelineServer.StartAsync();
        await using (var running = await RunningMeeting.StartAsync(Server, "release-review.json", Length)) Meeting = await running.FinishAsync(Server);
        Transcript = await Server.Client.GetTranscriptAsync(Meeting.Id, default);
        Rare = FindRare(Transcript);
        Another = await Server.Client.CreateMeetingAsync(new() { Title = "Design review", IdleTimeoutS = 0 }, default);
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();

    /// <summary>Not the last of its segment, so that another follows at once; and in none of the first three, which are for corrections.</summary>
    private static (SegmentInfo Segment, WordInfo Word) FindRare(TranscriptInfo transcript)
    {
        var all = transcript.Segments.SelectMany(segment => (segment.Words ?? []).Select(word => (Segment: segment, Word: word))).ToList();
        var spared = transcript.Segments.Take(3).Select(segment => segment.Id).ToHashSet();
        return all.First(found =>
            !spared.Contains(found.Segment.Id) && found.Word.Text.Trim() is { Length: >= 4 } text && text.All(char.IsAsciiLetterLower) && found.Word != found.Segment.Words![^1]
            && all.Count(other => other.Word.Text.Contains(text, StringComparison.OrdinalIgnoreCase)) == 1);
    }
}
