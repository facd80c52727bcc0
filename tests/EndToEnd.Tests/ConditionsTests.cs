using System.Net;
using Pipeline.Api.Replay;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What the contract says of a node and of meetings at their edges, asked of the real program.</summary>
public sealed class ConditionsTests
{
    [Fact]
    public async Task Without_a_speech_model_a_meeting_completes_with_its_captions_deferred()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var meeting = await server.Client.CreateMeetingAsync(new NewMeeting { Title = "nobody listens" }, default);
        Assert.Equal("unavailable", meeting.CaptionsStatus);

        await server.Client.StopMeetingAsync(meeting.Id, default);
        var over = await server.Client.WaitUntilOverAsync(meeting.Id, default);

        Assert.Equal(("completed", "deferred"), (over.Status, over.CaptionsStatus));
    }

    [Fact]
    public async Task What_nobody_listened_to_gets_its_captions_and_minutes_once_there_is_a_model()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var recorded = await RecordedMeeting.RecordAsync(server, ReplaySource.Open([Fixtures.Speech("utterance-01.wav")]));
        Assert.Empty(recorded.Transcript.Segments);
        using (var early = await server.Http.GetAsync($"/v1/meetings/{recorded.Meeting.Id}/minutes")) Assert.Equal(HttpStatusCode.Conflict, early.StatusCode);
        await server.KillAsync();

        await server.RestartAsync(("PIPELINE_MODEL", Fixtures.Model));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while ((await server.Client.GetMeetingAsync(recorded.Meeting.Id, default)).CaptionsStatus != "live") await tick.WaitForNextTickAsync();

        const string said = "It was decided to reduce the budget by 50 percent.";
        string heard = string.Join(' ', (await server.Client.GetTranscriptAsync(recorded.Meeting.Id, default)).Segments.Select(s => s.Text));
        Assert.InRange(WordErrorRate.Of(said, heard).Rate, 0, 0.1);
        using var minutes = await server.Http.GetAsync($"/v1/meetings/{recorded.Meeting.Id}/minutes");
        Assert.Equal(HttpStatusCode.OK, minutes.StatusCode);
    }

    [Fact]
    public async Task A_meeting_that_runs_and_does_not_change_is_not_sent_again()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var meeting = await server.Client.CreateMeetingAsync(new NewMeeting { Title = "nothing happens" }, default);
        using var first = await server.Http.GetAsync($"/v1/meetings/{meeting.Id}");
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/v1/meetings/{meeting.Id}") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };

        using var answer = await server.Http.SendAsync(again);

        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
        Assert.Equal(0, meeting.DurationMs);
    }

    [Fact]
    public async Task After_a_restart_no_unfinished_mix_is_left_beside_the_files()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var meeting = await server.Client.CreateMeetingAsync(new NewMeeting { Title = "interrupted" }, default);
        await server.KillAsync();
        await server.RestartAsync();

        await server.Client.StopMeetingAsync(meeting.Id, default);
        var over = await server.Client.WaitUntilOverAsync(meeting.Id, default);

        Assert.Equal("completed", over.Status);
        Assert.Equal(["mix.mp4"], Directory.EnumerateFiles(server.DataFolder, "*.mp4", SearchOption.AllDirectories).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_is_refused_and_leaves_the_firsts_meetings_alone()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var meeting = await server.Client.CreateMeetingAsync(new NewMeeting { Title = "goes on" }, default);

        var (status, error) = await server.RunSecondAsync();

        Assert.Equal(1, status);
        Assert.Contains("PIPELINE_DATA", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("recovered", await server.Http.GetStringAsync($"/v1/meetings/{meeting.Id}"), StringComparison.Ordinal);
    }
}
