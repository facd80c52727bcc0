using Pipeline.Ingest.Streams;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Mixing;

/// <summary>How loud everybody is, five times a second.</summary>
public class LevelTests
{
    private const int Second = 48000;

    [Fact]
    public void There_is_a_reading_each_200_ms_of_the_meeting_however_it_was_played()
    {
        var steady = Play(Tone(4 * Second, 0.1f), stepMs: 20);
        var jerky = Play(Tone(4 * Second, 0.1f), stepMs: 740);

        Assert.Equal(Enumerable.Range(1, 20).Select(n => Ms(200 * n)), steady.Select(r => r.At));
        Assert.Equal(steady.Select(r => (r.At, r.Tracks[0])), jerky.Select(r => (r.At, r.Tracks[0])));
    }

    [Theory]
    [InlineData(1.0f, -3)]                                                           // a sine's root mean square is 3 dB below its peak
    [InlineData(0.1f, -23)]
    [InlineData(0.01f, -43)]
    public void A_tone_has_its_level_and_is_no_speech(float amplitude, int level)
    {
        var readings = Play(Tone(4 * Second, amplitude));

        Assert.All(readings.Skip(2).SkipLast(1), reading => Assert.InRange(reading.Tracks[0].LevelDb, level - 1, level + 1));
        Assert.DoesNotContain(readings, reading => reading.Tracks[0].IsSpeaking);
    }

    [Fact]
    public void Who_speaks_is_said_to_and_who_does_not_is_silent_at_minus_127()
    {
        var readings = Play([.. new float[Second], .. Sound.Voice(2 * Second, seed: 1), .. new float[2 * Second]], tracks: 2);

        Assert.True(readings.Single(r => r.At == Ms(2000)).Tracks[0].IsSpeaking);
        Assert.False(readings.Single(r => r.At == Ms(4600)).Tracks[0].IsSpeaking);
        Assert.All(readings, reading => Assert.Equal(new TrackLevel(2, -127, false), reading.Tracks[1]));
    }

    [Fact]
    public void A_pause_is_silent_at_minus_127_where_it_lies_in_the_meeting()
    {
        var readings = Play(Sound.Voice(6 * Second, seed: 2), pause: (Ms(2000), Ms(4000)));

        Assert.All(readings.Where(r => r.At > Ms(2200) && r.At <= Ms(4000)), reading => Assert.Equal(new TrackLevel(1, -127, false), reading.Tracks[0]));
        Assert.True(readings.Single(r => r.At == Ms(1800)).Tracks[0].LevelDb > -40);
        Assert.True(readings.Single(r => r.At == Ms(5000)).Tracks[0] is { IsSpeaking: true, LevelDb: > -40 });
    }

    [Fact]
    public void Who_has_gone_is_left_out()
    {
        var levels = new Collected();
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Levels = levels };
        pipeline.AddTrack(Track(1, ssrc: 7));
        pipeline.AddTrack(Track(2, ssrc: 8));
        pipeline.EndTrack(1);
        pipeline.Finish(Ms(200));

        Assert.Equal([2], Assert.Single(levels.Readings).Tracks.Select(t => t.Track));
    }

    [Fact]
    public void Nobody_looks_and_nothing_is_made_then_somebody_does_and_is_told_of_what_comes()
    {
        var levels = new Collected { IsWanted = false };
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Levels = levels };
        pipeline.AddTrack(Track());
        var packets = Sound.Encode([.. Tone(2 * Second, 0.5f), .. new float[2 * Second]]);
        for (int n = 0; n < packets.Count; n++)
        {
            pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), packets[n]), Loopback, Ms(20 * n));
            pipeline.Advance(Ms(20 * n));
        }
        pipeline.Advance(Ms(4600));                                                  // the mix is two seconds behind
        Assert.Empty(levels.Readings);

        levels.IsWanted = true;
        pipeline.Finish(Ms(4000));

        Assert.Equal(Ms(2800), levels.Readings[0].At);
        Assert.All(levels.Readings, reading => Assert.True(reading.Tracks[0].LevelDb < -60));
    }

    private static List<LevelReading> Play(float[] pcm, int stepMs = 20, int tracks = 1, (TimeSpan From, TimeSpan To)? pause = null)
    {
        var levels = new Collected();
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Levels = levels };
        for (int track = 0; track < tracks; track++) pipeline.AddTrack(Track(track + 1, ssrc: (uint)(7 + track)));
        var packets = Sound.Encode(pcm, expectedLossPercent: 0);
        var advanced = TimeSpan.Zero;
        for (int n = 0; n < packets.Count; n++)
        {
            var at = Ms(20 * n);
            if (at == pause?.From) pipeline.Pause(at);
            if (at == pause?.To) pipeline.Resume(at);
            pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), packets[n]), Loopback, at);
            if (at - advanced >= Ms(stepMs)) pipeline.Advance(advanced = at);
        }
        pipeline.Finish(Ms(20 * packets.Count));
        return levels.Readings;
    }

    private static float[] Tone(int length, float amplitude) =>
        [.. Enumerable.Range(0, length).Select(i => amplitude * (float)Math.Sin(2 * Math.PI * 440 * i / Second))];

    private sealed class Collected : ILevelSink
    {
        public List<LevelReading> Readings { get; } = [];
        public bool IsWanted { get; set; } = true;
        public void Write(LevelReading reading) => Readings.Add(reading);
    }
}
