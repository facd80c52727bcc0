using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Tests.Jitter;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Mixing;

public class MixTests
{
    private const int Second = 48000;

    [Fact]
    public void A_sound_lies_in_the_mix_where_it_was_made()
    {
        long[] starts = [2 * Second, 3 * Second + 137, 5 * Second + 480, 7 * Second + 901];
        float[] mix = Mix(9 * Second, (0, Sound.Encode(Sound.Chirps(9 * Second, starts)), null));

        foreach (long start in starts) AssertChirp(mix, start);
    }

    [Fact]
    public void Sounds_keep_their_places_through_a_network_that_loses_and_delays()
    {
        var delay = Ms(30);
        long[] starts = [.. Enumerable.Range(1, 9).Select(n => (long)n * Second + 331 * n)];
        var packets = Sound.Encode(Sound.Chirps(11 * Second, starts), expectedLossPercent: 20);
        var sender = new SimulatedSender();
        foreach (byte[] packet in packets) sender.Send(payload: packet);
        var link = new SimulatedLink<SentPacket>(5) { Delay = delay, Jitter = Ms(4), Loss = 0.03 };
        foreach (var packet in sender.Sent) link.Send(packet, packet.At);

        var sink = new CollectingMix();
        using var pipeline = new MediaPipeline(journal: null, sink, speech: null);
        pipeline.AddTrack(Track());
        var now = TimeSpan.Zero;
        foreach (var (packet, arrival) in link.DeliverAll())
        {
            for (; now < arrival; now += Ms(20)) pipeline.Advance(now);
            pipeline.Receive(packet.Bytes, Loopback, arrival);
        }
        pipeline.Finish(Ms(11_000));

        Assert.Equal(11 * Second, sink.Samples.Count);
        // A chirp of two packets may have lost one; its place is then known from the other.
        foreach (long start in starts) AssertChirp(sink.Samples.ToArray(), start + Samples(delay), leastCorrelation: 0.6, toleranceMs: 2);
    }

    [Fact]
    public void An_isolated_loss_is_restored_from_the_packet_after_it()
    {
        float[] voice = Sound.Voice(10 * Second, seed: 2);
        var packets = Sound.Encode(voice, expectedLossPercent: 20);
        var lost = Enumerable.Range(0, packets.Count).Where(n => n % 10 == 7 && n > 20).ToHashSet();

        float[] whole = Mix(10 * Second, (0, packets, null)), holed = Mix(10 * Second, (0, packets, lost));

        var likeness = lost.Where(n => n < packets.Count - 5).Select(n => Sound.Correlation(Frame(whole, n), Frame(holed, n))).Order().ToList();
        Assert.True(likeness[likeness.Count / 2] > 0.9, $"median {likeness[likeness.Count / 2]:0.00}");
        Assert.True(Sound.Correlation(whole, holed) > 0.97, $"all: {Sound.Correlation(whole, holed):0.000}");
    }

    [Fact]
    public void A_long_hole_is_silent_after_100_ms()
    {
        var packets = Sound.Encode(Sound.Voice(6 * Second, seed: 2), expectedLossPercent: 20);
        var lost = Enumerable.Range(100, 50).ToHashSet();                            // 2.0 … 3.0 s

        float[] mix = Mix(6 * Second, (0, packets, lost));

        Assert.True(Sound.Rms(mix.AsSpan(Second * 3 / 2, Second / 2)) > 0.02);
        // From the end of what is concealed to the copy of the last packet lost, one frame before the end of the hole.
        Assert.Equal(0, Sound.Rms(mix.AsSpan(96000 + 4800, 48000 - 4800 - 960 - OpusDecoder.CodecDelay)));
        Assert.True(Sound.Rms(mix.AsSpan(3 * Second, Second)) > 0.02);
    }

    [Fact]
    public void Two_tracks_are_heard_at_once()
    {
        long[] one = [2 * Second, 4 * Second], two = [3 * Second, 5 * Second];

        float[] mix = Mix(7 * Second, (0, Sound.Encode(Sound.Chirps(7 * Second, one)), null), (0, Sound.Encode(Sound.Chirps(7 * Second, two)), null));

        foreach (long start in one.Concat(two)) AssertChirp(mix, start);
    }

