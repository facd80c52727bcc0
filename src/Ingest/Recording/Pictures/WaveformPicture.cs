namespace Pipeline.Ingest.Recording.Pictures;

/// <summary>The waveform of a whole meeting as one picture, for lists and previews: rounded bars, as tall as the sound is loud, on nothing.</summary>
internal static class WaveformPicture
{
    public const int Width = 1200, Height = 160;
    private const int Bar = 4, Gap = 2;
    private const int MostGain = 8;                                                  // 18 dB: what is quieter is to look quiet
    private static readonly (byte R, byte G, byte B) Colour = (0x4C, 0x8B, 0xD8);    // seen on light paper and on dark

    /// <returns>A PNG.</returns>
    public static byte[] Draw(Waveform waveform)
    {
        const int Bars = (Width + Gap) / (Bar + Gap);
        var peaks = new double[Bars];
        for (int n = 0; n < Bars; n++)
        {
            int from = (int)((long)waveform.Length * n / Bars), to = Math.Max(from + 1, (int)((long)waveform.Length * (n + 1) / Bars));
            for (int pixel = from; pixel < to && pixel < waveform.Length; pixel++)
            {
                var (least, greatest) = waveform[pixel];
                peaks[n] = Math.Max(peaks[n], Math.Max(-least, greatest) / 128.0);
            }
        }
        double gain = Math.Min(MostGain, 1 / Math.Max(peaks.Max(), 1.0 / 128));

        var strengths = new byte[Width * Height];
        for (int n = 0; n < Bars; n++) DrawBar(strengths, n * (Bar + Gap), Math.Max(Bar / 2.0, peaks[n] * gain * Height / 2));
        return PngImage.Encode(strengths, Width, Colour);
    }

    /// <param name="reach">Pixels above and below the middle; its ends are half circles.</param>
    private static void DrawBar(byte[] strengths, int left, double reach)
    {
        const double Radius = Bar / 2.0;
        double straight = Math.Max(0, reach - Radius);
        for (int y = 0; y < Height; y++)
        {
            for (int x = left; x < Math.Min(left + Bar, Width); x++)
            {
                double dx = x + 0.5 - left - Radius, dy = Math.Max(0, Math.Abs(y + 0.5 - Height / 2.0) - straight);
                double inside = Radius - Math.Sqrt(dx * dx + dy * dy) + 0.5;         // of a pixel, about
                strengths[y * Width + x] = (byte)Math.Round(255 * Math.Clamp(inside, 0, 1));
            }
        }
    }
}
