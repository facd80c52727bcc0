using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>Puts AV1 temporal units into RTP as "RTP Payload Format For AV1" 1.0 §4 says, using all that it allows: lengths and counts, OBUs in pieces, sizes kept.</summary>
internal static class Av1Packets
{
    private const int TemporalDelimiter = 2, SequenceHeader = 1;

    /// <param name="units">OBUs with sizes, delimiters among them; times in frames at 15 a second.</param>
    /// <param name="keepSizes">Leave OBUs their own sizes, which a sender should not and may.</param>
    public static List<byte[]> Make(IEnumerable<(long Time, byte[] Unit)> units, int mtu, bool keepSizes = false)
    {
        var random = new Random(11);
        var datagrams = new List<byte[]>();
        foreach (var (time, unit) in units)
        {
            var obus = Split(unit, keepSizes).Where(o => (o[0] >> 3 & 15) != TemporalDelimiter).ToList();
            bool isNew = obus.Any(o => (o[0] >> 3 & 15) == SequenceHeader), goesOn = false;
            int at = 0;                                                              // in the first of those left
            while (obus.Count > 0)
            {
                var elements = new List<byte[]>();
                int room = mtu - 20, first = goesOn ? 0x80 : 0;
                while (obus.Count > 0 && room > 8)
                {
                    int length = Math.Min(room, obus[0].Length - at);
                    elements.Add(obus[0][at..(at + length)]);
                    room -= length + 2;
                    at += length;
                    goesOn = at < obus[0].Length;
                    if (goesOn) break;
                    obus.RemoveAt(0);
                    at = 0;
                }
                bool counted = elements.Count <= 3 && random.Next(2) == 0;
                var payload = new List<byte> { (byte)(first | (goesOn ? 0x40 : 0) | (counted ? elements.Count << 4 : 0) | (isNew ? 0x08 : 0)) };
                isNew = false;
                for (int n = 0; n < elements.Count; n++)
                {
                    if (!counted || n < elements.Count - 1) payload.AddRange(Leb128(elements[n].Length));
                    payload.AddRange(elements[n]);
                }
                byte[] datagram = Datagram(77, (ushort)(65500 + datagrams.Count), (uint)(4_294_900_000 + 6000 * time), [.. payload], EncodedVideo.PayloadType);
                if (obus.Count == 0) datagram[1] |= 0x80;
                datagrams.Add(datagram);
            }
        }
        return datagrams;
    }

    private static IEnumerable<byte[]> Split(byte[] unit, bool keepSizes)
    {
        for (int at = 0; at < unit.Length;)
        {
            int header = (unit[at] & 4) != 0 ? 2 : 1, from = at, size = 0, shift = 0;
            at += header;
            do size |= (unit[at] & 0x7F) << shift;
            while ((unit[at++] & 0x80) != 0 && (shift += 7) < 56);
            byte[] head = unit[from..(from + header)];
            if (!keepSizes) head[0] &= 0xFD;
            yield return keepSizes ? unit[from..(at + size)] : [.. head, .. unit[at..(at + size)]];
            at += size;
        }
    }

    private static IEnumerable<byte> Leb128(int value)
    {
        for (; value > 0x7F; value >>= 7) yield return (byte)(value & 0x7F | 0x80);
        yield return (byte)value;
    }
}
