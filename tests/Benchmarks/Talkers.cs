using System.Buffers.Binary;
using System.Net;
using Pipeline.Ingest.Streams;

namespace Pipeline.Benchmarks;

/// <summary>
/// What 50 meetings of 10 talkers send: each an Opus packet of 120 bytes every 20 ms with an audio level, up to 8 ms late, none lost.
/// One datagram a talker is stamped again for every tick, as a receiver's slab is filled again. Seeded: always the same.
/// </summary>
internal sealed class Talkers
{
    public const int Meetings = 50, TracksEach = 10, Count = Meetings * TracksEach;
    public const int PayloadLength = 120;
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private const int Seed = 42;
    private const byte PayloadType = 111, AudioLevelId = 1;
    private const byte HybridFullband20Ms = 15 << 3;                                 // the TOC octet: mono, one frame (RFC 6716 §3.1)
    private const int HeaderLength = 12 + 8, DatagramLength = HeaderLength + PayloadLength;
    /// <summary>A prime, so that no talker meets the same luck in the same order as another.</summary>
    private const int Lateness = 65537;

    private readonly byte[] slab = new byte[Count * DatagramLength];
    private readonly ushort[] firstSequence = new ushort[Count];
    private readonly uint[] firstTimestamp = new uint[Count];
    private readonly short[] lateUs = new short[Lateness];

    public Talkers()
    {
        var random = new Random(Seed);
        random.NextBytes(slab);
        for (int talker = 0; talker < Count; talker++)
        {
            firstSequence[talker] = (ushort)random.Next();
            firstTimestamp[talker] = (uint)random.NextInt64(uint.MaxValue);
            var datagram = slab.AsSpan(talker * DatagramLength, DatagramLength);
            datagram[0] = 0x90;                                                      // version 2, header extension
            datagram[1] = PayloadType;
            BinaryPrimitives.WriteUInt32BigEndian(datagram[8..], Ssrc(talker));
            BinaryPrimitives.WriteUInt32BigEndian(datagram[12..], 0xBEDE_0001);      // RFC 8285 §4.2, one word
            datagram[16] = AudioLevelId << 4;
            datagram[17] = (byte)random.Next(20, 50);                                // −dBov
            datagram[18..20].Clear();
            datagram[HeaderLength] = HybridFullband20Ms;
        }
        for (int i = 0; i < Lateness; i++) lateUs[i] = (short)random.Next(8000);
    }

    public static uint Ssrc(int talker) => (uint)(0x1000_0000 + talker);

    public static TrackDescription Track(int talker) => new(
        talker % TracksEach + 1, $"participant-{talker}", $"Participant {talker}", "opus", PayloadType, 48000, 1, Ssrc(talker), AudioLevelId,
        IPNetwork.Parse("127.0.0.0/8"));

    /// <summary>When the talker's packet of the tick arrives, since the meeting began.</summary>
    public TimeSpan Arrival(int talker, int tick) =>
        Tick * tick + new TimeSpan(lateUs[((uint)tick * Count + (uint)talker) % Lateness] * TimeSpan.TicksPerMicrosecond);

    /// <summary>The talker's packet of the tick. Valid until the talker's next.</summary>
    public Span<byte> Datagram(int talker, int tick)
    {
        var datagram = slab.AsSpan(talker * DatagramLength, DatagramLength);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], (ushort)(firstSequence[talker] + tick));
        BinaryPrimitives.WriteUInt32BigEndian(datagram[4..], firstTimestamp[talker] + (uint)(tick * 960));
        return datagram;
    }
}
