using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Jitter;

/// <summary>One packet as its sender made it.</summary>
/// <param name="At">When its first sample was taken, by the meeting's clock: the truth.</param>
internal sealed record SentPacket(int Id, TimeSpan At, uint Ssrc, long Sequence, long Timestamp, int Duration, byte[] Payload)
{
    public byte[] Bytes => Datagram(Ssrc, (ushort)Sequence, (uint)Timestamp, Payload);
}

/// <summary>A sender's media clock: its timestamps go on with what it sends, whatever time does meanwhile.</summary>
internal sealed class SimulatedSender(uint ssrc = 7, long sequence = 65000, long timestamp = 4294000000)
{
    private static int ids;
    private double rest, restOfSample;                                               // of a tick, of its clock's sample

    /// <summary>What its media clock gains on the meeting's, parts per million.</summary>
    public double DriftPpm { get; set; }
    public TimeSpan Now { get; set; }
    /// <summary>What its media clock shows.</summary>
    public long Timestamp => timestamp;
    public long Sequence => sequence;
    public List<SentPacket> Sent { get; } = [];

    public void Talk(TimeSpan length, int duration = 960)
    {
        for (var until = Now + length; Now < until;) Send(duration);
    }

    public SentPacket Send(int duration = 960, byte[]? payload = null, long timestampBomb = 0)
    {
        int id = Interlocked.Increment(ref ids);
        var packet = new SentPacket(id, Now, ssrc, sequence++, timestamp + timestampBomb, duration, payload ?? Payload(id, duration));
        Sent.Add(packet);
        timestamp += duration;
        double ticks = duration * TimeSpan.TicksPerSecond / (48000 * (1 + 1e-6 * DriftPpm)) + rest;
        Now += TimeSpan.FromTicks((long)ticks);
        rest = ticks - (long)ticks;
        return packet;
    }

    /// <summary>Time goes by and the media clock stands: a microphone that stalls, a browser that freezes.</summary>
    public void Stall(TimeSpan length) => Now += length;

    /// <summary>Timestamps go on from elsewhere; nothing else happens.</summary>
    public void JumpTimestamp(long by) => timestamp += by;

    /// <summary>Media time goes by and nothing is sent: discontinuous transmission.</summary>
    public void Pause(TimeSpan length)
    {
        Now += length;
        double samples = Samples(length) * (1 + 1e-6 * DriftPpm) + restOfSample;
        timestamp += (long)samples;
        restOfSample = samples - (long)samples;
    }
}

/// <summary>What a track made of the packets that reached it.</summary>
internal sealed class SimulatedTrack : IDisposable
{
    public readonly record struct Place(int Id, long Start, int Duration, int Lost, int Missing, bool Fresh, long FileStart, bool InFile);

    public AudioTrack Track { get; } = new(Datagrams.Track(), speech: null);
    public List<Place> Places { get; } = [];

    /// <summary>Takes the packets in as they arrive and places them two seconds later, every 20 ms, as the pipeline does.</summary>
    public static SimulatedTrack Play(IEnumerable<SentPacket> sent, SimulatedLink<SentPacket> link)
    {
        foreach (var packet in sent.OrderBy(p => p.At)) link.Send(packet, packet.At);
        var played = new SimulatedTrack();
        var now = TimeSpan.Zero;
        foreach (var (packet, arrival) in link.DeliverAll())
        {
            for (; now < arrival; now += Ms(20)) played.Take(Horizon(now));
            Assert.True(RtpPacket.TryParse(packet.Bytes, out var parsed));
            played.Track.Receive(parsed, arrival);
        }
        played.Take(Horizon(now + Ms(4000)));
        return played;
    }

    public TrackQuality Quality => Track.Quality();
    public void Dispose() => Track.Dispose();

    /// <summary>Places packet by packet: in order, in the file never one over another, in the mix by no more than the mix moves them apart again.</summary>
    public void AssertInOrder(string seed)
    {
        for (int i = 1; i < Places.Count; i++)
            Assert.True(Places[i].Start >= Places[i - 1].Start + Places[i - 1].Duration - 720, $"{seed}: packet {Places[i].Id} lies over the one before it");
        long end = 0;
        foreach (var place in Places.Where(p => p.InFile))
        {
            Assert.True(place.FileStart >= end, $"{seed}: packet {place.Id} lies over the one before it in the file");
            end = place.FileStart + place.Duration;
        }
    }

    /// <summary>Each of those sent that is placed lies where it was made plus what the quickest packet took.</summary>
    public void AssertPlaced(IEnumerable<SentPacket> sent, TimeSpan delay, string seed, double toleranceMs = 15)
    {
        var places = Places.Where(p => p.Id != 0).ToDictionary(p => p.Id);
        foreach (var packet in sent)
        {
            if (!places.TryGetValue(packet.Id, out var place)) continue;
            double error = (place.Start - Samples(packet.At + delay)) / 48.0;
            Assert.True(Math.Abs(error) <= toleranceMs, $"{seed}: the packet of {packet.At.TotalSeconds:0.000} s lies {error:0.0} ms from its place");
        }
    }

    private void Take(long horizon)
    {
        while (Track.Place(horizon, out var placed))
        {
            int id = placed.Packet.Payload.Length >= 6 ? IdOf(placed.Packet.Payload) : 0;
            Places.Add(new Place(id, placed.Start, placed.Duration, placed.Lost, placed.Missing, placed.Fresh, placed.FileStart, placed.InFile));
        }
    }

    private static long Horizon(TimeSpan now) => Samples(now - MediaPipeline.RecordingDelay) + 960 + TrackPlayer.WriteAhead;
}
