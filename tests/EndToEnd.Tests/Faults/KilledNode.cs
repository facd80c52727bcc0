using System.Diagnostics;
using System.Text.Json;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>What a kill comes in the midst of.</summary>
internal enum Moment { Starting, Talking, Paused, Stopping, Processing }

/// <summary>
/// A server that is killed again and again while meetings are played to it: one with speech and captions, one that rustles all the time, and
/// short ones for what happens at a meeting's beginning and end. In the end all of them are looked at.
/// </summary>
internal sealed class KilledNode(int seed, ITestOutputHelper output)
{
    private const string Newcomer = "newcomer";
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);
    /// <summary>How long a child may outlive the server on a busy machine.</summary>
    private static readonly TimeSpan Orphaned = TimeSpan.FromSeconds(60);

    private readonly Random random = new(seed);
    private readonly List<PlayedMeeting> meetings = [];
    private readonly List<KillFigures> figures = [];
    private PipelineServer server = null!;

    /// <returns>What each kill cost.</returns>
    public async Task<IReadOnlyList<KillFigures>> RunAsync(int kills)
    {
        output.WriteLine($"seed {seed}");
        await using var started = server = await PipelineServer.StartAsync(ports: 60);
        var voices = await Begun(PlayedMeeting.BeginAsync(server, ReplaySource.Open([Fixtures.Speech("release-review.json")])));
        var rustling = await Begun(PlayedMeeting.BeginAsync(server, NoiseSource.Make(Longest, seed)));

        var moments = Enumerable.Range(0, kills).Select(n => (Moment)(n % 5)).ToArray();
        random.Shuffle(moments);
        foreach (var moment in moments)
        {
            await Pause(3000, 5500);
            await KillInAsync(moment, rustling);
        }
        await Pause(1500, 1800);

        foreach (var meeting in meetings)
        {
            var recorded = await meeting.EndAsync();
            Assert.True(recorded.Meeting.Status == "completed", $"seed {seed}: {recorded.Meeting.Id} is {recorded.Meeting.Status}, {recorded.Meeting.Reason}\n{server.Output}");
            var judged = new KilledMeeting(meeting, recorded, $"seed {seed}", output);
            judged.AssertFiles();
            if (meeting == voices) judged.AssertSpoken();
            else judged.AssertRustling();
            if (meeting == rustling) figures.AddRange(judged.Figures());
        }
        return figures;
    }

    private async Task KillInAsync(Moment moment, PlayedMeeting rustling)
    {
        Task<MeetingInfo>? creating = null;
        var newcomer = Brief();
        switch (moment)
        {
            case Moment.Starting:
                creating = server.Client.CreateMeetingAsync(PlayedMeeting.Describe(newcomer) with { ExternalId = Newcomer }, default);
                await Pause(0, 150);
                break;
            case Moment.Paused:
                var pausing = rustling.PauseAsync();
                if (random.Next(2) == 0) await pausing;
                else _ = pausing.ContinueWith(late => late.Exception, TaskScheduler.Default);        // perhaps never answered
                await Pause(0, 800);
                break;
            case Moment.Stopping or Moment.Processing:
                var brief = await Begun(PlayedMeeting.BeginAsync(server, newcomer));
                await Pause(1200, 2000);
                await server.Client.StopMeetingAsync(brief.Meeting.Id, default);
                while (moment == Moment.Processing && (await server.Client.GetMeetingAsync(brief.Meeting.Id, default)).Status is "recording" or "stopping") await Pause(5, 10);
                await Pause(0, 250);
                break;
        }

        var children = server.Children();
        var killing = Now();
        await server.KillAsync();
        var killed = Now();
        foreach (int child in children) await GoneAsync(child).WaitAsync(Orphaned);
        await Pause(0, 800);
        var starting = Now();
        await server.RestartAsync();
        var back = Now();
        output.WriteLine($"{moment}: killed within {(killed - killing).TotalMilliseconds:0} ms, ready again {(back - starting).TotalSeconds:0.00} s after its start");
        foreach (var meeting in meetings) meeting.NoteOutage(killing, killed, starting, back);
        await rustling.ResumeAsync();
        if (creating is not null) await FindAsync(creating, newcomer);
    }

    /// <summary>Whatever the client heard: the meeting is there and goes on, or it never was.</summary>
    private async Task FindAsync(Task<MeetingInfo> creating, NoiseSource newcomer)
    {
        MeetingInfo? answered = null;
        try { answered = await creating; }
        catch (Exception e) when (e is HttpRequestException or PipelineRequestException or IOException) { /* killed before it could say */ }
        var there = (await ListAsync()).Where(m => meetings.All(known => known.Meeting.Id != m.Id)).ToList();
        if (answered is not null) Assert.Contains(there, m => m.Id == answered.Id);
        foreach (var meeting in there)
        {
            // One that was never answered, now or at an earlier kill, may have been closed as not started.
            if (meeting.Id != answered?.Id && (meeting.Status, meeting.Reason) == ("failed", "not_started")) continue;
            Assert.Equal("recording", meeting.Status);
            meetings.Add(PlayedMeeting.Of(server, newcomer, meeting));
            await meetings[^1].Began;
        }
    }

    private async Task<List<MeetingInfo>> ListAsync()
    {
        using var answer = await server.Http.GetAsync($"/v1/meetings?external_id={Newcomer}");
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var found = new List<MeetingInfo>();
        foreach (var one in document.RootElement.GetProperty("data").EnumerateArray()) found.Add(await server.Client.GetMeetingAsync(one.GetProperty("id").GetString()!, default));
        return found;
    }

    private async Task<PlayedMeeting> Begun(Task<PlayedMeeting> beginning)
    {
        meetings.Add(await beginning);
        await meetings[^1].Began;
        return meetings[^1];
    }

    private NoiseSource Brief() => NoiseSource.Make(TimeSpan.FromSeconds(20), random.Next());

    /// <summary>At a moment of chance: what happens then is the test.</summary>
    private async Task Pause(int fromMs, int toMs)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Math.Max(1, random.Next(fromMs, toMs + 1))));
        await timer.WaitForNextTickAsync();
    }

    private static TimeSpan Now() => DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch;

    private static async Task GoneAsync(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            await process.WaitForExitAsync();
        }
        catch (ArgumentException) { /* it has ended */ }
    }
}
