using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Srtp;

/// <summary>What becomes of a packet for a protected track.</summary>
public enum SrtpEntry
{
    /// <summary>Verified, and plain now.</summary>
    Open,
    /// <summary>Dropped and counted.</summary>
    Refused,
    /// <summary>Not shown to have this track's key: it is as it came, and may be somebody else's.</summary>
    Unproven,
}

/// <summary>
/// Where packets of a pipeline's protected tracks are verified and made plain, before anything is done with them. What does not verify
/// changes nothing but a counter. Nothing is allocated for a packet, only for an SSRC that is new.
/// </summary>
/// <param name="known">Up to where earlier runs verified, from the journal.</param>
public sealed class SrtpGate(IReadOnlyDictionary<SrtpSource, long>? known = null) : IDisposable
{
    /// <summary>SSRCs a turn that are looked at for the first time: each costs as much as many packets, and anybody can send them.</summary>
    private const int SearchesATurn = 16;
    /// <summary>SSRCs that nobody expects and that did not verify are not looked at again so soon; as many are remembered.</summary>
    private static readonly TimeSpan FailedFor = TimeSpan.FromSeconds(1);
    private const int MaxFailed = 64;
    /// <summary>After so long a silence wraps may have been missed: even a thousand packets a second take half a minute for half a wrap.</summary>
    private static readonly TimeSpan LongSilence = TimeSpan.FromSeconds(20);
    /// <summary>How often the journal is told: a reader looks no further back than a few segments.</summary>
    private static readonly TimeSpan NoteEvery = TimeSpan.FromSeconds(5);

    private readonly Dictionary<SrtpSource, Source> sources = [];
    private readonly Dictionary<SrtpSource, long> restored = known?.ToDictionary() ?? [];
    private readonly Dictionary<SrtpSource, TimeSpan> failed = new(MaxFailed);       // when they did
    private readonly byte[] copy = new byte[DatagramBatch.MaxDatagram];
    private int strange, expected;                                                   // searches of this turn
    private TimeSpan noted = TimeSpan.MinValue;

    /// <summary>Forged, plain, or under another key: nobody can tell which.</summary>
    public long RefusedForged { get; private set; }
    public long RefusedReplayed { get; private set; }

    /// <param name="packet">The datagram as it came; becomes the plain packet.</param>
    /// <param name="header">Of the same.</param>
    /// <param name="track">It is protected.</param>
    public SrtpEntry Unprotect(MediaTrack track, in RtpPacket header, ref Span<byte> packet, TimeSpan arrival)
    {
        var source = new SrtpSource(track.Description.Number, header.Ssrc);
        if (packet.Length > copy.Length) return Refuse(SrtpProof.Forged);
        if (sources.TryGetValue(source, out var one) && one.Stream.IsEstablished)
        {
            bool longSilent = arrival - one.LastPacket >= LongSilence;
            if (longSilent) packet.CopyTo(copy);
            var proof = one.Stream.Unprotect(ref packet, header.HeaderLength);
            if (proof == SrtpProof.Verified)
            {
                if (arrival > one.LastPacket) one.LastPacket = arrival;
                return SrtpEntry.Open;
            }
            if (!longSilent) return Refuse(proof);
            copy.AsSpan(0, packet.Length).CopyTo(packet);                            // as it came
        }
        return Search(track, source, one, header.HeaderLength, ref packet, arrival);
    }

    /// <param name="ssrc">Of an SSRC that is bound: it verified before.</param>
    /// <param name="packet">Becomes the plain compound packet.</param>
    public SrtpEntry UnprotectRtcp(MediaTrack track, uint ssrc, ref Span<byte> packet)
    {
        if (!sources.TryGetValue(new SrtpSource(track.Description.Number, ssrc), out var one)) return Refuse(SrtpProof.Forged);
        var proof = one.Stream.UnprotectRtcp(ref packet);
        return proof == SrtpProof.Verified ? SrtpEntry.Open : Refuse(proof);
    }

    /// <summary>Counts a packet that came without what proves it.</summary>
    public void RefuseUnproven() => RefusedForged++;

    /// <summary>True once a packet of the track verified, in this run or one before.</summary>
    public bool HasVerified(int track)
    {
        foreach (var (source, one) in sources)
            if (source.Track == track && one.Stream.IsEstablished) return true;
        foreach (var source in restored.Keys)
            if (source.Track == track) return true;
        return false;
    }

    /// <summary>Ends a turn, and tells the journal now and then how far everybody is.</summary>
    public void Advance(JournalWriter? journal, TimeSpan now)
    {
        (strange, expected) = (0, 0);
        if (journal is null || (noted > TimeSpan.MinValue && now - noted < NoteEvery)) return;
        noted = now;
        foreach (var (source, one) in sources)
            if (one.Stream.Index >= 0) Note(journal, source, one.Stream.Index, now);
        foreach (var (source, index) in restored) Note(journal, source, index, now);
    }

    public void Dispose()
    {
        foreach (var one in sources.Values) one.Stream.Dispose();
    }

    private SrtpEntry Search(MediaTrack track, SrtpSource source, Source? one, int headerLength, ref Span<byte> packet, TimeSpan arrival)
    {
        bool before = restored.TryGetValue(source, out long floor);
        bool isExpected = one is not null || before || track.Description.Ssrc == source.Ssrc;
        if (!isExpected && failed.TryGetValue(source, out var last) && arrival - last < FailedFor) return SrtpEntry.Unproven;
        if ((isExpected ? expected++ : strange++) >= SearchesATurn) return SrtpEntry.Unproven;
        one ??= new Source(new SrtpStream(track.Description.Srtp!, source.Ssrc, before ? floor : -1));
        var proof = one.Stream.Search(ref packet, headerLength, copy);
        if (proof == SrtpProof.Verified)
        {
            (one.LastPacket, noted) = (arrival, TimeSpan.MinValue);
            restored.Remove(source);
        }
        if (isExpected || proof == SrtpProof.Verified) sources[source] = one;
        else
        {
            one.Stream.Dispose();
            if (failed.Count == MaxFailed) failed.Clear();
            failed[source] = arrival;
        }
        return proof == SrtpProof.Verified ? SrtpEntry.Open : isExpected ? Refuse(proof) : SrtpEntry.Unproven;
    }

    private SrtpEntry Refuse(SrtpProof proof)
    {
        if (proof == SrtpProof.Replayed) RefusedReplayed++;
        else RefusedForged++;
        return SrtpEntry.Refused;
    }

    private static void Note(JournalWriter journal, SrtpSource source, long index, TimeSpan now)
    {
        Span<byte> data = stackalloc byte[SrtpIndexRecord.Length];
        SrtpIndexRecord.Write(data, source.Ssrc, index);
        journal.AddPacket(RecordKind.SrtpIndex, source.Track, now, data);
    }

    private sealed class Source(SrtpStream stream)
    {
        public SrtpStream Stream => stream;
        /// <summary>The newest that verified.</summary>
        public TimeSpan LastPacket { get; set; } = TimeSpan.MinValue;
    }
}
