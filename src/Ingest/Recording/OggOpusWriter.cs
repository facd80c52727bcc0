using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Recording;

/// <summary>
/// One track as Ogg Opus (RFC 3533, RFC 7845): the packets as they were sent, each at its place. Holes are filled, as players ignore
/// jumps of the granule position: up to 100 ms with packets of only a TOC octet, which a decoder conceals, beyond with Opus silence.
/// </summary>
public sealed class OggOpusWriter : ITrackSink
{
    private const int PreSkip = OpusDecoder.CodecDelay;
    private const int MaxPageDuration = OpusPacket.ClockRate;                        // a page a second
    private const byte FirstPage = 2, LastPage = 4;
    // Silent CELT full-band mono frames (RFC 6716 §4.3), by duration in samples; six of 20 ms make the longest packet there is.
    private static readonly (int Duration, byte[] Packet)[] Silence =
    [
        (5760, [0xFB, 6, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE, 0xFF, 0xFE]),
        (960, [0xF8, 0xFF, 0xFE]), (480, [0xF0, 0xFF, 0xFE]), (240, [0xE8, 0xFF, 0xFE]), (120, [0xE0, 0xFF, 0xFE]),
    ];

    private readonly Stream output;
    private readonly uint serial;
    private readonly ArrayBufferWriter<byte> body = new();
    private readonly long end;
    private readonly byte[] lacing = new byte[255];
    private int segments, pageNumber, pageDuration;
    private byte toc;

    /// <param name="output">Written in order; the caller disposes it.</param>
    /// <param name="serial">Names the logical stream; the same for the same track, so that the file comes out the same.</param>
    /// <param name="channels">1 or 2, what players open the device with.</param>
    /// <param name="duration">The meeting's length in samples at 48 kHz, to which the file is made.</param>
    public OggOpusWriter(Stream output, uint serial, int channels, string title, long duration)
    {
        (this.output, this.serial, end) = (output, serial, duration + PreSkip);
        byte[] head = [.. "OpusHead"u8, 1, (byte)Math.Clamp(channels, 1, 2), 0, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(10), PreSkip);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), OpusPacket.ClockRate);
        AddPacket(head, 0);
        WritePage(FirstPage, 0);
        AddPacket(Tags(title), 0);
        WritePage(0, 0);
    }

    /// <summary>Samples at 48 kHz written since the meeting began.</summary>
    public long Position { get; private set; }

    public void Write(in PlacedPacket placed)
    {
        if (placed.FileStart >= end) return;
        if (placed.Missing is > 0 and <= ConcealingDecoder.MaxConcealed)
        {
            FillWithSilence(placed.FileStart - placed.Missing);
            FillWithConcealment(placed.FileStart);
        }
        FillWithSilence(placed.FileStart);
        var payload = placed.Packet.Payload;
        toc = payload[0];
        AddAudio(payload, placed.Duration);
    }

    /// <summary>Fills up to the end and closes the logical stream there, to the sample (end trimming, RFC 7845 §4.4).</summary>
    public void Finish()
    {
        while (Position < end) FillWithSilence(Math.Max(end, Position + 120));
        WritePage(LastPage, end);
        output.Flush();
    }

    private void FillWithConcealment(long until)
    {
        Span<byte> lost = [(byte)(toc & 0xFC)];
        int duration = OpusPacket.Duration(lost);
        while (Position > 0 && Position + duration <= until) AddAudio(lost, duration);
    }

    private void FillWithSilence(long until)
    {
        foreach (var (duration, packet) in Silence)
            while (Position + duration <= until) AddAudio(packet, duration);
    }

    private void AddAudio(ReadOnlySpan<byte> packet, int duration)
    {
        if (pageDuration + duration > MaxPageDuration || segments + packet.Length / 255 + 1 > lacing.Length) WritePage(0, Position);
        AddPacket(packet, duration);
        Position += duration;
    }

    private void AddPacket(ReadOnlySpan<byte> packet, int duration)
    {
        for (int rest = packet.Length; ; rest -= 255)
        {
            lacing[segments++] = (byte)Math.Min(rest, 255);
            if (rest < 255) break;
        }
        body.Write(packet);
        pageDuration += duration;
    }

    private void WritePage(byte flags, long granule)
    {
        Span<byte> header = stackalloc byte[27];
        header.Clear();
        "OggS"u8.CopyTo(header);
        header[5] = flags;
        BinaryPrimitives.WriteInt64LittleEndian(header[6..], granule);
        BinaryPrimitives.WriteUInt32LittleEndian(header[14..], serial);
        BinaryPrimitives.WriteInt32LittleEndian(header[18..], pageNumber++);
        header[26] = (byte)segments;

        var lengths = lacing.AsSpan(0, segments);
        var packets = body.WrittenSpan;
        uint crc = OggCrc.Add(OggCrc.Add(OggCrc.Add(0, header), lengths), packets);
        BinaryPrimitives.WriteUInt32LittleEndian(header[22..], crc);
        output.Write(header);
        output.Write(lengths);
        output.Write(packets);
        (segments, pageDuration) = (0, 0);
        body.ResetWrittenCount();
    }

    private static byte[] Tags(string title)
    {
        byte[] vendor = "pipeline"u8.ToArray(), comment = Encoding.UTF8.GetBytes("TITLE=" + title);
        var tags = new byte[8 + 4 + vendor.Length + 4 + 4 + comment.Length];
        "OpusTags"u8.CopyTo(tags);
        BinaryPrimitives.WriteInt32LittleEndian(tags.AsSpan(8), vendor.Length);
        vendor.CopyTo(tags, 12);
        int at = 12 + vendor.Length;
        BinaryPrimitives.WriteInt32LittleEndian(tags.AsSpan(at), 1);
        BinaryPrimitives.WriteInt32LittleEndian(tags.AsSpan(at + 4), comment.Length);
        comment.CopyTo(tags, at + 8);
        return tags;
    }
}

/// <summary>The checksum of an Ogg page: polynomial 0x04C11DB7, not reflected, from zero (RFC 3533 §6).</summary>
internal static class OggCrc
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(n => Row((uint)n << 24))];

    public static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes) crc = crc << 8 ^ Table[crc >> 24 ^ b];
        return crc;
    }

    private static uint Row(uint value)
    {
        for (int bit = 0; bit < 8; bit++) value = (value & 0x80000000) != 0 ? value << 1 ^ 0x04C11DB7 : value << 1;
        return value;
    }
}
