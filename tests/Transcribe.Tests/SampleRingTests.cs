using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

public sealed class SampleRingTests
{
    [Fact]
    public void What_is_written_is_read_in_order_while_both_sides_run()
    {
        var ring = new SampleRing();
        const int blocks = 20_000;
        var writer = new Thread(() =>
        {
            var random = new Random(1);
            float[] block = new float[1920];
            long next = 0;
            for (int n = 0; n < blocks; n++)
            {
                int length = random.Next(1, 600);
                for (int k = 0; k < length; k++) block[k] = (next + k) % 65_536;
                var spin = new SpinWait();
                while (!ring.TryWrite(next, block.AsSpan(0, length))) spin.SpinOnce();
                next += length;
            }
        });
        writer.Start();

        long expected = 0;
        for (int n = 0; n < blocks;)
        {
            if (!ring.TryPeek(out long first, out var head, out var tail))
            {
                Thread.Yield();
                continue;
            }
            Assert.Equal(expected, first);
            foreach (float sample in head) Assert.Equal(expected++ % 65_536, sample);
            foreach (float sample in tail) Assert.Equal(expected++ % 65_536, sample);
            ring.Release();
            n++;
        }
        writer.Join();
        Assert.True(ring.IsEmpty);
    }

    [Fact]
    public void A_full_ring_refuses_and_takes_again_when_there_is_room()
    {
        var ring = new SampleRing();
        float[] block = new float[1600];
        int written = 0;
        while (ring.TryWrite(written * block.Length, block)) written++;
        Assert.Equal(20, written);                                     // two seconds
        Assert.False(ring.HasRoom);
        ring.TryPeek(out _, out _, out _);
        ring.Release();
        Assert.True(ring.TryWrite(0, block));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void However_the_samples_are_portioned_the_same_speech_is_heard(int seed)
    {
        float[] speech = SpokenFixtures.Samples("release-review-martin.wav");
        var whole = Assemble(speech, _ => 320);
        var random = new Random(seed);
        Assert.Equal(whole, Assemble(speech, _ => random.Next(1, 1920)));
    }

    [Fact]
    public void Late_samples_are_left_out_and_counted_and_gaps_keep_the_time()
    {
        var utterances = new List<(long, long)>();
        var frames = new FrameAssembler(new SpeechDetector(), u => utterances.Add((u.SpeechStart, u.SpeechEnd)));
        float[] speech = SpokenFixtures.Samples("utterance-04.wav");
        Assert.Equal(0, frames.Add(0, speech.AsSpan(0, 500)));
        Assert.Equal(300, frames.Add(200, speech.AsSpan(200, 500)));           // overlaps
        Assert.Equal(100, frames.Add(100, speech.AsSpan(100, 100)));           // wholly late
        Assert.Equal(0, frames.Add(700, speech.AsSpan(700)));
        Assert.Equal(0, frames.Add(1_000_123, speech));                        // no whole number of frames later
        frames.Flush();
        Assert.Equal(2, utterances.Count);
        Assert.InRange(utterances[1].Item1 - 1_000_123 - utterances[0].Item1, -320, 320);
    }

    [Fact]
    public void Any_order_of_writes_ends_in_utterances_that_do_not_overlap()
    {
        float[] speech = Sounds.EndlessTalk(4, seed: 1);
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            long end = 0;
            var frames = new FrameAssembler(new SpeechDetector(), utterance =>
            {
                Assert.True(utterance.FirstSample >= end && utterance.SpeechStart >= utterance.FirstSample && utterance.SpeechEnd <= utterance.EndSample, $"seed {seed}");
                end = utterance.EndSample;
                utterance.Dispose();
            });
            long at = 0;
            for (int n = 0; n < 300; n++)
            {
                int from = random.Next(speech.Length - 1920);
                frames.Add(Math.Max(0, at), speech.AsSpan(from, random.Next(1, 1920)));
                at += random.Next(10) switch { 0 => random.Next(200_000), 1 => -random.Next(5000), _ => 960 };
            }
            frames.Flush();
        }
    }

    private static List<(long, long, int)> Assemble(float[] speech, Func<int, int> portion)
    {
        var utterances = new List<(long, long, int)>();
        var frames = new FrameAssembler(new SpeechDetector(), u => utterances.Add((u.FirstSample, u.EndSample, u.Samples.Length)));
        for (int at = 0; at < speech.Length;)
        {
            int length = Math.Min(portion(at), speech.Length - at);
            frames.Add(at, speech.AsSpan(at, length));
            at += length;
        }
        frames.Flush();
        return utterances;
    }
}
