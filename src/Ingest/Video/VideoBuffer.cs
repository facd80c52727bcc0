using System.Buffers;

namespace Pipeline.Ingest.Video;

/// <summary>A packet that waits for those before it; its bytes are the buffer's.</summary>
/// <param name="Transit">Arrival − timestamp in ticks: what the packet's way took, but for a constant.</param>
internal readonly record struct WaitingVideo(
    int Epoch, long Sequence, long Timestamp, TimeSpan Arrival, long Transit, bool Marker, bool IsWithheld, int Rotation, byte[] Bytes, int Length)
{
    public ReadOnlySpan<byte> Payload => Bytes.AsSpan(0, Length);

    public bool IsBefore(int epoch, long sequence) => Epoch < epoch || (Epoch == epoch && Sequence < sequence);
}

/// <summary>Packets of one video stream in the order they were sent, copied into pooled arrays that are given back as packets leave.</summary>
internal sealed class VideoBuffer
{
    /// <summary>Twelve seconds of 40 Mbit/s, or of a thousand packets a second with next to nothing in them.</summary>
    private const int MaxBytes = 64 << 20, MaxPackets = 65536;

    private readonly List<WaitingVideo> ordered = [];                                // from `first` on; compacted when half is gone
    private int first;
    private long bytes;

    public int Count => ordered.Count - first;
    /// <summary>The first packet is to leave, due or not.</summary>
    public bool IsFull => bytes > MaxBytes || Count >= MaxPackets;
    public WaitingVideo this[int index] => ordered[first + index];

    /// <summary>Puts a packet at its place in the order, if there is none yet: two at one place would look as if what is between them were missing.</summary>
    /// <param name="packet">Its <see cref="WaitingVideo.Bytes"/> are the payload's copy's to be.</param>
    public void Insert(in WaitingVideo packet, ReadOnlySpan<byte> payload)
    {
        int at = ordered.Count;
        while (at > first && !ordered[at - 1].IsBefore(packet.Epoch, packet.Sequence)) at--;   // nearly always the end
        if (at < ordered.Count && ordered[at].Epoch == packet.Epoch && ordered[at].Sequence == packet.Sequence) return;
        byte[] copy = payload.IsEmpty ? [] : ArrayPool<byte>.Shared.Rent(payload.Length);
        payload.CopyTo(copy);
        ordered.Insert(at, packet with { Bytes = copy, Length = payload.Length });
        bytes += copy.Length;
    }

    /// <summary>Gives the first packet's array back.</summary>
    public void Release()
    {
        byte[] array = ordered[first].Bytes;
        bytes -= array.Length;
        if (array.Length > 0) ArrayPool<byte>.Shared.Return(array);
        first++;
        if (first < 256 || first < ordered.Count / 2) return;
        ordered.RemoveRange(0, first);
        first = 0;
    }
}
