using Pipeline.Ingest.Net;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Streams;

/// <summary>What is to become of a packet, by who sent it.</summary>
public enum Verdict
{
    /// <summary>It belongs to a track.</summary>
    Bound,
    /// <summary>Its SSRC just became a track's: what was held of it comes first.</summary>
    NewlyBound,
    /// <summary>Nobody's yet; it may be soon.</summary>
    Held,
    /// <summary>Counted and forgotten.</summary>
    Refused,
}

/// <summary>A packet of an SSRC that is no track's yet.</summary>
/// <param name="HeaderOnly">Its payload was discarded as it arrived, or it had none.</param>
public readonly record struct HeldPacket(TimeSpan Arrival, byte[] Bytes, bool HeaderOnly);

/// <summary>
/// Which SSRC belongs to which track, and from where it may come. A track that names its SSRC takes that one only; another adopts the
/// first new SSRC of its payload type, and one more when the old has been silent for a second, after two packets in sequence (RFC 3550
/// §A.1: noise on the port adopts nothing). An SSRC stays with its sender's address; it moves only within the track's declared network,
/// after two seconds of silence. Of a protected track's packets only those count that verified: such an SSRC is adopted with the first,
/// and moves at once.
/// </summary>
public sealed class SourceBinding(bool allowAnySender)
{
    /// <summary>How long packets wait for a track that wants them.</summary>
    public static readonly TimeSpan HoldFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AdoptAfter = TimeSpan.FromSeconds(1), MoveAfter = TimeSpan.FromSeconds(2);
    /// <summary>How often a sender may change from one track's payload type to another's.</summary>
    private static readonly TimeSpan StaysFor = TimeSpan.FromMilliseconds(100);
    /// <summary>SSRCs nobody claims yet, and what is held of them.</summary>
    private const int MaxHeld = 8, MaxHeldBytes = 1 << 20;
    /// <summary>SSRCs a turn that are looked at, of each sort: a flood of them costs memory that is to be freed.</summary>
    private const int MaxNewcomers = 64;
    /// <summary>SSRCs a track may have at once; the one that was silent longest makes room.</summary>
    private const int MaxBound = 16;
    private const int MaxLeft = 256;

    private readonly Dictionary<uint, BoundSource> bound = [];
    private readonly List<HeldSource> held = [];
    private readonly Dictionary<uint, MediaTrack> left = [];                         // SSRCs whose track is gone or took another: the last few
    private readonly Queue<uint> leftInOrder = new();
    private readonly List<MediaTrack> tracks = [];
    private int heldBytes, newcomers, wantedNewcomers;                               // this turn

    public long RefusedAddress { get; private set; }
    public long RefusedPayloadType { get; private set; }
    public long RefusedUnknown { get; private set; }
    /// <summary>Would have been a protected track's, and did not verify.</summary>
    public long RefusedUnproven { get; private set; }

    public void Add(MediaTrack track) => tracks.Add(track);

    public void Remove(MediaTrack track)
    {
        tracks.Remove(track);
        foreach (var (ssrc, source) in bound)
        {
            if (source.Track != track) continue;
            bound.Remove(ssrc);
            Leave(ssrc, track);
        }
    }

    /// <summary>
    /// What the track's description says now holds: an SSRC it names is its own and nobody else's, and others it had are nobody's. One
    /// that names none keeps what it has.
    /// </summary>
    public void Rebind(MediaTrack track)
    {
        if (track.Description.Ssrc is null) return;
        foreach (var (ssrc, source) in bound)
        {
            bool own = track.Description.Names(ssrc);
            if (own == (source.Track == track)) continue;
            bound.Remove(ssrc);
            if (!own) Leave(ssrc, track);
        }
    }

    /// <summary>The protected track that will take a packet with this header if it verifies; null: none will.</summary>
    public MediaTrack? Claimant(in RtpPacket header, PeerAddress peer, TimeSpan now)
    {
        var track = Prospect(header, now);
        return track is { Description.Srtp: not null } && track.Description.TakesPayloadType(header.PayloadType) && MaySend(track, peer) ? track : null;
    }

