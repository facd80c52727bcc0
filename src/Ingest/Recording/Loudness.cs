using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Ingest.Recording;

/// <summary>How loud a sound is as a whole (ITU-R BS.1770, EBU R 128), measured by `ffmpeg` so that a second pass can bring it to <see cref="Target"/>.</summary>
/// <param name="Integrated">LUFS.</param>
/// <param name="TruePeak">dBTP; −99 where there is none, or it was not asked for.</param>
/// <param name="Range">LU.</param>
/// <param name="Threshold">LUFS; what is less loud did not count.</param>
public sealed partial record Loudness(double Integrated, double TruePeak, double Range, double Threshold)
{
    /// <summary>LUFS: what streaming services play speech at.</summary>
    public const double Target = -16;
    /// <summary>A meeting with nothing but a room's noise in it stays one: nothing is made louder by more than this (LU).</summary>
    public const double MaxGain = 30;
    /// <summary>LUFS: what is no louder is nothing at all.</summary>
    private const double Silence = -70;
    /// <summary>What a chain calls the loudness up to there.</summary>
    internal const string Said = "lavfi.r128.I";

    /// <param name="pcm">s16le, 48 kHz mono, from where it is to its end.</param>
    /// <param name="program">Found through PATH.</param>
    /// <returns>Null for silence; else, where it could not be measured, why.</returns>
    /// <exception cref="IOException"><paramref name="pcm"/> cannot be read.</exception>
    public static async Task<(Loudness? Loudness, string? Failure)> MeasureAsync(Stream pcm, CancellationToken ct, string program = "ffmpeg", TimeSpan? patience = null)
    {
        var outcome = await FfmpegProcess.RunGentlyAsync(FfmpegArguments.Measure, pcm, Stream.Null, ct, program, patience);
        if (!outcome.Succeeded) return (null, outcome.Detail);
        return Read(outcome.Detail) is { } measured ? (measured.Integrated > Silence ? measured : null, null) : (null, "ffmpeg did not say how loud it is");
    }

    /// <summary>How loud it became by a filter's chain that says so as it goes; null for silence, and where nothing was said.</summary>
    /// <param name="said">What ends with it.</param>
    public static double? ReadIntegrated(string said) =>
        SoFar().Matches(said) is [.., var last] && Parse(last.Groups["value"].Value) is > Silence and var loudness ? Math.Round(loudness, 1) : null;

    /// <summary>What else was said.</summary>
    public static string Without(string said) => SoFar().Replace(said, "").Trim();

    /// <summary>
    /// The second pass: brings the sound to the target, by one gain for all of it where its peaks leave room, else by a slow one with a limiter.
    /// </summary>
    /// <param name="loudness">Null: it stays as it is.</param>
    /// <param name="encoder">What encodes it: what codecs throw away puts peaks higher; seen with sound at its limit, AAC by 0.3 dB, Opus by 1.</param>
    public static string Filter(Loudness? loudness, RenderFormat encoder)
    {
        double peak = encoder switch { RenderFormat.Wav => -1.5, RenderFormat.Mp4 or RenderFormat.M4a => -2, _ => -3 };
        string normal = loudness is null ? "" : string.Create(CultureInfo.InvariantCulture,
            $"loudnorm=I={Math.Min(Target, loudness.Integrated + MaxGain):0.0}:TP={peak:0.0}:LRA=20:measured_I={loudness.Integrated:0.0}:measured_TP={loudness.TruePeak:0.0}:measured_LRA={Math.Max(0.1, loudness.Range):0.0}:measured_thresh={loudness.Threshold:0.0}:linear=true,");
        return $"{normal}aformat=sample_rates=48000:channel_layouts=mono";
    }

    /// <summary>Null unless there is a whole summary of `ebur128`.</summary>
    private static Loudness? Read(string said)
    {
        int summary = said.LastIndexOf("Summary:", StringComparison.Ordinal);
        if (summary < 0) return null;
        var numbers = Number().Matches(said[summary..]).GroupBy(m => m.Groups["name"].Value).ToDictionary(g => g.Key, g => g.First().Groups["value"].Value);
        return numbers.TryGetValue("I", out string? i) && numbers.TryGetValue("Threshold", out string? threshold) && numbers.TryGetValue("LRA", out string? range)
            ? new Loudness(Parse(i), Parse(numbers.GetValueOrDefault("Peak", "")), Parse(range), Parse(threshold))
            : null;
    }

    private static double Parse(string number) =>
        double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? Math.Clamp(value, -99, 99) : -99;

    [GeneratedRegex(@"(?<name>I|Threshold|LRA|Peak):\s+(?<value>\S+) (LUFS|LU|dBFS)\b")]
    private static partial Regex Number();

    [GeneratedRegex(@"(frame:\d+ +pts:.*\n)?lavfi\.r128\.I=(?<value>\S+)\n?")]
    private static partial Regex SoFar();
}
