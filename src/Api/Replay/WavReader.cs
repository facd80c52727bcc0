using System.Buffers.Binary;

namespace Pipeline.Api.Replay;

/// <param name="Samples">Mono, −1 … 1.</param>
public sealed record WavSound(int SampleRate, ReadOnlyMemory<float> Samples);

/// <summary>Reads RIFF WAVE files of 16-bit PCM, mono or stereo; stereo is mixed to mono.</summary>
public static class WavReader
{
    public const int MinSampleRate = 4000, MaxSampleRate = 192_000;
    private const ushort Pcm = 1, Extensible = 0xFFFE;
    /// <summary>What programs write that could not go back to fill in the length.</summary>
    private const uint UntilTheEnd = 0xFFFF_FFFF;

    public static bool IsWav(ReadOnlySpan<byte> file) =>
        file.Length >= 12 && file[..4].SequenceEqual("RIFF"u8) && file[8..12].SequenceEqual("WAVE"u8);

    /// <exception cref="ReplayException">The file is no wav, is cut short, or holds something else than 16-bit PCM of one or two channels.</exception>
    public static WavSound Read(ReadOnlySpan<byte> file)
    {
        if (!IsWav(file)) throw new ReplayException("The file is not a wav file.");
        int channels = 0, sampleRate = 0;
        for (var rest = file[12..]; rest.Length >= 8;)
        {
            //  id, 4 letters | length u32 | body, padded to an even length
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            bool isData = rest[..4].SequenceEqual("data"u8), isFormat = rest[..4].SequenceEqual("fmt "u8);
            var body = rest[8..];
            if (isData && length == UntilTheEnd) length = (uint)body.Length;
            if (length > body.Length) throw new ReplayException("The wav file is cut short.");
            body = body[..(int)length];

            if (isFormat) (channels, sampleRate) = ReadFormat(body);
            if (isData && channels == 0) throw new ReplayException("The wav file holds sound before it says in which format.");
            if (isData) return new WavSound(sampleRate, ReadSamples(body, channels));
            rest = rest[(int)Math.Min(8 + (long)length + length % 2, rest.Length)..];
        }
        throw new ReplayException("The wav file holds no sound.");
    }

    private static (int Channels, int SampleRate) ReadFormat(ReadOnlySpan<byte> body)
    {
        //  format u16 | channels u16 | sample rate u32 | bytes a second u32 | bytes a frame u16 | bits u16 | …, extensible: format u16 at 24
        if (body.Length < 16) throw new ReplayException("The wav file is cut short.");
        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(body);
        if (format == Extensible && body.Length >= 26) format = BinaryPrimitives.ReadUInt16LittleEndian(body[24..]);
        ushort channels = BinaryPrimitives.ReadUInt16LittleEndian(body[2..]), bits = BinaryPrimitives.ReadUInt16LittleEndian(body[14..]);
        uint sampleRate = BinaryPrimitives.ReadUInt32LittleEndian(body[4..]);
        if (format != Pcm || bits != 16 || channels is not (1 or 2))
            throw new ReplayException($"The wav file is not 16-bit PCM of one or two channels (format {format}, {bits} bits, {channels} channels).");
        if (sampleRate is < MinSampleRate or > MaxSampleRate)
            throw new ReplayException($"The wav file's sample rate of {sampleRate} Hz is not between {MinSampleRate} and {MaxSampleRate}.");
        return (channels, (int)sampleRate);
    }

    private static float[] ReadSamples(ReadOnlySpan<byte> body, int channels)
    {
        var samples = new float[body.Length / (2 * channels)];
        for (int n = 0; n < samples.Length; n++)
        {
            int sum = 0;
            for (int c = 0; c < channels; c++) sum += BinaryPrimitives.ReadInt16LittleEndian(body[(2 * (n * channels + c))..]);
            samples[n] = sum / (32768f * channels);
        }
        return samples;
    }
}