    [Fact]
    public void The_mix_is_the_sum_of_its_tracks()
    {
        const int Length = 4 * Second;
        var first = Sound.Encode(Sound.Voice(Length, seed: 1, amplitude: 0.1f));
        var second = Sound.Encode(Sound.Voice(Length, seed: 2, amplitude: 0.1f));

        float[] a = Mix(Length, (0, first, null)), b = Mix(Length, (0, second, null)), both = Mix(Length, (0, first, null), (0, second, null));

        for (int i = 0; i < Length; i++) Assert.True(Math.Abs(a[i] + b[i] - both[i]) < 1e-5, $"sample {i}: {a[i]} + {b[i]} is not {both[i]}");
    }

    [Fact]
    public void What_lies_before_the_reader_is_never_heard_later()
    {
        // A track is added in the middle of the meeting with packets that were held since long before, and a silent one ahead.
        var packets = Sound.Encode(Sound.Voice(2 * Second, seed: 1));
        var mixer = new Mixer();
        mixer.Begin(10 * Second / 960 * 960);
        using var player = new TrackPlayer(AudioCodec.Opus);
        mixer.Add(player);

        foreach (var placed in Sound.Place(packets, start: 7 * Second)) player.Write(placed);
        foreach (var placed in Sound.Place(Sound.Encode(new float[960]), start: 10 * Second + 9600)) player.Write(placed);

        for (int n = 0; n < 50; n++)
        {
            mixer.Mix(out var frame);
            Assert.True(Sound.Rms(frame) < 1e-4, $"frame {n} holds old sound");
        }
    }

    [Fact]
    public void The_first_samples_of_a_meeting_do_not_come_back()
    {
        // The mixer begins 5 ms in; what lies before must not be heard when the ring comes round.
        var loud = Sound.Encode(Sound.Voice(Second, seed: 1));
        var mixer = new Mixer();
        using var player = new TrackPlayer(AudioCodec.Opus);
        mixer.Add(player);
        int frames = 0;
        foreach (var placed in Sound.Place(loud.Take(5).ToList()))
        {
            player.Write(placed);
            if (++frames < 5) continue;
            for (int n = 0; n < 30; n++) mixer.Mix(out _);
        }
        foreach (var placed in Sound.Place(Sound.Encode(new float[Second]).Take(10).ToList(), start: 33600)) player.Write(placed);

        for (int n = 30; n < 45; n++)
        {
            mixer.Mix(out var frame);
            Assert.True(Sound.Rms(frame) < 1e-4, $"frame {n} holds old sound: {Sound.Rms(frame)}");
        }
    }

    private static float[] Mix(int length, params (long Start, List<byte[]> Packets, IReadOnlySet<int>? Lost)[] tracks)
    {
        var mixer = new Mixer();
        var players = tracks.Select(_ => new TrackPlayer(AudioCodec.Opus)).ToArray();
        var queues = tracks.Select(t => Sound.Place(t.Packets, t.Start, t.Lost).GetEnumerator()).ToArray();
        var more = queues.Select(q => q.MoveNext()).ToArray();
        foreach (var player in players) mixer.Add(player);

        var mix = new List<float>();
        while (mix.Count < length)
        {
            for (int t = 0; t < players.Length; t++)
            {
                while (more[t] && queues[t].Current.Start <= mixer.Position + Mixer.FrameSize + TrackPlayer.WriteAhead)
                {
                    players[t].Write(queues[t].Current);
                    more[t] = queues[t].MoveNext();
                }
            }
            mixer.Mix(out var frame);
            mix.AddRange(frame);
        }
        foreach (var player in players) player.Dispose();
        return [.. mix];
    }

    private static ReadOnlySpan<float> Frame(float[] pcm, int packet) => pcm.AsSpan(960 * packet - OpusDecoder.CodecDelay, 960);

    private static void AssertChirp(float[] mix, long start, double leastCorrelation = 0.8, double toleranceMs = 1)
    {
        var (at, correlation) = Sound.FindChirp(mix, start);
        Assert.True(correlation > leastCorrelation, $"no chirp at {start}: the best is {correlation:0.00} at {at}");
        Assert.True(Math.Abs(at - start) <= toleranceMs * 48, $"the chirp of {start} lies {(at - start) / 48.0:0.00} ms from its place");
    }
}

/// <summary>Keeps the mix.</summary>
internal sealed class CollectingMix : IMixSink
{
    public List<float> Samples { get; } = [];
    public void Write(ReadOnlySpan<float> frame) => Samples.AddRange(frame);
}
