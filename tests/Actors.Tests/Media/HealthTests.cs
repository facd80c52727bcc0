using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Tests.Media;

/// <summary>From packets to the ledger: Alice sends or does not, speaks or does not, and is looked at as often as a running meeting is.</summary>
public sealed class HealthTests : IDisposable
{
    private static readonly PeerAddress Loopback = new(0x7F000001, 5000, IsIPv4: true);
    private static readonly DateTimeOffset Start = new(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);
    /// <summary>Packets between two looks, 400 ms; what is seen is told one look later.</summary>
    private const int Look = 20;
    /// <summary>After the fact.</summary>
    private const double Latest = 6;

    private readonly MediaPipeline pipeline = new(null, null, null);
    private readonly MediaSnapshots snapshots = new();
    private readonly OpusEncoder encoder = new(32_000, 0);
    private readonly byte[] packet = new byte[1275];
    private readonly List<(double At, string Type, bool OfTrack)> ledger = [];
    private Meeting meeting;
    private MediaSnapshot? before;
    private int sent;

    public HealthTests()
    {
        var alice = Tracks.Of("alice", ssrc: 7);
        meeting = Meeting.Apply(Meeting.Decide(
            new CreateMeeting(MeetingId.New(Start), Node.Acme, new MeetingSpec { IdleTimeout = TimeSpan.Zero }, [new NewTrack(TrackId.New(Start), alice)], CaptionsStatus.Live), Start));
        Tell(new MeetingCommand.MediaOpened(1, 26000), 0);
        pipeline.AddTrack(new TrackDescription(1, "alice", "Alice", "opus", 111, 48000, 1, Ssrc: 7, AudioLevelExtension: null, From: null));
    }

    public void Dispose()
    {
        pipeline.Dispose();
        encoder.Dispose();
    }

    [Fact]
    public void Flowing_silent_and_stalled_are_in_the_ledger_six_seconds_after_the_fact_of_meeting_and_track()
    {
        Pass(until: 10, sends: true, speaks: true);
        Pass(until: 80, sends: true, speaks: false);
        Pass(until: 90, sends: true, speaks: true);
        Pass(until: 100, sends: false, speaks: false);
        Pass(until: 110, sends: true, speaks: true);

        AssertLedger(("media.flowing", 0), ("media.silent", 70), ("media.flowing", 80), ("media.stalled", 90), ("media.flowing", 100));
    }

    [Fact]
    public void A_pause_is_neither_silent_nor_stalled_and_begins_anew_afterwards()
    {
        Pass(until: 10, sends: true, speaks: true);
        pipeline.Pause(TimeSpan.FromSeconds(10));
        Tell(new MeetingCommand.PauseRecording(), 10);
        Pass(until: 100, sends: true, speaks: true);
        Pass(until: 130, sends: false, speaks: false);
        pipeline.Resume(TimeSpan.FromSeconds(130));
        Tell(new MeetingCommand.ResumeRecording(), 130);
        Pass(until: 140, sends: false, speaks: false);

        AssertLedger(("media.flowing", 0), ("media.stalled", 130));
    }

    [Fact]
    public void Who_denied_consent_is_not_silent()
    {
        Pass(until: 10, sends: true, speaks: true);
        pipeline.SetConsent("alice", denied: true, TimeSpan.FromSeconds(10));
        Pass(until: 100, sends: true, speaks: true);
        pipeline.SetConsent("alice", denied: false, TimeSpan.FromSeconds(100));
        Pass(until: 170, sends: true, speaks: false);

        AssertLedger(("media.flowing", 0), ("media.silent", 160));
    }

    /// <param name="expected">Silence is a fact after its minute, a stall when the last packet came.</param>
    private void AssertLedger(params (string Type, double At)[] expected)
    {
        foreach (bool ofTrack in new[] { false, true })
        {
            var told = ledger.Where(l => l.OfTrack == ofTrack && l.Type.StartsWith("media.", StringComparison.Ordinal)).ToList();
            Assert.Equal(expected.Select(e => e.Type), told.Select(t => t.Type));
            foreach (var (fact, entry) in expected.Zip(told)) Assert.InRange(entry.At, fact.At, fact.At + Latest);
        }
    }

    private void Pass(int until, bool sends, bool speaks)
    {
        for (; sent < until * 50; sent++)
        {
            var at = TimeSpan.FromMilliseconds(20 * sent);
            if (sends)
            {
                int length = encoder.Encode(EngineNode.Voice(sent, speaks), packet);
                pipeline.Receive(EngineNode.Datagram(sent, packet.AsSpan(0, length)), Loopback, at);
            }
            pipeline.Advance(at);
            if (sent % Look != 0) continue;
            if (before is not null) Tell(new MeetingCommand.MediaSeen(1, before), at.TotalSeconds);
            before = snapshots.Take(pipeline, at, failing: false, new Dictionary<int, TrackQuality>());
        }
    }

    private void Tell(MeetingCommand command, double at)
    {
        var decided = meeting.Decide(command, Start.AddSeconds(at));
        meeting = meeting.Apply(decided);
        foreach (var entry in decided.Select(e => LedgerEntry.Of(meeting.Id, e)).OfType<LedgerEntry>())
            ledger.Add((at, entry.Type, entry.Data.Contains("track_id", StringComparison.Ordinal)));
    }
}
