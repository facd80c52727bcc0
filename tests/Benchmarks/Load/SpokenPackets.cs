using Pipeline.Api.Replay;
using Pipeline.Ingest.Codecs;
using Pipeline.TestKit;

namespace Pipeline.Benchmarks.Load;

/// <param name="Level">−dBov (RFC 6464).</param>
internal readonly record struct SpokenPacket(byte[] Payload, byte Level);

/// <summary>What microphones send, as Opus packets of 20 ms: people who speak without a pause, and one that is silent.</summary>
internal static class SpokenPackets
{
    /// <summary>−50 dBFS; a pause of up to ten frames stays.</summary>
    private const float Quiet = 0.003f;
    private const int LongestPause = 10;
    private static readonly string[] Speakers = ["kevin", "laura", "martin"];

    /// <summary>The speakers of a recorded meeting, each with what others said cut out; to be sent round and round.</summary>
    public static SpokenPacket[][] Talking() => [.. Speakers.Select(name => Encode(WithoutPauses(Read($"release-review-{name}.wav"))))];

    /// <summary>A microphone that is switched off.</summary>
    public static SpokenPacket Silence() => Encode(new float[OpusPacket.ClockRate])[^1] with { Level = 127 };

    private static float[] Read(string file)
    {
        var wav = WavReader.Read(File.ReadAllBytes(Fixtures.Speech(file)));
        return Resampler.Resample(wav.Samples.Span, wav.SampleRate, OpusPacket.ClockRate);
    }

    private static float[] WithoutPauses(float[] pcm)
    {
        var kept = new List<float>();
        int quiet = 0;
        for (int at = 0; at + OpusEncoder.FrameSize <= pcm.Length; at += OpusEncoder.FrameSize)
        {
            var frame = pcm.AsSpan(at, OpusEncoder.FrameSize);
            quiet = Rms(frame) < Quiet ? quiet + 1 : 0;
            if (quiet <= LongestPause) kept.AddRange(frame);
        }
        return [.. kept];
    }

    private static SpokenPacket[] Encode(float[] pcm)
    {
        using var encoder = new OpusEncoder();
        var packets = new SpokenPacket[pcm.Length / OpusEncoder.FrameSize];
        var buffer = new byte[1275];
        for (int n = 0; n < packets.Length; n++)
        {
            var frame = pcm.AsSpan(n * OpusEncoder.FrameSize, OpusEncoder.FrameSize);
            byte level = (byte)Math.Clamp(-20 * MathF.Log10(Rms(frame) + 1e-7f), 0, 90);   // a microphone that is on is never at 127
            packets[n] = new SpokenPacket(buffer[..encoder.Encode(frame, buffer)], level);
        }
        return packets;
    }

    private static float Rms(ReadOnlySpan<float> frame)
    {
        float power = 0;
        foreach (float sample in frame) power += sample * sample;
        return MathF.Sqrt(power / frame.Length);
    }
}
