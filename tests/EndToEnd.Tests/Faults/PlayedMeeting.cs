using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Api.Replay;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>A stretch of a meeting, since it began.</summary>
internal readonly record struct Stretch(TimeSpan From, TimeSpan To)
{
    public bool Touches(TimeSpan from, TimeSpan to) => from < To && to > From;
}

/// <summary>One kill and the start after it, since the meeting began: the kill itself lies between the first two.</summary>
internal readonly record struct Outage(TimeSpan Killing, TimeSpan Killed, TimeSpan Starting, TimeSpan Back);

/// <summary>A meeting that is being played to a server which is killed now and then; the sending goes on all the time.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A token source without a timer holds nothing.")]
internal sealed class PlayedMeeting
{
    private readonly PipelineServer server;
    private readonly CancellationTokenSource enough = new();
    private readonly Task<SendLog> sending;
    private readonly List<Outage> outages = [];
    private readonly List<Stretch> pauses = [];
    private TimeSpan? pauseAsked, pauseAnswered;

    private PlayedMeeting(PipelineServer server, ReplaySource source, MeetingInfo meeting)
    {
        (this.server, Source, Meeting) = (server, source, meeting);
        var session = new ReplaySession(source);
        sending = session.RunAsync(RecordedMeeting.Endpoint(meeting), ct: enough.Token);
        Began = session.Began;
    }

    public ReplaySource Source { get; }
    public MeetingInfo Meeting { get; }
    public Task<TimeSpan> Began { get; }
    /// <summary>Of somebody who rustles; else null.</summary>
    public float[]? Sound { get; private init; }
    public IReadOnlyList<Outage> Outages => outages;
    /// <summary>From when a pause was answered to when its end was asked for: nothing of it may be anywhere.</summary>
    public IReadOnlyList<Stretch> Pauses => pauses;
    /// <summary>Of speech, with captions.</summary>
    public static async Task<PlayedMeeting> BeginAsync(PipelineServer server, ReplaySource source) =>
        new(server, source, await server.Client.CreateMeetingAsync(RecordedMeeting.Describe(source), default));

    /// <summary>Of rustling.</summary>
    public static async Task<PlayedMeeting> BeginAsync(PipelineServer server, NoiseSource noise) =>
        Of(server, noise, await server.Client.CreateMeetingAsync(Describe(noise), default));

    /// <summary>One that a killed server may or may not have begun.</summary>
    public static PlayedMeeting Of(PipelineServer server, NoiseSource noise, MeetingInfo meeting) => new(server, noise.Source, meeting) { Sound = noise.Sound };

    public static NewMeeting Describe(NoiseSource noise) => RecordedMeeting.Describe(noise.Source) with { Captions = false, Minutes = false };

    /// <summary>Each time since the Unix epoch.</summary>
    public void NoteOutage(TimeSpan killing, TimeSpan killed, TimeSpan starting, TimeSpan back)
    {
        if (Since(killing) > TimeSpan.Zero) outages.Add(new Outage(Since(killing), Since(killed), Since(starting), Since(back)));
    }

    public async Task PauseAsync()
    {
        pauseAsked = Meeting.Now();
        (await server.Http.PostAsync($"/v1/meetings/{Meeting.Id}/pause", null)).EnsureSuccessStatusCode().Dispose();
        pauseAnswered = Meeting.Now();
    }

    /// <summary>Ends a pause that was asked for, and perhaps never answered.</summary>
    public async Task ResumeAsync()
    {
        if (pauseAsked is null) return;
        using var now = await server.Http.GetAsync($"/v1/meetings/{Meeting.Id}");
        bool paused = (await now.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("paused").GetBoolean();
        if (pauseAnswered is not null) Assert.True(paused, "a pause that was answered is over after a restart");
        var resumeAsked = Meeting.Now();
        (await server.Http.PostAsync($"/v1/meetings/{Meeting.Id}/resume", null)).EnsureSuccessStatusCode().Dispose();
        if (pauseAnswered is { } answered) pauses.Add(new Stretch(answered, resumeAsked));
        (pauseAsked, pauseAnswered) = (null, null);
    }

    public async Task<RecordedMeeting> EndAsync()
    {
        await enough.CancelAsync();
        var log = await sending;
        await server.Client.StopMeetingAsync(Meeting.Id, default);                   // also of one that is stopped: repeated is harmless
        return await RecordedMeeting.FetchAsync(server, Meeting.Id, log);
    }

    private TimeSpan Since(TimeSpan unix) => unix - (Meeting.StartedAt!.Value - DateTimeOffset.UnixEpoch);
}
