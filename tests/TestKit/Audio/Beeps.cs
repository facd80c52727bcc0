namespace Pipeline.TestKit.Audio;

/// <summary>Tones at known times, and where they are heard again. Another frequency for each speaker tells them apart in a mix.</summary>
public static class Beeps
{
    public static readonly TimeSpan DefaultLength = TimeSpan.FromMilliseconds(200);

    /// <summary>Long enough to fade without a click, short enough that the onset is sharp.</summary>
    private static readonly TimeSpan Fade = TimeSpan.FromMilliseconds(2);
    /// <summary>The span over which loudness is measured: several periods of any audible beep, far shorter than one beep.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(10);
    private const float Amplitude = 0.5f;

    /// <summary>Silence with beeps in it.</summary>
    /// <param name="starts">Where each beep's first sample lies.</param>
    /// <returns>Mono, as long as <paramref name="duration"/>; a beep that reaches past it is cut.</returns>
    public static float[] Make(int sampleRate, TimeSpan duration, IEnumerable<TimeSpan> starts, double frequencyHz = 1000, TimeSpan? length = null)
    {
        var sound = new float[Samples(duration, sampleRate)];
        int count = Samples(length ?? DefaultLength, sampleRate);
        double fade = Fade.TotalSeconds * sampleRate;
        foreach (var start in starts)
        {
            int first = Samples(start, sampleRate);
            for (int n = 0; n < count && first + n < sound.Length; n++)
            {
                double edge = Math.Min(1, Math.Min(n, count - 1 - n) / fade);
                sound[first + n] += (float)(Amplitude * edge * Math.Sin(2 * Math.PI * frequencyHz * n / sampleRate));
            }
        }
        return sound;
    }

    /// <summary>Finds where tones of one frequency begin, to about a millisecond.</summary>
    /// <param name="minimumAmplitude">Quieter tones are not beeps; 0 … 1.</param>
    /// <returns>Rising. A tone that is away for less than 30 ms, as concealed loss makes it, goes on.</returns>
    public static IReadOnlyList<TimeSpan> Find(ReadOnlySpan<float> sound, int sampleRate, double frequencyHz = 1000, double minimumAmplitude = 0.05)
    {
        double[] loudness = Loudness(sound, sampleRate, frequencyHz);
        double loudest = loudness.DefaultIfEmpty().Max();
        var onsets = new List<TimeSpan>();
        if (loudest < minimumAmplitude) return onsets;

        // The window lies centred: it is half full, and so half as loud, exactly where the beep begins.
        double threshold = loudest / 2;
        int pause = sampleRate * 30 / 1000, quiet = pause;
        for (int n = 0; n < loudness.Length; n++)
        {
            bool loud = loudness[n] >= threshold;
            if (loud && quiet >= pause) onsets.Add(TimeSpan.FromSeconds(Math.Max(0, n - Fade.TotalSeconds * sampleRate / 2) / sampleRate));
            quiet = loud ? 0 : quiet + 1;
        }
        return onsets;
    }

    /// <returns>For each sample, the amplitude of the frequency in the window around it.</returns>
    private static double[] Loudness(ReadOnlySpan<float> sound, int sampleRate, double frequencyHz)
    {
        int window = Samples(Window, sampleRate), half = window / 2;
        var (real, imaginary) = (new double[sound.Length + 1], new double[sound.Length + 1]);
        for (int n = 0; n < sound.Length; n++)
        {
            var (sin, cos) = Math.SinCos(2 * Math.PI * frequencyHz * n / sampleRate);
            real[n + 1] = real[n] + sound[n] * cos;
            imaginary[n + 1] = imaginary[n] + sound[n] * sin;
        }
        var loudness = new double[sound.Length];
        for (int n = 0; n < loudness.Length; n++)
        {
            int from = Math.Max(0, n - half), to = Math.Min(sound.Length, n - half + window);
            loudness[n] = 2 * double.Hypot(real[to] - real[from], imaginary[to] - imaginary[from]) / window;
        }
        return loudness;
    }

    private static int Samples(TimeSpan time, int sampleRate) => (int)Math.Round(time.TotalSeconds * sampleRate);
}
