namespace Pipeline.Ingest.Srtp;

/// <summary>A packet's place among all its sender protected with one key: roll-over count × 65536 + sequence number (RFC 3711 §3.3.1).</summary>
internal static class PacketIndex
{
    /// <summary>The index nearest to the highest so far; never below 0, where the receiver began before the first wrap.</summary>
    public static long Nearest(long highest, ushort sequence)
    {
        long index = highest + (short)(sequence - (ushort)highest);                  // the cast takes the shorter way round
        return index < 0 ? index + 0x10000 : index;
    }

    public static long Of(uint rollOver, ushort sequence) => (long)rollOver << 16 | sequence;
    public static uint RollOver(long index) => (uint)(index >> 16);
}
