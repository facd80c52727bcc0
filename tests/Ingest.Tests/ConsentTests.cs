using System.Text;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests;

/// <summary>Five seconds of Alice and Bob. Alice denies consent from 2 s to 3 s, in which each of her payloads says so.</summary>
public sealed class ConsentTests : IDisposable
{
    private const string Marker = "not to be recorded";
    private const int Packets = 250;
    private const uint AliceSsrc = 7, BobSsrc = 8;
    private static readonly TimeSpan End = Ms(5000);
    private static readonly List<byte[]> Voice = Sound.Encode(Sound.Voice(48 * 5000, seed: 1));

    private readonly JournalFolder journal = new();
    private readonly CollectingMix mix = new();

    public void Dispose() => journal.Dispose();

    [Fact]
    public async Task Payloads_of_who_denied_are_nowhere_and_the_other_is_whole()
    {
        var (alice, bob) = await RecordAsync(n => n is 100 ? "deny" : n is 150 ? "grant" : "");

        AssertNoMarker();
        Assert.Equal(new Gap(Ms(2000), Ms(3000), GapKind.Consent), Assert.Single(alice.Gaps));
        Assert.Empty(bob.Gaps);
        Assert.Equal((Packets, Packets), (alice.PacketsReceived, bob.PacketsReceived));
        Assert.Equal(Packets, journal.Read().Records.Count(r => r.StartsWith("Rtp 2", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_journal_played_again_is_silent_where_the_meeting_was()
    {
        await RecordAsync(n => n is 100 ? "deny" : n is 150 ? "grant" : "", bobSpeaks: false);

        var again = new CollectingMix();
        var (alice, bob) = Play(again);
        Assert.Equal(new Gap(Ms(2000), Ms(3000), GapKind.Consent), Assert.Single(alice.Gaps));
        Assert.Empty(bob.Gaps);
        AssertSilentFrom2To3([.. mix.Samples]);
        AssertSilentFrom2To3([.. again.Samples]);
    }

    [Fact]
    public async Task A_denied_consent_goes_on_over_a_crash_as_one_gap_and_no_outage()
    {
        var first = await RecordAsync(n => n is 100 ? "deny" : "", 0..110);
        var second = await RecordAsync(n => n is 140 ? "deny" : n is 150 ? "grant" : "", 140..Packets, run: 2);

        AssertNoMarker();
        var (alice, bob) = Play(new CollectingMix());
        Assert.Equal(new Gap(Ms(2000), Ms(3000), GapKind.Consent), Assert.Single(alice.Gaps));
        Assert.Equal(GapKind.Outage, Assert.Single(bob.Gaps).Kind);
        var before = first.Alice with { Gaps = [new Gap(Ms(2000), Ms(2800), GapKind.Consent)] };   // to where the next run began
        Assert.Equal(new Gap(Ms(2000), Ms(3000), GapKind.Consent), Assert.Single(before.Then(second.Alice).Gaps));
    }

    [Fact]
    public async Task A_run_in_which_nobody_denies_hears_who_denied_before()
    {
        await RecordAsync(n => n is 100 ? "deny" : "", 0..110);
        await RecordAsync(_ => "", 150..Packets, run: 2);

        var (alice, _) = Play(new CollectingMix());
        Assert.Equal(new Gap(Ms(2000), Ms(3000), GapKind.Consent), Assert.Single(alice.Gaps));
        Assert.Equal(110 + 100, alice.PacketsReceived);
    }

    [Theory]
    [InlineData("deny 50, pause 100, resume 150, grant 200", "Consent 1000-2000, Pause 2000-3000, Consent 3000-4000")]
    [InlineData("pause 100, deny 110, resume 150, grant 200", "Pause 2000-3000, Consent 3000-4000")]
    [InlineData("deny 50, pause 100, grant 110, resume 150", "Consent 1000-2000, Pause 2000-3000")]
    [InlineData("pause 100, deny 110, grant 120, resume 150", "Pause 2000-3000")]
    [InlineData("deny 100, deny 120, grant 150, grant 200", "Consent 2000-3000")]
    [InlineData("deny 100, pause 100, resume 150, grant 150", "Pause 2000-3000")]
    [InlineData("grant 50, deny 100", "Consent 2000-5000")]
    public async Task Of_pause_and_consent_a_gap_is_of_one_kind_at_a_time(string changes, string gaps)
    {
        var at = changes.Split(", ").Select(c => c.Split(' ')).ToLookup(c => int.Parse(c[1]), c => c[0]);
        var (alice, _) = await RecordAsync(n => string.Join(' ', at[n]));

        Assert.Equal(gaps, Shown(alice));
        Assert.Equal(gaps, Shown(Play(new CollectingMix()).Alice));
        Assert.Equal(Packets, alice.PacketsReceived);
        AssertNoMarker(headers: gaps.Contains("2000-3000", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_track_that_comes_while_its_participant_denies_gives_up_what_was_held_of_it()
    {
        var (alice, _) = await RecordAsync(n => n is 95 ? "deny" : n is 145 ? "alice" : n is 150 ? "grant" : "", aliceSent: n => n >= 100);

        AssertNoMarker();
        Assert.Equal(Packets - 100, alice.PacketsReceived);
        Assert.Equal("Consent 2900-3000", Shown(alice));
    }

    [Fact]
    public async Task What_was_held_while_its_participant_denied_is_not_taken_after_they_granted()
    {
        var (alice, _) = await RecordAsync(n => n is 95 ? "deny" : n is 150 ? "grant" : n is 160 ? "alice" : "", aliceSent: n => n >= 100);

        AssertNoMarker();
        Assert.Equal(Packets - 100, alice.PacketsReceived);
    }

    [Fact]
    public async Task What_lay_in_the_socket_when_consent_was_granted_is_not_taken()
    {
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, mix, null);
        pipeline.AddTrack(Track(ssrc: AliceSsrc));
        pipeline.SetConsent(Participant, denied: true, Ms(0));
        pipeline.SetConsent(Participant, denied: false, Ms(100));
        pipeline.Receive(Withheld(AliceSsrc, 4), Loopback, Ms(99));
        pipeline.Receive(Datagram(AliceSsrc, 5, 5 * 960, Voice[5]), Loopback, Ms(101));
        pipeline.Commit();
        await writer.DisposeAsync();

        AssertNoMarker();
        Assert.Equal(["RtpHeader", "Rtp"], journal.Read().Records.Where(r => r.StartsWith("Rtp", StringComparison.Ordinal)).Select(r => r.Split(' ')[0]));
    }

    [Fact]
    public void A_consent_that_came_into_force_later_than_it_was_said_moves_its_own_gap_only()
    {
        using var pipeline = new MediaPipeline(null, mix, null);
        pipeline.AddTrack(Track(ssrc: AliceSsrc));
        pipeline.SetConsent(Participant, denied: true, Ms(100));
        pipeline.SetConsent(Participant, denied: false, Ms(200));
        pipeline.SetConsent(Participant, denied: false, Ms(260), said: Ms(200));
        pipeline.SetConsent(Participant, denied: false, Ms(900));
        pipeline.SetConsent(Participant, denied: false, Ms(990), said: Ms(900));
        Assert.Equal("Consent 100-260", Shown(pipeline.Tracks[0].Quality()));
    }

    [Fact]
    public void A_track_that_is_bound_anew_takes_that_SSRC_and_no_other()
    {
        using var pipeline = new MediaPipeline(null, mix, null);
        var alice = pipeline.AddTrack(Track(number: 1));
        var bob = pipeline.AddTrack(Track(number: 2, payloadType: 112));
        for (ushort n = 0; n < 5; n++) pipeline.Receive(Datagram(7, n, 960u * n, Voice[n]), Loopback, Ms(20 * n));
        Assert.Equal(5, alice.Quality().PacketsReceived);

        pipeline.ChangeTrack(1, "Alice", ssrc: 9);
        for (ushort n = 5; n < 10; n++)
        {
            pipeline.Receive(Datagram(7, n, 960u * n, Voice[n]), Loopback, Ms(20 * n));
            pipeline.Receive(Datagram(9, n, 960u * n, Voice[n]), Loopback, Ms(20 * n));
        }
        Assert.Equal((10, 0), (alice.Quality().PacketsReceived, bob.Quality().PacketsReceived));
        Assert.Equal(9u, alice.Description.Ssrc);
    }

    [Fact]
    public void An_SSRC_that_another_track_had_adopted_moves_to_the_track_that_names_it()
    {
        using var pipeline = new MediaPipeline(null, mix, null);
        var alice = pipeline.AddTrack(Track(number: 1));
        var bob = pipeline.AddTrack(Track(number: 2, ssrc: 5));
        for (ushort n = 0; n < 5; n++) pipeline.Receive(Datagram(7, n, 960u * n, Voice[n]), Loopback, Ms(20 * n));
        pipeline.ChangeTrack(2, "Bob", ssrc: 7);
        for (ushort n = 5; n < 10; n++) pipeline.Receive(Datagram(7, n, 960u * n, Voice[n]), Loopback, Ms(20 * n));
        Assert.Equal((5, 5), (alice.Quality().PacketsReceived, bob.Quality().PacketsReceived));
    }

    private static string Participant => Track(ssrc: AliceSsrc).Participant;

    private static string Shown(TrackQuality quality) =>
        string.Join(", ", quality.Gaps.Select(g => $"{g.Kind} {g.From.TotalMilliseconds:0}-{g.To.TotalMilliseconds:0}"));

    private async Task<(TrackQuality Alice, TrackQuality Bob)> RecordAsync(
        Func<int, string> change, Range? range = null, int run = 1, Func<int, bool>? aliceSent = null, bool bobSpeaks = true)
    {
        var (first, last) = ((range ?? ..Packets).Start.Value, range?.End.Value ?? Packets);
        var (aliceTrack, bobTrack) = (Track(number: 1, ssrc: AliceSsrc), Track(number: 2, ssrc: BobSsrc) with { Participant = "bob" });
        await using var writer = journal.Open(run);
        using var pipeline = new MediaPipeline(writer, mix, null);
        if (run > 1) pipeline.Begin(Ms(20 * first));
        _ = writer.AppendAsync(new MeetingOpened("m", run, DateTimeOffset.UnixEpoch), Ms(20 * first));
        Add(bobTrack, first);
        if (!Enumerable.Range(first, last - first).Any(n => change(n) == "alice")) Add(aliceTrack, first);
        bool denied = false, paused = false;
        for (int n = first; n < last; n++)
        {
            var at = Ms(20 * n);
            foreach (string what in change(n).Split(' '))
            {
                switch (what)
                {
                    case "deny" or "grant":
                        denied = what == "deny";
                        pipeline.SetConsent(Participant, denied, at);
                        _ = writer.AppendAsync(new ParticipantConsent(Participant, denied ? "denied" : "granted", (long)at.TotalMicroseconds), at);
                        break;
                    case "pause":
                        paused = true;
                        pipeline.Pause(at);
                        _ = writer.AppendAsync(new Paused((long)at.TotalMicroseconds), at);
                        break;
                    case "resume":
                        paused = false;
                        pipeline.Resume(at);
                        _ = writer.AppendAsync(new Resumed((long)at.TotalMicroseconds), at);
                        break;
                    case "alice":
                        Add(aliceTrack, n);
                        break;
                }
            }
            if (aliceSent?.Invoke(n) ?? true)
            {
                Send(AliceSsrc, n, denied || paused, silent: false, at + Ms(5));
                if (denied) pipeline.Receive([0x80, 200, 0, 1, 0, 0, 0, (byte)AliceSsrc, .. Encoding.ASCII.GetBytes(Marker)], Loopback, at + Ms(6));
            }
            Send(BobSsrc, n, paused, silent: !bobSpeaks, at + Ms(7));
            pipeline.Commit();
            pipeline.Advance(at + Ms(20));
        }
        if (last == Packets)
        {
            pipeline.Finish(End);
            _ = writer.AppendAsync(new MeetingClosed((long)End.TotalMicroseconds), End);
        }
        return (Of(pipeline, 1), Of(pipeline, 2));

        void Add(TrackDescription track, int n)
        {
            _ = writer.AppendAsync(JournalFolder.Added(track), Ms(20 * n));
            pipeline.AddTrack(track);
        }

        void Send(uint ssrc, int n, bool withheld, bool silent, TimeSpan at) => pipeline.Receive(
            withheld ? Withheld(ssrc, n) : Datagram(ssrc, (ushort)n, (uint)(960 * n), silent ? [0xF8, 0xFF, 0xFE] : Voice[n]), Loopback, at);
    }

    private static byte[] Withheld(uint ssrc, int n) => Datagram(ssrc, (ushort)n, (uint)(960 * n), [0xF8, .. Encoding.ASCII.GetBytes(Marker)]);

    private static TrackQuality Of(MediaPipeline pipeline, int number) => pipeline.Tracks.Single(t => t.Description.Number == number).Quality();

    private void AssertNoMarker(bool headers = true)
    {
        var (records, damage) = journal.Read();
        Assert.Empty(damage);
        string marker = Convert.ToHexString(Encoding.ASCII.GetBytes(Marker));
        Assert.DoesNotContain(records, r => r.Contains(marker, StringComparison.Ordinal));
        if (headers) Assert.Contains(records, r => r.StartsWith("RtpHeader", StringComparison.Ordinal));
    }

    private static void AssertSilentFrom2To3(float[] sound)
    {
        Assert.True(Sound.Rms(sound.AsSpan(48 * 500, 48 * 1400)) > 0.02, "silent before");
        Assert.True(Sound.Rms(sound.AsSpan(48 * 3100, 48 * 1800)) > 0.02, "silent after");
        Assert.True(Sound.Rms(sound.AsSpan(48 * 2040, 48 * 920)) < 1e-4, "who denied can be heard");
    }

    private (TrackQuality Alice, TrackQuality Bob) Play(CollectingMix into)
    {
        using var pipeline = new MediaPipeline(null, into, speech: null) { Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(pipeline);
        foreach (var block in journal.Reader().ReadBlocks()) playback.Play(block);
        playback.Finish(End);
        return (Of(pipeline, 1), Of(pipeline, 2));
    }
}
