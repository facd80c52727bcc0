using System.Runtime.InteropServices;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Repair;

namespace Pipeline.Ingest.Jitter;

/// <summary>One packet that waits for those before it. Owned by the buffer; valid until it is released.</summary>
public sealed class BufferedPacket
{
    private byte[] bytes = new byte[256];
    private int length;

    /// <summary>Which of the track's streams, in the order they began: packets of a later epoch come after all of an earlier one.</summary>
    public int Epoch { get; private set; }
    public long Sequence { get; private set; }
    /// <summary>Unwrapped, in clock ticks, comparable within the epoch.</summary>
    public long Timestamp { get; private set; }
    /// <summary>Since the meeting began.</summary>
    public TimeSpan Arrival { get; private set; }
    public uint Ssrc { get; private set; }
    /// <summary>−dBov, 0 loud … 127 silent (RFC 6464); −1 where the sender did not say.</summary>
    public int AudioLevel { get; private set; }
    /// <summary>How it came, where it did not come by itself.</summary>
    public Recovery Recovery { get; private set; }
    public ReadOnlySpan<byte> Payload => bytes.AsSpan(0, length);

    internal void Fill(
        int epoch, long sequence, long timestamp, TimeSpan arrival, int audioLevel, ReadOnlySpan<byte> payload, uint ssrc, Recovery recovery)
    {
        (Epoch, Sequence, Timestamp, Arrival, AudioLevel, Ssrc, length) = (epoch, sequence, timestamp, arrival, audioLevel, ssrc, payload.Length);
        Recovery = recovery;
        if (bytes.Length < length) bytes = new byte[Math.Max(length, 2 * bytes.Length)];
        payload.CopyTo(bytes);
    }

    internal bool IsBefore(int epoch, long sequence) => Epoch < epoch || (Epoch == epoch && Sequence < sequence);
    internal bool Is(int epoch, long sequence) => Epoch == epoch && Sequence == sequence;
}

/// <summary>What is looked at of every packet that waits: side by side, as a look ahead at fifty packets would else be fifty cache misses.</summary>
/// <param name="Transit">Arrival − timestamp in samples at 48 kHz: what the packet's way took, but for a constant.</param>
internal readonly record struct WaitingPacket(BufferedPacket Packet, int Epoch, long Timestamp, long Transit)
{
    /// <summary>Of one that came by another way, which says nothing about its own: later than any that did.</summary>
    public const long NoTransit = 1L << 60;
}

/// <summary>
/// Packets of one track in the order they were sent. Knows nothing of time: its reader decides how long to wait. Packets are copied
/// into slots that are used again, so at its steady size it allocates nothing.
/// </summary>
/// <param name="capacity">Packets; 500 are ten seconds of 20 ms.</param>
public sealed class JitterBuffer(int capacity = 500)
{
    private readonly List<WaitingPacket> ordered = new(64);   // from `first` on; a list as queue, compacted when half is gone
    private readonly Stack<BufferedPacket> free = new();
    private int first;

    public int Count => ordered.Count - first;
    public bool IsFull => Count >= capacity;
    public BufferedPacket this[int index] => ordered[first + index].Packet;
    /// <summary>All, in order. Valid until the next call that changes the buffer.</summary>
    internal ReadOnlySpan<WaitingPacket> Waiting => CollectionsMarshal.AsSpan(ordered)[first..];

    /// <summary>
    /// Copies the payload in, at its place in the order. The caller has made room, and refused duplicates but for what was recovered: of
    /// two the original stays, else the first.
    /// </summary>
    public void Insert(
        int epoch, long sequence, long timestamp, TimeSpan arrival, int audioLevel, ReadOnlySpan<byte> payload, uint ssrc = 0, Recovery recovery = Recovery.None)
    {
        int at = ordered.Count;
        while (at > first && !ordered[at - 1].Packet.IsBefore(epoch, sequence)) at--;       // nearly always the end
        bool isThere = at < ordered.Count && ordered[at].Packet.Is(epoch, sequence);
        if (isThere && recovery != Recovery.None) return;

        var packet = isThere ? ordered[at].Packet : free.TryPop(out var used) ? used : new BufferedPacket();
        long transit = recovery == Recovery.None ? OpusPacket.ToSamples(arrival) - timestamp : WaitingPacket.NoTransit;
        packet.Fill(epoch, sequence, timestamp, arrival, audioLevel, payload, ssrc, recovery);
        var waiting = new WaitingPacket(packet, epoch, timestamp, transit);
        if (isThere) ordered[at] = waiting;
        else ordered.Insert(at, waiting);
    }

    /// <summary>Gives the first packet's slot back.</summary>
    public void Release()
    {
        free.Push(ordered[first].Packet);
        first++;
        if (first < 64 || first < ordered.Count / 2) return;
        ordered.RemoveRange(0, first);
        first = 0;
    }
}
