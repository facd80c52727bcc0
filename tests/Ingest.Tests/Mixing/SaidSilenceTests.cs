using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Mixing;

public sealed class SaidSilenceTests
{
    private const int Second = 48000, Packets = 50;                                  // of a second
    private const byte LevelId = 1;

    [Fact]
    public void Silence_that_is_said_is_decoded_for_a_second_and_then_once_a_second()
    {
        var spoken = Spoken(seconds: 10, from: 0, to: 0);
        using var player = new TrackPlayer(AudioCodec.Opus) { TrustsLevels = true };

        Play(player, spoken, level: _ => 127);

        // The first packet follows nothing, so the second begins with the next; a packet that was looked into is left out of the mix all the same.
        Assert.Equal(9 * Packets - 1, player.PacketsSkipped);
        Assert.False(player.WasDeceived);
    }

    [Fact]
    public void Without_a_declared_level_everything_is_decoded()
    {
        var spoken = Spoken(seconds: 5, from: 0, to: 0);
        using var player = new TrackPlayer(AudioCodec.Opus) { TrustsLevels = true };

        Play(player, spoken, level: _ => -1);

        Assert.Equal(0, player.PacketsSkipped);
    }

    [Fact]
    public void A_level_that_is_only_low_is_not_silence()
    {
        var spoken = Spoken(seconds: 5, from: 0, to: 0);
        using var player = new TrackPlayer(AudioCodec.Opus) { TrustsLevels = true };

        Play(player, spoken, level: _ => 126);

        Assert.Equal(0, player.PacketsSkipped);
    }

    [Theory]
    [InlineData(150)]
    [InlineData(151)]                                                                // one packet was left out
    [InlineData(153)]
    [InlineData(160)]
    [InlineData(400)]
    public void Who_speaks_again_sounds_as_if_everything_had_been_decoded(int again)
    {
        var spoken = Spoken(seconds: 12, from: again, to: 12 * Packets, before: 99);
        int Level(int n) => n < 99 || n >= again ? 30 : 127;
        using TrackPlayer saving = new(AudioCodec.Opus) { TrustsLevels = true }, plain = new(AudioCodec.Opus);

        float[] saved = Play(saving, spoken, Level), whole = Play(plain, spoken, Level);

        Assert.Equal(Math.Max(again - 149, 0), saving.PacketsSkipped);
        Assert.Equal(0, plain.PacketsSkipped);
        int first = 960 * again;                                                     // from the first sample on
        Assert.True(Sound.Correlation(saved.AsSpan(first, 9600), whole.AsSpan(first, 9600)) > 0.99);
        Assert.Equal(Sound.Rms(whole.AsSpan(first, 9600)), Sound.Rms(saved.AsSpan(first, 9600)), 0.01);
        Assert.True(Sound.Correlation(saved, whole) > 0.999);
    }

    [Fact]
    public void Who_sends_sound_as_silence_is_heard_within_a_second_and_never_trusted_again()
    {
        var spoken = Spoken(seconds: 12, from: 3 * Packets, to: 12 * Packets);
        using var player = new TrackPlayer(AudioCodec.Opus) { TrustsLevels = true };

        float[] heard = Play(player, spoken, level: _ => 127);

        Assert.True(player.WasDeceived);
        for (int second = 4; second < 11; second++) Assert.True(Sound.Rms(heard.AsSpan(Second * second + 4800, Second)) > 0.02, $"second {second} is silent");
        Assert.InRange(player.PacketsSkipped, 2 * Packets - 1, 3 * Packets);
    }

    [Fact]
    public void Words_that_were_sent_as_silence_between_two_looks_end_the_trust_when_louder_ones_follow()
    {
        var spoken = Spoken(seconds: 6, from: 155, to: 6 * Packets);
        using var player = new TrackPlayer(AudioCodec.Opus) { TrustsLevels = true };

        Play(player, spoken, level: n => n < 180 ? 127 : 30);

        Assert.True(player.WasDeceived);
    }

    [Fact]
    public void Another_sender_is_listened_to_for_a_second_before_it_is_believed()
    {
        var silence = Spoken(seconds: 6, from: 0, to: 0);
        using var player = new TrackPlayer(AudioCodec.Opus) { TrustsLevels = true };

        Play(player, silence, level: _ => 127, fresh: 3 * Packets);

        Assert.Equal(2 * (2 * Packets - 1), player.PacketsSkipped);
    }

