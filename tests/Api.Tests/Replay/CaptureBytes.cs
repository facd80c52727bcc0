using System.Buffers.Binary;
using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

/// <summary>Writes small captures and wav files for readers to read.</summary>
internal static class CaptureBytes
{
    public static byte[] Rtp(uint ssrc, ushort sequence, int payloadLength = 20)
    {
        var packet = new byte[RtpHeader.Length + payloadLength];
        new RtpHeader(111, false, sequence, sequence * 960u, ssrc).Write(packet, extended: false);
        for (int i = RtpHeader.Length; i < packet.Length; i++) packet[i] = (byte)(sequence + i);
        return packet;
    }

    public static byte[] UdpInIPv4(byte[] payload, ushort port, ushort fragment = 0)
    {
        var packet = new byte[28 + payload.Length];
        packet[0] = 0x45;
        U16(packet, 2, packet.Length);
        U16(packet, 6, fragment);
        packet[9] = 17;
        return WithUdp(packet, 20, payload, port);
    }

    public static byte[] UdpInIPv6(byte[] payload, ushort port, bool withExtension = false)
    {
        int header = withExtension ? 48 : 40;
        var packet = new byte[header + 8 + payload.Length];
        packet[0] = 0x60;
        U16(packet, 4, packet.Length - 40);
        packet[6] = (byte)(withExtension ? 0 : 17);
        if (withExtension) packet[40] = 17;                       // hop by hop, 8 bytes
        return WithUdp(packet, header, payload, port);
    }

    /// <summary>The frame of a link type around an IP packet.</summary>
    public static byte[] Frame(int linkType, byte[] ip)
    {
        byte[] etherType = ip[0] >> 4 == 4 ? [0x08, 0x00] : [0x86, 0xDD];
        return linkType switch
        {
            0 => [2, 0, 0, 0, .. ip],
            1 => [.. new byte[12], .. etherType, .. ip],
            108 => [0, 0, 0, 2, .. ip],
            113 => [.. new byte[14], .. etherType, .. ip],
            276 => [.. etherType, .. new byte[18], .. ip],
            _ => ip,
        };
    }

    /// <param name="frames">Each with its time in units of the file: µs or ns.</param>
    public static byte[] Pcap(int linkType, IEnumerable<(long Time, byte[] Frame)> frames, bool bigEndian = false, bool nanoseconds = false)
    {
        int second = nanoseconds ? 1_000_000_000 : 1_000_000;
        var file = new Writer(bigEndian);
        file.U32(nanoseconds ? 0xA1B23C4D : 0xA1B2C3D4).U16(2).U16(4).U32(0).U32(0).U32(262144).U32((uint)linkType);
        foreach (var (time, frame) in frames)
            file.U32((uint)(time / second)).U32((uint)(time % second)).U32((uint)frame.Length).U32((uint)frame.Length).Bytes(frame);
        return file.ToArray();
    }

    /// <param name="resolution">The option if_tsresol; null leaves it out: microseconds.</param>
    public static byte[] Pcapng(int linkType, IEnumerable<(long Time, byte[] Frame)> frames, bool bigEndian = false, byte? resolution = null, bool simple = false)
    {
        var file = new Writer(bigEndian);
        Block(file, 0x0A0D0D0A, new Writer(bigEndian).U32(0x1A2B3C4D).U16(1).U16(0).U32(uint.MaxValue).U32(uint.MaxValue));
        var description = new Writer(bigEndian).U16((ushort)linkType).U16(0).U32(262144);
        if (resolution is { } code) description.U16(9).U16(1).Bytes([code, 0, 0, 0]).U16(0).U16(0);
        Block(file, 1, description);
        Block(file, 5, new Writer(bigEndian).U32(0).U32(0).U32(0));   // interface statistics: passed over
        foreach (var (time, frame) in frames)
        {
            var body = new Writer(bigEndian);
            if (!simple) body.U32(0).U32((uint)(time >> 32)).U32((uint)time).U32((uint)frame.Length);
            Block(file, simple ? 3u : 6u, body.U32((uint)frame.Length).Bytes(frame));
        }
        return file.ToArray();
    }

    public static byte[] Wav(int sampleRate, int channels, IReadOnlyList<short> samples)
    {
        var file = new Writer(bigEndian: false);
        file.Bytes("RIFF"u8).U32((uint)(36 + 2 * samples.Count)).Bytes("WAVE"u8);
        file.Bytes("fmt "u8).U32(16).U16(1).U16((ushort)channels).U32((uint)sampleRate).U32((uint)(2 * channels * sampleRate)).U16((ushort)(2 * channels)).U16(16);
        file.Bytes("data"u8).U32((uint)(2 * samples.Count));
        foreach (short sample in samples) file.U16((ushort)sample);
        return file.ToArray();
    }

    private static byte[] WithUdp(byte[] packet, int at, byte[] payload, ushort port)
    {
        U16(packet, at + 2, port);
        U16(packet, at + 4, 8 + payload.Length);
        payload.CopyTo(packet, at + 8);
        return packet;
    }

    private static void U16(byte[] bytes, int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), (ushort)value);

    private static void Block(Writer file, uint type, Writer body)
    {
        byte[] bytes = body.ToArray();
        int padding = (4 - bytes.Length % 4) % 4;
        uint length = (uint)(12 + bytes.Length + padding);
        file.U32(type).U32(length).Bytes(bytes).Bytes(new byte[padding]).U32(length);
    }

    private sealed class Writer(bool bigEndian)
    {
        private readonly List<byte> bytes = [];

        public Writer U16(ushort value) => bigEndian ? Bytes([(byte)(value >> 8), (byte)value]) : Bytes([(byte)value, (byte)(value >> 8)]);
        public Writer U32(uint value) => bigEndian ? U16((ushort)(value >> 16)).U16((ushort)value) : U16((ushort)value).U16((ushort)(value >> 16));
        public Writer Bytes(ReadOnlySpan<byte> more) { bytes.AddRange(more); return this; }
        public byte[] ToArray() => [.. bytes];
    }
}
