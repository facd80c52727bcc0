using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Ingest.Recording.Renders;

/// <summary>How loud a sound is, as FFmpeg's `ebur128` measured it, and what that makes of it. Pure.</summary>
/// <param name="Integrated">LUFS; −70 is silence.</param>
/// <param name="Threshold">LUFS: what was quieter did not count.</param>
/// <param name="Range">LU.</param>
/// <param name="TruePeak">dBTP; −99 where there is none, or it was not asked for.</param>
internal sealed partial record Loudness(double Integrated, double Threshold, double Range, double TruePeak)
{
    /// <summary>Where streaming services and phones expect speech.</summary>
    public const double Target = -16;
    /// <summary>A meeting with nothing but a room's noise in it stays one: nothing is made louder by more than this (LU).</summary>
    public const double MaxGain = 30;
    private const double Silence = -70;

    public bool IsSilence => Integrated <= Silence;

    /// <summary>The second pass of `loudnorm`: one gain for all where peaks allow it, else a slow one that follows. Null for silence, which stays as it is.</summary>
    /// <param name="peak">What true peaks may reach, dBTP.</param>
    public string? Filter(double peak) => IsSilence ? null : string.Create(CultureInfo.InvariantCulture,
        $"loudnorm=I={Math.Min(Target, Integrated + MaxGain):0.0}:TP={peak:0.0}:LRA=20:measured_I={Integrated:0.0}:measured_TP={TruePeak:0.0}:measured_LRA={Range:0.0}:measured_thresh={Threshold:0.0}:linear=true");

    /// <summary>Null unless it is a whole summary.</summary>
    /// <param name="said">What ends with it.</param>
    public static Loudness? Read(string said)
    {
        int summary = said.LastIndexOf("Summary:", StringComparison.Ordinal);
        if (summary < 0) return null;
        var numbers = Number().Matches(said[summary..]).GroupBy(m => m.Groups["name"].Value).ToDictionary(g => g.Key, g => g.First().Groups["value"].Value);
        return numbers.TryGetValue("I", out string? i) && numbers.TryGetValue("Threshold", out string? threshold)
            && numbers.TryGetValue("LRA", out string? range)
            ? new Loudness(Parse(i), Parse(threshold), Parse(range), Parse(numbers.GetValueOrDefault("Peak", "")))
            : null;
    }

    private static double Parse(string number) =>
        double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? Math.Clamp(value, -99, 99) : -99;

    [GeneratedRegex(@"(?<name>I|Threshold|LRA|Peak):\s+(?<value>\S+) (LUFS|LU|dBFS)\b")]
    private static partial Regex Number();
}
