using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Ingest.Mixing;

namespace Pipeline.Ingest.Recording;

/// <summary>
/// The shape of the mix: the least and the greatest sample of each 100 ms, as players draw it; and how loud it is. Taken as the mix is made, so live and
/// from the journal it is the same. Not thread-safe.
/// </summary>
public sealed class Waveform
{
    /// <summary>100 ms at 48 kHz.</summary>
    public const int SamplesPerPixel = 5 * Mixer.FrameSize;
    /// <summary>In seven minutes one block: nothing is moved as a meeting grows, and a day of it is 1.7 MB.</summary>
    private const int BlockPixels = 4096;

    private readonly List<(sbyte Least, sbyte Greatest)[]> blocks = [new (sbyte, sbyte)[BlockPixels]];
    private float least, greatest;
    private int taken;                                                               // samples of the pixel that is not full

    /// <summary>Of all of it.</summary>
    public LoudnessMeter Loudness { get; } = new();

    /// <summary>Pixels, one that is not full yet included.</summary>
    public int Length => Full + (taken > 0 ? 1 : 0);

    /// <summary>One pixel: its least and its greatest sample in 8 bits.</summary>
    public (sbyte Least, sbyte Greatest) this[int pixel] => pixel < Full ? blocks[pixel / BlockPixels][pixel % BlockPixels] : (Bits8(least), Bits8(greatest));

    /// <summary>Takes the next samples of the mix, 48 kHz mono.</summary>
    public void Write(ReadOnlySpan<float> frame)
    {
        Loudness.Write(frame);
        while (!frame.IsEmpty)
        {
            var part = frame[..Math.Min(frame.Length, SamplesPerPixel - taken)];
            if (taken == 0) (least, greatest) = (part[0], part[0]);
            foreach (float sample in part)
            {
                least = MathF.Min(least, sample);
                greatest = MathF.Max(greatest, sample);
            }
            taken += part.Length;
            frame = frame[part.Length..];
            if (taken == SamplesPerPixel) EndPixel();
        }
    }

    /// <summary>
    /// Writes it in the JSON of BBC's audiowaveform, version 2: `data` holds the least and the greatest sample of each pixel by turns,
    /// in 8 bits.
    /// </summary>
    public async Task SaveAsync(Stream stream, CancellationToken ct)
    {
        var data = new int[2 * Length];
        for (int n = 0; n < Length; n++) (data[2 * n], data[2 * n + 1]) = this[n];
        await JsonSerializer.SerializeAsync(stream, new WaveformData(2, 1, Codecs.OpusPacket.ClockRate, SamplesPerPixel, 8, Length, data), WaveformJson.Default.WaveformData, ct);
    }

    private int Full { get; set; }

    private void EndPixel()
    {
        if (Full == blocks.Count * BlockPixels) blocks.Add(new (sbyte, sbyte)[BlockPixels]);
        blocks[^1][Full % BlockPixels] = (Bits8(least), Bits8(greatest));
        Full++;
        taken = 0;
    }

    /// <summary>As audiowaveform does: the 16-bit sample that encoders get, divided by 256 towards zero.</summary>
    private static sbyte Bits8(float sample) => (sbyte)((int)MathF.Round(Math.Clamp(sample, -1f, 1f) * short.MaxValue) / 256);
}

/// <summary>What the file holds, in its order.</summary>
internal sealed record WaveformData(int Version, int Channels, int SampleRate, int SamplesPerPixel, int Bits, int Length, int[] Data);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(WaveformData))]
internal sealed partial class WaveformJson : JsonSerializerContext;
