using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

/// <summary>
/// Speech that is a script: each word is a tone of its own, so whoever gets the samples can tell which words are in them without a model. A
/// word takes 0.3 s and 0.1 s of silence after it.
/// </summary>
internal static class SpokenScript
{
    private const int Words = 40, WordLength = 4800, GapLength = 1600, LowestHz = 300, StepHz = 50;
    private const float Amplitude = 0.1f, Threshold = 0.002f;

    /// <summary>Sentences of three to eleven words with a pause after each, until the time is full.</summary>
    public static (float[] Samples, string Text) Talk(double seconds, int seed)
    {
        var random = new Random(seed);
        float[] samples = new float[(int)(seconds * SpeechJob.SampleRate)];
        List<string> said = [];
        int at = random.Next(8000);
        while (true)
        {
            int count = random.Next(3, 12), end = at + count * (WordLength + GapLength);
            if (end + 16_000 > samples.Length) return (samples, string.Join(' ', said));
            for (int n = 0; n < count; n++)
            {
                int word = random.Next(Words);
                said.Add(Name(word));
                double step = 2 * Math.PI * (LowestHz + word * StepHz) / SpeechJob.SampleRate;
                for (int k = 0; k < WordLength; k++) samples[at + k] = Amplitude * (float)Math.Cos(step * k);
                at += WordLength + GapLength;
            }
            at += random.Next(14_000, 22_000);
        }
    }

    /// <summary>The words that are in it from beginning to end.</summary>
    public static RecognizeOutcome.Recognized Hear(ReadOnlySpan<float> samples)
    {
        List<SpokenWord> heard = [];
        for (int at = 0; at < samples.Length;)
        {
            if (Math.Abs(samples[at]) < Threshold)
            {
                at++;
                continue;
            }
            int begin = at, quiet = 0, turns = 0, sign = 0;
            while (at < samples.Length && quiet < GapLength / 2)
            {
                quiet = Math.Abs(samples[at]) < Threshold ? quiet + 1 : 0;
                if (quiet == 0)
                {
                    if (sign * samples[at] < 0) turns++;
                    sign = Math.Sign(samples[at]);
                }
                at++;
            }
            int length = at - quiet - begin;
            if (length < WordLength - 20) continue;                              // it was cut
            double hertz = turns * (double)SpeechJob.SampleRate / (2 * WordLength);
            heard.Add(new SpokenWord(Name((int)Math.Round((hertz - LowestHz) / StepHz)), Time(begin), Time(begin + length), 0.95));
        }
        return new RecognizeOutcome.Recognized(heard, "en");
    }

    private static string Name(int word) => $"w{word:00}";
    private static TimeSpan Time(int sample) => TimeSpan.FromSeconds((double)sample / SpeechJob.SampleRate);
}
