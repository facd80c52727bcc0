using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Ingest.Recording;

/// <summary>How loud a sound is as a whole (ITU-R BS.1770, EBU R 128), measured by `ffmpeg` so that a second pass can bring it to <see cref="Target"/>.</summary>
/// <param name="Integrated">LUFS.</param>
/// <param name="TruePeak">dBTP.</param>
/// <param name="Range">LU.</param>
/// <param name="Threshold">LUFS; what is less loud did not count.</param>
public sealed record Loudness(double Integrated, double TruePeak, double Range, double Threshold)
{
    /// <summary>LUFS: what streaming services play speech at.</summary>
    public const double Target = -16;
    /// <summary>dBTP: room for what lossy codecs add.</summary>
    public const double MostPeak = -1.5;
    /// <summary>LUFS: what is less loud is no sound that somebody made, and is left as it is.</summary>
    private const double Silence = -60;

    private static readonly string Goal = $"loudnorm=I={Target}:TP={MostPeak}:LRA=20";

    /// <param name="pcm">s16le, 48 kHz mono, from where it is to its end.</param>
    /// <param name="program">Found through PATH.</param>
    /// <returns>Null for silence; else, where it could not be measured, why.</returns>
    /// <exception cref="IOException"><paramref name="pcm"/> cannot be read.</exception>
    public static async Task<(Loudness? Loudness, string? Failure)> MeasureAsync(Stream pcm, CancellationToken ct, string program = "ffmpeg")
    {
        string[] arguments =
            ["-hide_banner", "-nostats", "-loglevel", "info", "-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", "-af", $"{Goal}:print_format=json", "-f", "null", "-"];
        var outcome = await FfmpegProcess.RunAsync(arguments, pcm, Stream.Null, ct, program);
        return outcome.Succeeded ? (Read(outcome.Detail), null) : (null, outcome.Detail);
    }

    /// <summary>A filter that brings the sound to the target: by one gain for all of it where its peaks leave room, else by a slow one with a limiter.</summary>
    /// <param name="loudness">Null: it stays as it is.</param>
    public static string Filter(Loudness? loudness) => loudness is null ? "anull" : FormattableString.Invariant(
        $"{Goal}:measured_I={loudness.Integrated}:measured_TP={loudness.TruePeak}:measured_LRA={Math.Max(0.1, loudness.Range)}:measured_thresh={loudness.Threshold}:linear=true,aresample=48000,aformat=channel_layouts=mono");

    private static Loudness? Read(string said)
    {
        int from = said.LastIndexOf('{'), to = said.LastIndexOf('}');
        if (from < 0 || to < from || JsonSerializer.Deserialize(said[from..(to + 1)], LoudnessJson.Default.MeasuredLoudness) is not { } measured) return null;
        return double.TryParse(measured.InputI, out double integrated) && integrated >= Silence && double.TryParse(measured.InputTp, out double peak)
            ? new Loudness(integrated, peak, double.Parse(measured.InputLra), double.Parse(measured.InputThresh))
            : null;
    }
}

/// <summary>As `loudnorm` prints it: numbers in quotes, "-inf" for silence, which is none.</summary>
internal sealed record MeasuredLoudness(string InputI, string InputTp, string InputLra, string InputThresh);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MeasuredLoudness))]
internal sealed partial class LoudnessJson : JsonSerializerContext;
