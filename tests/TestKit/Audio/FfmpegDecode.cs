using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.TestKit.Audio;

/// <summary>Decodes any file of sound with the system's FFmpeg: an opinion that is not ours.</summary>
public static class FfmpegDecode
{
    /// <param name="stream">Which of the file's audio streams, from 0.</param>
    /// <returns>Mono, −1 … 1; all channels mixed.</returns>
    /// <exception cref="InvalidOperationException">FFmpeg found something wrong; a damaged file is an error, never a shorter sound.</exception>
    public static async Task<float[]> ToFloatAsync(string file, int sampleRate = 48_000, int stream = 0, CancellationToken ct = default) =>
        MemoryMarshal.Cast<byte, float>(await RunAsync(file, sampleRate, stream, "f32le", ct)).ToArray();

    /// <returns>Mono, 16 bit.</returns>
    /// <inheritdoc cref="ToFloatAsync"/>
    public static async Task<short[]> ToInt16Async(string file, int sampleRate = 48_000, int stream = 0, CancellationToken ct = default) =>
        MemoryMarshal.Cast<byte, short>(await RunAsync(file, sampleRate, stream, "s16le", ct)).ToArray();

    /// <returns>When each picture of a file is shown, all decoded.</returns>
    /// <inheritdoc cref="ToFloatAsync"/>
    public static async Task<IReadOnlyList<TimeSpan>> PicturesAsync(string file, CancellationToken ct = default)
    {
        byte[] said = await Tool.RunAsync(
            "ffmpeg",
            ["-v", "error", "-xerror", "-err_detect", "explode", "-copyts", "-i", file, "-map", "0:v", "-vsync", "passthrough", "-enc_time_base", "1:90000", "-f", "framecrc", "-"], ct);
        return [.. Encoding.ASCII.GetString(said).Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => TimeSpan.FromSeconds(long.Parse(line.Split(',')[2]) / 90_000.0))];
    }

    private static Task<byte[]> RunAsync(string file, int sampleRate, int stream, string format, CancellationToken ct) => Tool.RunAsync(
        "ffmpeg",
        ["-v", "error", "-xerror", "-i", file, "-map", $"0:a:{stream}", "-ac", "1", "-ar", $"{sampleRate}", "-f", format, "-"], ct);
}
