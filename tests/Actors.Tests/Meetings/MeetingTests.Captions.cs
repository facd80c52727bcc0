using System.Text.Json;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Actors.Tests.Meetings;

public sealed partial class MeetingTests
{
    [Fact]
    public void Each_step_down_and_up_again_is_told_once()
    {
        var meeting = In("recording");
        List<string> told = [];
        foreach (var (status, effort) in new[]
        {
            (CaptionsStatus.Degraded, SpeechEffort.LongerHop), (CaptionsStatus.Degraded, SpeechEffort.LongerHop),
            (CaptionsStatus.Degraded, SpeechEffort.LoudestOnly), (CaptionsStatus.Degraded, SpeechEffort.FinalsOnly),
            (CaptionsStatus.Deferred, SpeechEffort.Deferred), (CaptionsStatus.Degraded, SpeechEffort.FinalsOnly), (CaptionsStatus.Live, SpeechEffort.Full),
        })
        {
            var decided = meeting.Decide(new MeetingCommand.CaptionsChanged(1, status) { Effort = effort }, Start);
            meeting = meeting.Apply(decided);
            Assert.Equal(status, meeting.Captions);
            foreach (var entry in decided.Select(e => LedgerEntry.Of(meeting.Id, e)!))
            {
                var data = JsonDocument.Parse(entry.Data).RootElement;
                told.Add($"{entry.Type} {data.GetProperty("captions_status")} {(data.TryGetProperty("step", out var step) ? step.GetString() : "-")}");
            }
        }
        Assert.Equal(
            [
                "captions.degraded degraded longer_hop", "captions.degraded degraded loudest_only", "captions.degraded degraded finals_only",
                "captions.degraded deferred deferred", "captions.degraded degraded finals_only", "captions.restored live -",
            ], told);
    }
}