    /// <summary>False when a packet with this header would be a plain track's.</summary>
    public bool MayBeCipher(in RtpPacket header, TimeSpan now) => Prospect(header, now) is null or { Description.Srtp: not null };

    /// <param name="kept">What may be held of it: the datagram, or its header alone.</param>
    /// <param name="verified">It was protected with its track's key.</param>
    /// <param name="track">The owner, for <see cref="Verdict.Bound"/> and <see cref="Verdict.NewlyBound"/>.</param>
    public Verdict Decide(in RtpPacket packet, ReadOnlySpan<byte> kept, PeerAddress peer, TimeSpan now, bool verified, out MediaTrack? track)
    {
        track = null;
        if (bound.TryGetValue(packet.Ssrc, out var source))
        {
            if (!source.Track.Description.TakesPayloadType(packet.PayloadType))
            {
                if (OtherOwner(source, packet, peer, now) is not { } other) { RefusedPayloadType++; return Verdict.Refused; }
                bound[packet.Ssrc] = new BoundSource(other) { Peer = peer, LastPacket = now, Former = source.Track, Since = now };
                track = other;
                return Verdict.NewlyBound;
            }
            if (!verified && source.Track.Description.Srtp is not null) { RefuseUnproven(source.Track, peer); return Verdict.Refused; }
            if (!verified && source.Peer != peer && !MayMove(source, peer, now)) { RefusedAddress++; return Verdict.Refused; }
            (source.Peer, source.LastPacket) = (peer, now);
            track = source.Track;
            return Verdict.Bound;
        }

        var owner = OwnerFor(packet, now);
        if (owner is not null && !MaySend(owner, peer)) { RefusedAddress++; return Verdict.Refused; }
        var waiting = Find(packet.Ssrc);
        if (!verified && waiting is not null && waiting.Peer != peer) { RefusedAddress++; return Verdict.Refused; }
        bool proven = verified || (owner?.Description is { Srtp: null } plain
            && (plain.Names(packet.Ssrc) || waiting?.NextSequence == packet.SequenceNumber || (plain.AdoptsRepair(packet.PayloadType) && Sends(owner, peer))));
        if (owner is null || !proven)
        {
            return Hold(waiting, packet, kept, peer, now, unproven: owner is { Description.Srtp: not null }) ? Verdict.Held : Verdict.Refused;
        }

        MakeRoomOf(owner);
        bound[packet.Ssrc] = new BoundSource(owner) { Peer = peer, LastPacket = now };
        track = owner;
        return Verdict.NewlyBound;
    }

    /// <summary>The track whose bound SSRC this is, if it comes from where that one does.</summary>
    public MediaTrack? Owner(uint ssrc, PeerAddress peer) =>
        bound.TryGetValue(ssrc, out var source) && IsSameHost(source.Peer, peer) ? source.Track : null;

    private static bool IsSameHost(PeerAddress one, PeerAddress other) => one with { Port = 0 } == other with { Port = 0 };

    /// <summary>From there the sender of the SSRC sends its RTCP, and there it listens.</summary>
    public void NoteRtcp(uint ssrc, ReturnPath path)
    {
        if (bound.TryGetValue(ssrc, out var source)) source.Rtcp = path;
    }

    /// <summary>
    /// Where RTCP for the SSRC's sender goes. False where nothing shows that it is there: neither a key nor a network that was declared.
    /// </summary>
    public bool TryGetReturn(uint ssrc, out ReturnPath path)
    {
        path = default;
        if (!bound.TryGetValue(ssrc, out var source) || source.Track.Description is { Srtp: null, From: null }) return false;
        path = source.Rtcp is { } rtcp && IsSameHost(rtcp.Peer, source.Peer) ? rtcp : new ReturnPath(source.Peer, OddPort: false);
        return true;
    }

    /// <summary>What was held of the SSRC before its track was known, in order of arrival; it is held no longer.</summary>
    public IReadOnlyList<HeldPacket> TakeHeld(uint ssrc)
    {
        if (Find(ssrc) is not { } source) return [];
        held.Remove(source);
        heldBytes -= source.Bytes;
        return source.Packets;
    }

