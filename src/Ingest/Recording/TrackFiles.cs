using System.Buffers.Binary;
using System.Security.Cryptography;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Recording;

/// <summary>A track's file while it is written: under its own name only when it is whole.</summary>
internal interface ITrackFile : ITrackSink, IDisposable
{
    string Path { get; }
    /// <summary>Of what is in it.</summary>
    string Codec { get; }

    /// <summary>Makes it as long as the meeting, and whole.</summary>
    /// <returns>Null, or why there is none.</returns>
    Task<string?> FinishAsync(CancellationToken ct);
}

/// <summary>Opus as it was sent, in Ogg.</summary>
internal sealed class OggTrackFile : ITrackFile
{
    private readonly PartFile file;
    private readonly OggOpusWriter writer;

    /// <param name="duration">Of the meeting, in samples at 48 kHz.</param>
    public OggTrackFile(string folder, MeetingKeys keys, TrackDescription track, long duration)
    {
        Path = System.IO.Path.Combine(folder, $"track-{track.Number:D3}.ogg");
        file = PartFile.Create(Path, keys);
        writer = new OggOpusWriter(file.Content, (uint)track.Number, track.Channels, track.Name, duration);
    }

    public string Path { get; }
    public string Codec => "opus";

    public void Write(in PlacedPacket placed) => writer.Write(placed);

    public Task<string?> FinishAsync(CancellationToken ct)
    {
        writer.Finish();
        file.Complete();
        return Task.FromResult<string?>(null);
    }

    public void Dispose() => file.Dispose();
}

/// <summary>
/// What browsers do not play in any container, decoded once: FLAC at the codec's own rate, each sample as the decoder made it. The samples
/// are written to disk and encoded at the end, so that however many tracks there are, one encoder runs.
/// </summary>
internal sealed class FlacTrackFile : ITrackFile, IPcmStore
{
    private readonly PartFile samples;
    private readonly MeetingKeys keys;
    private readonly ConcealingDecoder decoder;
    private readonly int sampleRate;
    private readonly string title, ffmpeg;
    private readonly long end;
    private readonly IncrementalHash sum = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly byte[] bytes = new byte[1 << 14];
    private long position;                                                           // samples written

    /// <param name="duration">Of the meeting, in samples at 48 kHz.</param>
    /// <param name="ffmpeg">The program, found through PATH.</param>
    public FlacTrackFile(string folder, MeetingKeys keys, TrackDescription track, long duration, string ffmpeg)
    {
        var codec = AudioCodec.Find(track.Codec);
        (this.keys, sampleRate, title, this.ffmpeg) = (keys, codec.SampleRate, track.Name, ffmpeg);
        end = duration * sampleRate / OpusPacket.ClockRate;
        Path = System.IO.Path.Combine(folder, $"track-{track.Number:D3}.flac");
        decoder = new ConcealingDecoder(codec, sampleRate, this);
        samples = PartFile.Create(Path + ".pcm", keys);
    }

    public string Path { get; }
    public string Codec => "flac";

    public void Write(in PlacedPacket placed) => decoder.Write(placed with { Start = placed.FileStart });

    public void Store(long start, ReadOnlySpan<float> pcm)
    {
        if (start < position)
        {
            int past = (int)Math.Min(position - start, pcm.Length);                  // a hole that the file has no room for
            start += past;
            pcm = pcm[past..];
        }
        FillWithSilence(Math.Min(start, end));
        if (pcm.Length > end - position) pcm = pcm[..(int)(end - position)];
        for (; !pcm.IsEmpty; pcm = pcm[Math.Min(pcm.Length, bytes.Length / 2)..])
        {
            var part = pcm[..Math.Min(pcm.Length, bytes.Length / 2)];
            for (int i = 0; i < part.Length; i++)
                BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(2 * i), (short)Math.Clamp(MathF.Round(part[i] * 32768), short.MinValue, short.MaxValue));
            Write(bytes.AsSpan(0, 2 * part.Length));
            position += part.Length;
        }
    }

    public async Task<string?> FinishAsync(CancellationToken ct)
    {
        FillWithSilence(end);
        samples.Content.Position = 0;
        using var file = PartFile.Create(Path, keys);
        using var metadata = new MemoryFile(FfmpegMetadata.Of(title));
        var outcome = await FfmpegProcess.RunAsync(FfmpegArguments.Flac(sampleRate, metadata.Path), samples.Content, file.Content, ct, ffmpeg);
        if (!outcome.Succeeded) return outcome.Detail;
        WriteTotals(file.Content);
        file.Complete();
        return null;
    }

    public void Dispose()
    {
        decoder.Dispose();
        samples.Dispose();
        sum.Dispose();
    }

    /// <summary>How many samples there are, and their checksum (RFC 9639 §8.2): an encoder that writes to a pipe cannot go back for them.</summary>
    private void WriteTotals(SealedFile file)
    {
        const int CountAt = 18, SumAt = 26, CountBits = 36;
        Span<byte> count = stackalloc byte[8];                                       // its upper bits say the rate and the shape of samples
        file.Position = CountAt;
        file.ReadExactly(count);
        BinaryPrimitives.WriteUInt64BigEndian(count, BinaryPrimitives.ReadUInt64BigEndian(count) >> CountBits << CountBits | (ulong)position);
        file.Position = CountAt;
        file.Write(count);
        file.Position = SumAt;
        file.Write(sum.GetHashAndReset());
    }

    private void FillWithSilence(long until)
    {
        if (position >= until) return;
        Array.Clear(bytes);
        while (position < until)
        {
            int count = (int)Math.Min(until - position, bytes.Length / 2);
            Write(bytes.AsSpan(0, 2 * count));
            position += count;
        }
    }

    private void Write(ReadOnlySpan<byte> pcm)
    {
        samples.Content.Write(pcm);
        sum.AppendData(pcm);
    }
}
