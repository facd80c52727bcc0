using System.Net;
using Pipeline.Api.Replay;

namespace Pipeline.Page.Tests;

/// <summary>A spoken meeting that is played into a server in real time. Disposing ends the sending, not the meeting.</summary>
internal sealed class RunningMeeting : IAsyncDisposable
{
    private readonly CancellationTokenSource enough = new();
    private readonly Task<SendLog> sending;

    private RunningMeeting(MeetingInfo meeting, ReplaySource source)
    {
        Meeting = meeting;
        sending = new ReplaySession(source).RunAsync(new IPEndPoint(IPAddress.Parse(meeting.Ingest!.Host), meeting.Ingest.Port), ct: enough.Token);
    }

    public MeetingInfo Meeting { get; }
    public string Id => Meeting.Id;
    /// <summary>Its address on the page.</summary>
    public string Fragment => $"#/meetings/{Id}";

    /// <param name="script">One of tests/Fixtures/speech.</param>
    /// <param name="length">Of what is sent; null: all of it.</param>
    public static async Task<RunningMeeting> StartAsync(PipelineServer server, string script, TimeSpan? length = null)
    {
        var source = ReplaySource.Open([Fixtures.Speech(script)]);
        if (length is { } cut) source = source with { Packets = [.. source.Packets.Where(packet => packet.Time < cut)], Duration = cut };
        var meeting = await server.Client.CreateMeetingAsync(
            new() { Title = source.Title, Language = "en", Tracks = [.. source.Streams.Select(stream => stream.ToTrack())] }, default);
        return new RunningMeeting(meeting, source);
    }

    /// <summary>Plays it to its end, stops the meeting, and waits until everything is made.</summary>
    public async Task<MeetingInfo> FinishAsync(PipelineServer server)
    {
        await sending;
        await server.Client.StopMeetingAsync(Id, default);
        return await server.Client.WaitUntilOverAsync(Id, default);
    }

    public async ValueTask DisposeAsync()
    {
        await enough.CancelAsync();
        await sending;
        enough.Dispose();
    }
}
