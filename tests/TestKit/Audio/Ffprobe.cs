using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.TestKit.Audio;

/// <param name="Kind">"audio", "video" or another of FFmpeg's.</param>
/// <param name="Codec">FFmpeg's name: "aac", "opus", "flac", …</param>
/// <param name="SampleRate">0 for what is not audio.</param>
/// <param name="Start">Where its first sample lies on the file's timeline.</param>
/// <param name="Duration">Null where only the file as a whole has one.</param>
public sealed record MediaStream(int Index, string Kind, string Codec, int SampleRate, int Channels, TimeSpan? Start, TimeSpan? Duration);

/// <param name="Format">FFmpeg's names: "mov,mp4,m4a,3gp,3g2,mj2", "ogg", …</param>
/// <param name="Tags">Of the file as a whole; keys as written.</param>
public sealed record MediaFile(string Format, TimeSpan Duration, IReadOnlyList<MediaStream> Streams, IReadOnlyDictionary<string, string> Tags)
{
    public MediaStream Audio => Streams.First(s => s.Kind == "audio");
}

/// <summary>What the system's ffprobe says a file is.</summary>
public static class Ffprobe
{
    /// <exception cref="InvalidOperationException">ffprobe cannot read the file.</exception>
    public static async Task<MediaFile> ReadAsync(string file, CancellationToken ct = default)
    {
        byte[] json = await Tool.RunAsync("ffprobe", ["-v", "error", "-print_format", "json", "-show_format", "-show_streams", file], ct);
        var answer = JsonSerializer.Deserialize(json, FfprobeJson.Default.FfprobeAnswer) ?? throw new InvalidOperationException("ffprobe said nothing.");
        return new MediaFile(
            answer.Format.FormatName,
            Seconds(answer.Format.Duration) ?? TimeSpan.Zero,
            [.. answer.Streams.Select(s => new MediaStream(
                s.Index, s.CodecType ?? "", s.CodecName ?? "", s.SampleRate is { } rate ? int.Parse(rate) : 0, s.Channels, Seconds(s.StartTime), Seconds(s.Duration)))],
            answer.Format.Tags ?? []);
    }

    /// <returns>How many pictures the file's video decodes to.</returns>
    /// <exception cref="InvalidOperationException">ffprobe cannot read the file.</exception>
    public static async Task<int> CountPicturesAsync(string file, CancellationToken ct = default)
    {
        byte[] said = await Tool.RunAsync(
            "ffprobe", ["-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file], ct);
        return int.Parse(Encoding.ASCII.GetString(said).Trim().TrimEnd(','));
    }

    private static TimeSpan? Seconds(string? text) => double.TryParse(text, out double seconds) ? TimeSpan.FromSeconds(seconds) : null;
}

internal sealed record FfprobeFormat(string FormatName, string? Duration, Dictionary<string, string>? Tags);

internal sealed record FfprobeStream(int Index, string? CodecType, string? CodecName, string? SampleRate, int Channels, string? StartTime, string? Duration);

internal sealed record FfprobeAnswer(FfprobeFormat Format, IReadOnlyList<FfprobeStream> Streams);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FfprobeAnswer))]
internal sealed partial class FfprobeJson : JsonSerializerContext;
