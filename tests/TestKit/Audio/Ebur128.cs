using System.Globalization;
using System.Text;

namespace Pipeline.TestKit.Audio;

/// <param name="Integrated">LUFS; −70 for silence.</param>
/// <param name="TruePeak">dBTP; negative infinity where there is none.</param>
public sealed record MeasuredLoudness(double Integrated, double TruePeak);

/// <summary>How loud a file is, as the system's FFmpeg measures it (EBU R128).</summary>
public static class Ebur128
{
    /// <exception cref="InvalidOperationException">FFmpeg cannot read the file.</exception>
    public static async Task<MeasuredLoudness> MeasureAsync(string file, CancellationToken ct = default)
    {
        byte[] said = await Tool.RunAsync(
            "ffmpeg", ["-v", "error", "-i", file, "-af", "ebur128=metadata=1:peak=true,ametadata=mode=print:file=-", "-f", "null", "-"], ct);
        var lines = Encoding.ASCII.GetString(said).Split('\n');
        double[] Values(string name) =>
            [.. lines.Where(line => line.StartsWith(name + "=", StringComparison.Ordinal)).Select(line => double.Parse(line[(name.Length + 1)..].Replace("-inf", "-Infinity"), CultureInfo.InvariantCulture))];
        return new MeasuredLoudness(Values("lavfi.r128.I")[^1], 20 * Math.Log10(Values("lavfi.r128.true_peaks_ch0").Max()));
    }
}