    [Fact]
    public async Task What_was_left_out_live_is_in_the_mix_that_is_made_from_the_journal()
    {
        using var journal = new JournalFolder();
        const int First = 155;                                                       // right after one that was looked into
        var spoken = Spoken(seconds: 10, from: First, to: 10 * Packets);
        var live = new CollectingMix();
        var track = Track(ssrc: 7) with { AudioLevelExtension = LevelId };
        await using (var writer = journal.Open())
        {
            using var pipeline = new MediaPipeline(writer, live, speech: null);
            _ = writer.AppendAsync(JournalFolder.Added(track), Ms(0));
            pipeline.AddTrack(track);
            for (int n = 0; n < spoken.Count; n++)
            {
                pipeline.Receive(WithLevel(Datagram(7, (ushort)n, (uint)(960 * n), spoken[n]), 127), Loopback, Ms(20 * n + 5));
                pipeline.Commit();
                pipeline.Advance(Ms(20 * n + 20));
            }
            pipeline.Finish(Ms(10_000));
            Assert.False(pipeline.MixIsWhole);
        }

        var again = new CollectingMix();
        using var played = new MediaPipeline(null, again, speech: null) { Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(played);
        foreach (var block in journal.Reader().ReadBlocks()) playback.Play(block);
        playback.Finish(Ms(10_000));

        int spurt = 960 * First + 4800;                                              // words that were sent as silence, before the next packet was looked into
        Assert.True(Sound.Rms(live.Samples.ToArray().AsSpan(spurt, 9600)) < 1e-4);
        Assert.True(Sound.Rms(again.Samples.ToArray().AsSpan(spurt, 9600)) > 0.02);
    }

    [Fact]
    public async Task A_mix_that_left_out_only_silence_is_whole()
    {
        using var journal = new JournalFolder();
        var spoken = Spoken(seconds: 6, from: 0, to: 0);
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, new CollectingMix(), speech: null);
        var track = (AudioTrack)pipeline.AddTrack(Track(ssrc: 7) with { AudioLevelExtension = LevelId });
        for (int n = 0; n < spoken.Count; n++)
        {
            pipeline.Receive(WithLevel(Datagram(7, (ushort)n, (uint)(960 * n), spoken[n]), 127), Loopback, Ms(20 * n + 5));
            pipeline.Commit();
            pipeline.Advance(Ms(20 * n + 20));
        }
        pipeline.Finish(Ms(6000));

        Assert.True(pipeline.MixIsWhole);
        Assert.InRange(track.Player.PacketsSkipped, 4 * Packets, 5 * Packets);
    }

    /// <summary>Packets of 20 ms: silence, with a voice from one packet to another, and one before.</summary>
    private static List<byte[]> Spoken(int seconds, int from, int to, int before = 0)
    {
        float[] voice = Sound.Voice(seconds * Second, seed: 4);
        for (int n = 0; n < seconds * Packets; n++)
            if (n >= before && (n < from || n >= to)) voice.AsSpan(960 * n, 960).Clear();
        return Sound.Encode(voice);
    }

    private static float[] Play(TrackPlayer player, List<byte[]> packets, Func<int, int> level, int fresh = 0)
    {
        var mixer = new Mixer();
        mixer.Add(player);
        var buffer = new JitterBuffer();
        var mix = new List<float>();
        int next = 0;
        while (mix.Count < packets.Count * 960)
        {
            for (; next < packets.Count && 960L * next <= mixer.Position + Mixer.FrameSize + TrackPlayer.WriteAhead; next++)
            {
                buffer.Insert(0, next, 960L * next, TimeSpan.Zero, level(next), packets[next]);
                player.Write(new PlacedPacket(buffer[0], 960L * next, 960, 0, 0, Fresh: next == 0 || next == fresh));
                buffer.Release();
            }
            mixer.Mix(out var frame);
            mix.AddRange(frame);
        }
        return [.. mix];
    }

    /// <summary>The same datagram with an audio level (RFC 6464) in a header extension of one word (RFC 8285 §4.2).</summary>
    private static byte[] WithLevel(byte[] datagram, byte level) =>
        [(byte)(datagram[0] | 0x10), .. datagram[1..12], 0xBE, 0xDE, 0, 1, LevelId << 4, level, 0, 0, .. datagram[12..]];
}
