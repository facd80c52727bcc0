using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;

namespace Pipeline.Ingest.Tests;

/// <summary>Known sounds, and finding them again: 48 kHz mono unless said.</summary>
internal static class Sound
{
    public const int Rate = 48000;

    /// <summary>Chirps of 40 ms, 500 → 3000 Hz, beginning at the given samples; silence elsewhere. A chirp is found to the sample.</summary>
    public static float[] Chirps(long length, IEnumerable<long> starts, float amplitude = 0.3f)
    {
        var pcm = new float[length];
        foreach (long start in starts)
            for (int i = 0; i < Template.Length && start + i < length; i++) pcm[start + i] += amplitude * Template[i];
        return pcm;
    }

    /// <summary>Where, within <paramref name="reach"/> of where it is expected, a chirp lies, and how alike it is (−1 … 1).</summary>
    /// <param name="step">Samples; a chirp is not missed by four.</param>
    public static (long At, double Correlation) FindChirp(ReadOnlySpan<float> pcm, long expected, int reach = 2400, int step = 1)
    {
        (long At, double Correlation) best = (-1, -2);
        for (long at = Math.Max(0, expected - reach); at <= expected + reach && at + Template.Length <= pcm.Length; at += step)
        {
            double c = Correlation(pcm.Slice((int)at, Template.Length), Template);
            if (c > best.Correlation) best = (at, c);
        }
        return best;
    }

    public static double Correlation(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double ab = 0, aa = 1e-9, bb = 1e-9;
        int i = 0;
        for (; i + Vector<float>.Count <= a.Length; i += Vector<float>.Count)
        {
            Vector<float> x = new(a[i..]), y = new(b[i..]);
            (ab, aa, bb) = (ab + Vector.Dot(x, y), aa + Vector.Dot(x, x), bb + Vector.Dot(y, y));
        }
        for (; i < a.Length; i++) (ab, aa, bb) = (ab + a[i] * b[i], aa + a[i] * a[i], bb + b[i] * b[i]);
        return ab / Math.Sqrt(aa * bb);
    }

    /// <summary>Something like a voice: a gliding tone with overtones, in syllables of 150 ms.</summary>
    public static float[] Voice(long length, int seed, float amplitude = 0.2f)
    {
        var random = new Random(seed);
        var pcm = new float[length];
        double phase = 0, pitch = 140;
        for (long i = 0; i < length; i++)
        {
            if (i % 7200 == 0) pitch = 110 + 90 * random.NextDouble();
            phase += 2 * Math.PI * pitch / Rate;
            double envelope = 0.55 - 0.45 * Math.Cos(2 * Math.PI * (i % 7200) / 7200);
            pcm[i] = (float)(amplitude * envelope * (Math.Sin(phase) + 0.6 * Math.Sin(2 * phase) + 0.4 * Math.Sin(5 * phase) + 0.2 * Math.Sin(11 * phase)));
        }
        return pcm;
    }

    public static double Rms(ReadOnlySpan<float> pcm)
    {
        double sum = 0;
        foreach (float s in pcm) sum += s * s;
        return Math.Sqrt(sum / Math.Max(1, pcm.Length));
    }

    /// <summary>As packets of 20 ms.</summary>
    public static List<byte[]> Encode(ReadOnlySpan<float> pcm, int expectedLossPercent = 10, int bitrateBps = 32_000)
    {
        using var encoder = new OpusEncoder(bitrateBps, expectedLossPercent);
        var packets = new List<byte[]>();
        var buffer = new byte[1275];
        for (int at = 0; at + OpusEncoder.FrameSize <= pcm.Length; at += OpusEncoder.FrameSize)
            packets.Add(buffer[..encoder.Encode(pcm.Slice(at, OpusEncoder.FrameSize), buffer)]);
        return packets;
    }

    /// <summary>The packets, each at its place.</summary>
    /// <param name="lost">Indices of those that never came.</param>
    public static IEnumerable<PlacedPacket> Place(IReadOnlyList<byte[]> packets, long start = 0, IReadOnlySet<int>? lost = null)
    {
        var buffer = new JitterBuffer();
        int missing = 0;
        for (int n = 0; n < packets.Count; n++)
        {
            if (lost?.Contains(n) == true) { missing++; continue; }
            buffer.Insert(0, n, 960L * n, TimeSpan.Zero, -1, packets[n]);
            yield return new PlacedPacket(buffer[0], start + 960L * n, 960, missing, 960 * missing, Fresh: n == missing);
            buffer.Release();
            missing = 0;
        }
    }

    /// <summary>What the `ffmpeg` program makes of a file; interleaved.</summary>
    public static async Task<float[]> DecodeAsync(string path, int channels = 1)
    {
        byte[] bytes = await RunAsync("ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-ac", $"{channels}", "-ar", "48000", "pipe:1");
        return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
    }

    /// <summary>Its samples as they are, s16le.</summary>
    public static Task<byte[]> SamplesAsync(string path) => RunAsync("ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "pipe:1");

    /// <summary>What `ffprobe` says of a file's only stream, in its own order.</summary>
    public static async Task<string[]> ProbeAsync(string path, string entries)
    {
        byte[] said = await RunAsync("ffprobe", "-v", "error", "-show_entries", $"stream={entries}", "-of", "csv=p=0", path);
        return System.Text.Encoding.ASCII.GetString(said).Trim().Split(',');
    }

    /// <summary>Octets of one raw format as the `ffmpeg` program makes them of another.</summary>
    /// <param name="from">Options that name the format, such as `-f mulaw -ar 8000`; one channel.</param>
    public static async Task<byte[]> ConvertAsync(byte[] input, string from, string to)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["in"], input);
        return await RunAsync("ffmpeg", ["-v", "error", .. from.Split(' '), "-i", folder["in"], .. to.Split(' '), "pipe:1"]);
    }

    /// <summary>Sound at that rate as packets of a codec that knows no frames, made by the `ffmpeg` program.</summary>
    /// <param name="codec">"pcmu", "pcma" or "g722".</param>
    /// <param name="pcm">8 kHz, for g722 16 kHz.</param>
    /// <param name="octets">Of each packet; 160 are 20 ms.</param>
    public static async Task<List<byte[]>> EncodeWaveAsync(string codec, ReadOnlyMemory<float> pcm, int octets = 160)
    {
        byte[] samples = MemoryMarshal.AsBytes<short>(pcm.ToArray().Select(s => (short)MathF.Round(s * 32767)).ToArray()).ToArray();
        var (rate, format) = codec switch { "pcmu" => (8000, "-f mulaw"), "pcma" => (8000, "-f alaw"), _ => (16000, "-c:a g722 -f g722") };
        return [.. (await ConvertAsync(samples, $"-f s16le -ar {rate} -ac 1", format)).Chunk(octets)];
    }

    /// <summary>Length of a file by `ffprobe`, seconds.</summary>
    public static async Task<double> DurationAsync(string path)
    {
        byte[] said = await RunAsync("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path);
        return double.Parse(System.Text.Encoding.ASCII.GetString(said));
    }

    public static async Task<byte[]> RunAsync(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await errors}");
        return output.ToArray();
    }

    private static readonly float[] Template =
    [
        .. Enumerable.Range(0, 1920).Select(i =>
        {
            double t = i / (double)Rate, window = 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / 1920);
            return (float)(window * Math.Sin(2 * Math.PI * (500 * t + 2500 * t * t / (2 * 0.04))));
        }),
    ];
}