    /// <summary>Forgets what nobody claimed for ten seconds.</summary>
    public void Expire(TimeSpan now)
    {
        (newcomers, wantedNewcomers) = (0, 0);
        for (int i = held.Count - 1; i >= 0; i--)
        {
            var source = held[i];
            int old = 0;
            for (; old < source.Packets.Count && now - source.Packets[old].Arrival > HoldFor; old++)
            {
                source.Bytes -= source.Packets[old].Bytes.Length;
                heldBytes -= source.Packets[old].Bytes.Length;
            }
            source.Packets.RemoveRange(0, old);
            Refuse(source, old);
            if (source.Packets.Count == 0) held.RemoveAt(i);
        }
    }

    private void Leave(uint ssrc, MediaTrack track)
    {
        if (left.TryAdd(ssrc, track)) leftInOrder.Enqueue(ssrc);
        else left[ssrc] = track;
        if (left.Count > MaxLeft) left.Remove(leftInOrder.Dequeue());
    }

    private void MakeRoomOf(MediaTrack track)
    {
        var (count, oldest) = (0, default(KeyValuePair<uint, BoundSource>));
        foreach (var source in bound)
        {
            if (source.Value.Track != track || track.Description.Names(source.Key)) continue;
            if (count++ == 0 || source.Value.LastPacket < oldest.Value.LastPacket) oldest = source;
        }
        if (count >= MaxBound) bound.Remove(oldest.Key);
    }

    private MediaTrack? Prospect(in RtpPacket header, TimeSpan now) =>
        bound.TryGetValue(header.Ssrc, out var source) ? source.Track : OwnerFor(header, now);

    private MediaTrack? OwnerFor(in RtpPacket packet, TimeSpan now)
    {
        foreach (var track in tracks)
            if (track.Description.Names(packet.Ssrc)) return track.Description.TakesPayloadType(packet.PayloadType) ? track : null;
        bool hasLeft = left.TryGetValue(packet.Ssrc, out var former);                // and is nobody else, if it still sends
        foreach (var track in tracks)
        {
            if (hasLeft && track != former) continue;
            if (track.Description.Adopts(packet.PayloadType) && now - track.LastPacket >= AdoptAfter) return track;
            if (track.Description.AdoptsRepair(packet.PayloadType)) return track;
        }
        return null;
    }

    /// <summary>
    /// The track of a payload type that a sender changed to under its SSRC: another codec is another track. Plain tracks only: a key is a
    /// track's own.
    /// </summary>
    private MediaTrack? OtherOwner(BoundSource source, in RtpPacket packet, PeerAddress peer, TimeSpan now)
    {
        if (source.Peer != peer || source.Track.Description.Srtp is not null || now - source.Since < StaysFor) return null;
        foreach (var track in tracks)
        {
            if (track == source.Track || track.Description.Srtp is not null || !MaySend(track, peer)) continue;
            bool isFree = track == source.Former || now - track.LastPacket >= AdoptAfter;
            bool takes = track.Description.Names(packet.Ssrc) ? track.Description.TakesPayloadType(packet.PayloadType) : track.Description.Adopts(packet.PayloadType) && isFree;
            if (takes) return track;
        }
        return null;
    }

    /// <summary>Something of the track comes from exactly there.</summary>
    private bool Sends(MediaTrack track, PeerAddress peer)
    {
        foreach (var source in bound.Values)
            if (source.Track == track && source.Peer == peer) return true;
        return false;
    }

    private bool MaySend(MediaTrack track, PeerAddress peer) =>
        track.Description.From is { } network
        ? peer.IsIn(network)
        : track.Description.Srtp is not null || allowAnySender || peer.IsLoopback;

    /// <summary>Of a protected track; one from elsewhere was not even looked at.</summary>
    private void RefuseUnproven(MediaTrack track, PeerAddress peer)
    {
        if (MaySend(track, peer)) RefusedUnproven++;
        else RefusedAddress++;
    }

