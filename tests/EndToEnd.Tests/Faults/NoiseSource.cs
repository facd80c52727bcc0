using Pipeline.Api.Replay;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>A participant who rustles: no two moments of it are alike, so that each is found again at its place or missed.</summary>
/// <param name="Sound">What is sent, 16 kHz mono.</param>
internal sealed record NoiseSource(ReplaySource Source, float[] Sound)
{
    private const int SampleRate = 48_000;

    public static NoiseSource Make(TimeSpan length, int seed)
    {
        float[] samples = Samples(length, seed);
        return new NoiseSource(
            SpeechSource.Make("Rustling", [new SpokenPart(ReplayParticipant.Named("rustle"), samples)], seed),
            [.. Enumerable.Range(0, samples.Length / 3).Select(n => samples[3 * n])]);
    }

    /// <returns>48 kHz mono: noise between some 200 and 2000 Hz, where a coder for voices keeps the waveform.</returns>
    private static float[] Samples(TimeSpan length, int seed)
    {
        var random = new Random(seed);
        var samples = new float[(int)(length.TotalSeconds * SampleRate)];
        double slow = 0, first = 0, second = 0;
        for (int n = 0; n < samples.Length; n++)
        {
            first += 0.25 * (random.NextDouble() - 0.5 - first);                     // two low passes of 2 kHz, and one of 200 Hz taken off
            second += 0.25 * (first - second);
            slow += 0.025 * (second - slow);
            samples[n] = (float)(second - slow);
        }
        return samples;
    }
}
