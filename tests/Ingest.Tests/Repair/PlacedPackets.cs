using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Tests.Repair;

/// <summary>What of a track got a place in its file, in order.</summary>
internal sealed class PlacedPackets : ITrackSink
{
    public readonly record struct Place(long Timestamp, long Start, string Payload, Recovery Recovery, int Lost, bool Fresh);

    public List<Place> Places { get; } = [];

    public void Write(in PlacedPacket placed) => Places.Add(new Place(
        placed.Packet.Timestamp, placed.FileStart, Convert.ToHexString(placed.Packet.Payload), placed.Packet.Recovery, placed.Lost, placed.Fresh));
}