    private static bool MayMove(BoundSource source, PeerAddress peer, TimeSpan now) =>
        source.Track.Description.From is { } network && peer.IsIn(network) && now - source.LastPacket >= MoveAfter;

    private bool Hold(HeldSource? source, in RtpPacket packet, ReadOnlySpan<byte> kept, PeerAddress peer, TimeSpan now, bool unproven)
    {
        if (source is null)
        {
            bool wanted = IsWanted(packet.Ssrc, packet.PayloadType);
            bool tooMany = (wanted ? wantedNewcomers++ : newcomers++) >= MaxNewcomers;
            if (tooMany || (held.Count == MaxHeld && !MakeRoom(wanted))) { RefusedUnknown++; return false; }
            source = new HeldSource(packet.Ssrc, packet.PayloadType, peer);
            held.Add(source);
        }
        else source.IsSteady |= source.NextSequence == packet.SequenceNumber;
        source.NextSequence = (ushort)(packet.SequenceNumber + 1);
        source.IsUnproven |= unproven;
        if (heldBytes + kept.Length > MaxHeldBytes) { RefusedUnknown++; return false; }
        source.Packets.Add(new HeldPacket(now, kept.ToArray(), HeaderOnly: kept.Length == packet.HeaderLength));
        source.Bytes += kept.Length;
        heldBytes += kept.Length;
        return true;
    }

    /// <summary>
    /// Noise must keep no newcomer out, nor what a track announced late will want: forgotten is first what came once and no track would
    /// take, then what came once, then what no track takes; of those the oldest. False: the new one is the least itself.
    /// </summary>
    private bool MakeRoom(bool forWanted)
    {
        var least = held[0];
        foreach (var source in held)
            if (Worth(source) < Worth(least)) least = source;
        if (!forWanted && IsWanted(least.Ssrc, least.PayloadType)) return false;
        Forget(least);
        return true;
    }

    private int Worth(HeldSource source) => (source.IsSteady ? 2 : 0) + (IsWanted(source.Ssrc, source.PayloadType) ? 1 : 0);

    private bool IsWanted(uint ssrc, byte payloadType)
    {
        foreach (var track in tracks)
            if (track.Description.Adopts(payloadType) || track.Description.AdoptsRepair(payloadType) || (track.Description.Names(ssrc) && track.Description.TakesPayloadType(payloadType))) return true;
        return false;
    }

    private void Forget(HeldSource source)
    {
        held.Remove(source);
        heldBytes -= source.Bytes;
        Refuse(source, source.Packets.Count);
    }

    private void Refuse(HeldSource source, int packets)
    {
        if (source.IsUnproven) RefusedUnproven += packets;
        else RefusedUnknown += packets;
    }

    private HeldSource? Find(uint ssrc)
    {
        foreach (var source in held)
            if (source.Ssrc == ssrc) return source;
        return null;
    }

    private sealed class BoundSource(MediaTrack track)
    {
        public MediaTrack Track => track;
        public PeerAddress Peer { get; set; }
        /// <summary>Where its RTCP came from; null: none did.</summary>
        public ReturnPath? Rtcp { get; set; }
        public TimeSpan LastPacket { get; set; }
        /// <summary>Whose it was under another payload type.</summary>
        public MediaTrack? Former { get; init; }
        public TimeSpan Since { get; init; } = TimeSpan.FromDays(-1);
    }

    private sealed class HeldSource(uint ssrc, byte payloadType, PeerAddress peer)
    {
        public uint Ssrc => ssrc;
        /// <summary>Of its first packet.</summary>
        public byte PayloadType => payloadType;
        public PeerAddress Peer => peer;
        public ushort NextSequence { get; set; }
        /// <summary>Two packets came in sequence: random datagrams do not do that.</summary>
        public bool IsSteady { get; set; }
        /// <summary>A protected track would have taken a packet of it, had it verified.</summary>
        public bool IsUnproven { get; set; }
        public int Bytes { get; set; }
        public List<HeldPacket> Packets { get; } = [];
    }
}
