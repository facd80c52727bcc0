using System.Buffers.Binary;

namespace Pipeline.TestKit;

/// <summary>A 16-bit PCM WAV file in memory.</summary>
/// <param name="Samples">The first channel, −1 … 1.</param>
public sealed record WavFile(int SampleRate, float[] Samples)
{
    /// <exception cref="InvalidDataException">It is no RIFF file of 16-bit PCM.</exception>
    public static WavFile Read(string path)
    {
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        if (file.Length < 12 || !file[..4].SequenceEqual("RIFF"u8) || !file[8..12].SequenceEqual("WAVE"u8))
            throw new InvalidDataException($"{path} is no WAV file.");

        int channels = 0, rate = 0;
        for (int at = 12; at + 8 <= file.Length;)
        {
            var id = file.Slice(at, 4);
            int length = BinaryPrimitives.ReadInt32LittleEndian(file[(at + 4)..]);
            var body = file[(at + 8)..];
            if (id.SequenceEqual("fmt "u8))
            {
                if (BinaryPrimitives.ReadInt16LittleEndian(body[14..]) != 16) throw new InvalidDataException($"{path} is not 16-bit.");
                channels = BinaryPrimitives.ReadInt16LittleEndian(body[2..]);
                rate = BinaryPrimitives.ReadInt32LittleEndian(body[4..]);
            }
            else if (id.SequenceEqual("data"u8))
            {
                // A writer that streamed did not know the length.
                return new WavFile(rate, Decode(body[..(int)Math.Min((uint)length, (uint)body.Length)], channels));
            }
            at += 8 + length + (length & 1);                 // whatever else there is, LIST and the like, is stepped over
        }
        throw new InvalidDataException($"{path} has no samples.");
    }

    /// <summary>Writes one channel; what is beyond −1 … 1 is cut.</summary>
    public static void Write(string path, ReadOnlySpan<float> samples, int sampleRate)
    {
        var file = new byte[44 + 2 * samples.Length];
        "RIFF"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), 1);                 // PCM
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), sampleRate);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), 2 * sampleRate);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), 16);
        "data"u8.CopyTo(file.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(40), 2 * samples.Length);
        for (int n = 0; n < samples.Length; n++)
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(44 + 2 * n), (short)Math.Clamp(MathF.Round(samples[n] * 32768), short.MinValue, short.MaxValue));
        File.WriteAllBytes(path, file);
    }

    private static float[] Decode(ReadOnlySpan<byte> pcm, int channels)
    {
        int frame = 2 * channels;
        float[] samples = new float[pcm.Length / frame];
        for (int n = 0; n < samples.Length; n++)
            samples[n] = BinaryPrimitives.ReadInt16LittleEndian(pcm[(n * frame)..]) / 32768f;
        return samples;
    }
}
