using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Streams;

/// <summary>What became of one track's packets.</summary>
internal sealed class WaveMeeting : IDisposable
{
    public const uint Ssrc = 77;
    public static readonly TimeSpan Duration = Ms(12_340);

    private readonly TemporaryFolder folder = new();

    public static byte PayloadType(string codec) => codec switch { "pcmu" => 0, "pcma" => 8, _ => 9 };

    public required float[] Mix { get; init; }
    public required float[] Replayed { get; init; }
    /// <summary>At 16 kHz.</summary>
    public required float[] Captions { get; init; }
    public required TrackQuality Quality { get; init; }
    public string Path => folder["plain/track-001.flac"];
    /// <summary>Decoded, 48 kHz.</summary>
    public float[] File { get; private set; } = [];

    public void Dispose() => folder.Dispose();

    public static async Task<WaveMeeting> RecordAsync(string codec, List<(TimeSpan At, byte[] Datagram)> sent, SimulatedLink<byte[]> link, TimeSpan? duration = null)
    {
        using var journal = new JournalFolder();
        var (mix, captions, quality) = await WriteAsync(journal, codec, sent, link, duration ?? Duration);
        var again = new CollectingMix();
        using (var played = new MediaPipeline(journal: null, again, speech: null) { Delay = MediaPipeline.ReplayDelay })
        {
            var playback = new JournalPlayback(played);
            foreach (var block in journal.Reader().ReadBlocks()) playback.Play(block);
            playback.Finish(duration ?? Duration);
        }
        var meeting = new WaveMeeting { Mix = mix, Replayed = [.. again.Samples], Captions = captions, Quality = quality };
        var made = (await new MeetingRenderer(journal.Reader(), meeting.folder.Path, duration ?? Duration).RenderAsync(mix: false, tracks: true, live: null, default)).InPlain(journal.Keys);
        Assert.Null(made.TrackFailure);
        Assert.Equal(quality.PacketsReceived, made.Quality[1].PacketsReceived);
        Assert.Empty(Directory.GetFiles(meeting.folder.Path, "*.part"));
        meeting.File = await Sound.DecodeAsync(meeting.Path);
        return meeting;
    }

    public static async Task<(float[] Mix, float[] Captions, TrackQuality Quality)> WriteAsync(
        JournalFolder journal, string codec, List<(TimeSpan At, byte[] Datagram)> sent, SimulatedLink<byte[]> link, TimeSpan duration)
    {
        foreach (var (at, datagram) in sent) link.Send(datagram, at);
        var track = Track(ssrc: Ssrc, payloadType: PayloadType(codec)) with { Codec = codec, ClockRate = 8000 };
        var mix = new CollectingMix();
        var heard = new Ear(duration);
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, mix, heard);
        await writer.AppendAsync(new MeetingOpened("mtg_1", 1, DateTimeOffset.UnixEpoch), Ms(0));
        await writer.AppendAsync(JournalFolder.Added(track), Ms(0));
        pipeline.AddTrack(track);
        var now = TimeSpan.Zero;
        foreach (var (datagram, arrival) in link.DeliverAll())
        {
            for (; now < arrival; now += Ms(20)) pipeline.Advance(now);
            pipeline.Receive(datagram, Loopback, arrival);
            pipeline.Commit();
        }
        pipeline.Finish(duration);
        await writer.AppendAsync(new MeetingClosed((long)duration.TotalMicroseconds), duration);
        return ([.. mix.Samples], heard.Pcm, pipeline.Tracks[0].Quality());
    }

    private sealed class Ear(TimeSpan duration) : ISpeechSink
    {
        public float[] Pcm { get; } = new float[(int)(duration.TotalSeconds * 16000)];
        private long next;

        public void Write(int track, long firstSample, ReadOnlySpan<float> pcm)
        {
            Assert.True(firstSample >= next, "captions go back in time");
            Assert.InRange(pcm.Length, 1, 1920);
            next = firstSample + pcm.Length;
            pcm.CopyTo(Pcm.AsSpan((int)firstSample));
        }

        public void Pause(int track) { }
        public void End(int track) { }
    }
}
