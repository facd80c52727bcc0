using System.Buffers.Binary;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest;

/// <summary>Takes the meeting's mix. Called from the media loop: never blocks.</summary>
public interface IMixSink
{
    /// <param name="frame">The next samples of the meeting, 48 kHz mono float; without a gap from the meeting's first on.</param>
    void Write(ReadOnlySpan<float> frame);
}

/// <summary>
/// One packet's way, in order: verified where it is protected, parsed, bound to its track, into the journal, into its stream, and on two taps, captions at once and the
/// mix two seconds later. One meeting's; one thread's; has no clock, socket or file of its own.
/// </summary>
/// <param name="journal">Null: the packets come from a journal.</param>
/// <param name="mix">Null: no mix is wanted.</param>
/// <param name="speech">Null: no captions are wanted.</param>
/// <param name="allowAnySender">False: tracks that do not say where their sender is take loopback only.</param>
public sealed class MediaPipeline(JournalWriter? journal, IMixSink? mix, ISpeechSink? speech, bool allowAnySender = false) : IDisposable
{
    /// <summary>How long the recording waits for packets out of order. Long enough for a sender's repair, short enough for a live player.</summary>
    public static readonly TimeSpan RecordingDelay = TimeSpan.FromSeconds(2);
    /// <summary>And when a journal is played: longer than packets are held until a track claims them.</summary>
    public static readonly TimeSpan ReplayDelay = SourceBinding.HoldFor + RecordingDelay;

    private static readonly TimeSpan ShortestPacket = TimeSpan.FromMilliseconds(2.5);

    private readonly SourceBinding binding = new(allowAnySender);
    private readonly List<MediaTrack> tracks = [];
    private readonly Dictionary<string, (bool Denied, TimeSpan At)> consents = [];   // by participant: those that were said
    private readonly Mixer mixer = new();
    private SrtpGate? gate;                                                          // once there is a protected track
    private long mixed, malformed;
    private TimeSpan advanced, resumed = TimeSpan.FromDays(-1);

    public IReadOnlyList<MediaTrack> Tracks => tracks;
    /// <summary>False: packets are placed and not decoded; there is no mix and no level.</summary>
    public bool Decodes { get; init; } = true;
    /// <summary>Takes the shape of the mix; null: nobody wants it.</summary>
    public Waveform? Waveform { get; init; }
    /// <summary>Takes how loud everybody is; null: nobody ever wants to know.</summary>
    public ILevelSink? Levels { get; init; }
    /// <summary>How long the mix waits for packets.</summary>
    public TimeSpan Delay { get; init; } = RecordingDelay;
    /// <summary>How far senders of SRTP had come in runs before this one.</summary>
    public IReadOnlyDictionary<SrtpSource, long>? SrtpIndexes { get; init; }
    /// <summary>True while only headers are kept.</summary>
    public bool IsPaused { get; private set; }
    /// <summary>False once sound came for which the mix had not waited; the journal has it.</summary>
    public bool MixIsWhole { get; private set; } = true;

    /// <summary>Begins in the middle of a meeting: what was before is in the journal of an earlier run.</summary>
    public void Begin(TimeSpan at)
    {
        mixed = OpusPacket.ToSamples(at) / Mixer.FrameSize * Mixer.FrameSize;
        mixer.Begin(mixed);
        advanced = at;
    }

    /// <summary>Until <see cref="Resume"/> payloads are discarded as they arrive; headers keep the time line and the statistics.</summary>
    public void Pause(TimeSpan at)
    {
        if (IsPaused) return;
        IsPaused = true;
        advanced = at;
        foreach (var track in tracks)
            if (!track.Ended) track.Withhold(GapKind.Pause, at);
    }

    /// <summary>What arrives from then on is recorded again. Said again, the pause that just ended lasted until then.</summary>
    public void Resume(TimeSpan at)
    {
        foreach (var track in tracks)
        {
            if (track.Ended) continue;
            if (!IsPaused) track.HearLater(resumed, at);
            else if (IsDenied(track.Description.Participant)) track.Withhold(GapKind.Consent, at);
            else track.Hear(at);
        }
        (IsPaused, resumed) = (false, at);
    }

    /// <summary>True while of all tracks of the participant only headers are kept.</summary>
    public bool IsDenied(string participant) => consents.TryGetValue(participant, out var consent) && consent.Denied;

    /// <summary>
    /// What the participant says holds for all their tracks, those to come too. While they deny consent, payloads are discarded as they
    /// arrive; a pause does so before that.
    /// </summary>
    /// <param name="said">When it was first said, where this is the second time: it holds from <paramref name="at"/> on indeed.</param>
    public void SetConsent(string participant, bool denied, TimeSpan at, TimeSpan? said = null)
    {
        bool wasDenied = IsDenied(participant);
        if (denied != wasDenied || said is not null) consents[participant] = (denied, at);
        advanced = at > advanced ? at : advanced;
        foreach (var track in tracks)
        {
            if (track.Ended || track.Description.Participant != participant || IsPaused) continue;
            if (denied) track.Withhold(GapKind.Consent, at);
            else if (wasDenied) track.Hear(at);
            else if (said is { } first) track.HearLater(first, at);
        }
    }

    /// <summary>A run is over, and the next says itself what is withheld in it.</summary>
    public void HearAll(TimeSpan at)
    {
        if (IsPaused) Resume(at);
        foreach (string participant in consents.Keys.Where(IsDenied).ToList()) SetConsent(participant, denied: false, at);
    }

    /// <summary>From now on the track takes what its SSRC, or its payload type, sends.</summary>
    /// <returns>The track; the pipeline owns it.</returns>
    public MediaTrack AddTrack(TrackDescription description)
    {
        var track = new MediaTrack(description, speech, maxWaiting: (int)(Delay / ShortestPacket));
        tracks.Add(track);
        if (description.Srtp is not null) gate ??= new SrtpGate(SrtpIndexes);
        binding.Add(track);
        mixer.Add(track.Player);
        if (IsPaused) track.Withhold(GapKind.Pause, advanced);
        else if (IsDenied(description.Participant)) track.Withhold(GapKind.Consent, advanced);
        else if (consents.TryGetValue(description.Participant, out var consent)) track.Hear(consent.At);   // what is held of it may be older
        return track;
    }

    /// <summary>From now on the track has this name and this SSRC; null: what it has, and what comes.</summary>
    public void ChangeTrack(int number, string name, uint? ssrc)
    {
        if (Find(number) is not { Ended: false } track) return;
        track.Change(name, ssrc);
        binding.Rebind(track);
    }

    /// <summary>The track takes no more packets; what it has is played out.</summary>
    public void EndTrack(int number)
    {
        if (Find(number) is not { } track) return;
        binding.Remove(track);
        track.End(advanced);
    }

    /// <summary>Takes in one datagram.</summary>
    /// <param name="datagram">A protected packet is decrypted where it lies.</param>
    /// <param name="arrival">Since the meeting began.</param>
    public void Receive(Span<byte> datagram, PeerAddress peer, TimeSpan arrival)
    {
        bool paused = IsPaused || arrival < resumed;                                 // it may have lain in the socket when the pause ended
        if (RtpPacket.IsRtcp(datagram))
        {
            if (!paused) ReceiveRtcp(datagram, peer, arrival);
            return;
        }
        var entry = Open(ref datagram, peer, arrival);
        if (entry == SrtpEntry.Refused) return;
        if (!RtpPacket.TryParse(datagram, out var packet))                           // of ciphertext the padding cannot be read
        {
            bool mayBeCipher = RtpPacket.TryParseHeader(datagram, out packet) && entry == SrtpEntry.Unproven && binding.MayBeCipher(packet, arrival);
            if (!mayBeCipher) { malformed++; return; }
        }

        var kept = paused ? datagram[..packet.HeaderLength] : datagram;              // from here on nobody sees more
        switch (binding.Decide(packet, kept, peer, arrival, verified: entry == SrtpEntry.Open, out var track))
        {
            case Verdict.NewlyBound:
                journal?.AppendAsync(new SsrcBound(track!.Description.Number, packet.Ssrc, JournalFormat.ToMicroseconds(arrival)), arrival);
                foreach (var held in binding.TakeHeld(packet.Ssrc)) TakeHeld(track!, held);
                Take(track!, kept, paused, packet, arrival);
                break;
            case Verdict.Bound:
                Take(track!, kept, paused, packet, arrival);
                break;
        }
    }

    /// <summary>Takes in one packet that the journal says is the track's.</summary>
    public void Replay(int track, ReadOnlySpan<byte> datagram, TimeSpan arrival)
    {
        if (Find(track) is { } owner && RtpPacket.TryParse(datagram, out var packet)) owner.Receive(packet, arrival);
    }

    /// <summary>The same for one whose header alone is in the journal.</summary>
    public void ReplayHeader(int track, ReadOnlySpan<byte> header, TimeSpan arrival)
    {
        if (Find(track) is { } owner && RtpPacket.TryParseHeader(header, out var packet)) owner.ReceiveHeader(packet, arrival);
    }

    /// <summary>Ends a drain: what came with it is one block of the journal.</summary>
    public void Commit() => journal?.Commit();

    /// <summary>Gives captions and mix what is due.</summary>
    /// <param name="now">Since the meeting began.</param>
    public void Advance(TimeSpan now)
    {
        binding.Expire(now);
        gate?.Advance(journal, now);
        advanced = now > advanced ? now : advanced;
        foreach (var track in tracks)
        {
            if (track.Ended) continue;
            track.ExtendWithheld(now);
            track.AdvanceCaptions(now);
        }
        MixUntil(OpusPacket.ToSamples(now - Delay));
    }

    /// <summary>Notes a span in which packets came to the machine and were lost there: whose, nobody knows.</summary>
    public void NoteMissed(TimeSpan from, TimeSpan to, GapKind kind)
    {
        foreach (var track in tracks)
            if (!track.Ended && track.Withheld is null) track.AddGap(new Gap(from, to, kind));   // else they would not have been kept
    }

    /// <summary>Plays out everything, up to the end of the meeting and not a sample more.</summary>
    public void Finish(TimeSpan duration)
    {
        foreach (var track in tracks)
        {
            if (!track.Ended) track.ExtendWithheld(duration);
            track.CutWithheld(duration);
            track.End(duration);
        }
        long end = OpusPacket.ToSamples(duration);
        if (mixed > end) MixIsWhole = false;                                         // it is longer than the meeting: the wall clock was set back, or the stop took long
        MixUntil(end);
        if (mixed < end) MixFrame((int)(end - mixed));
    }

    /// <summary>Packets that belong to no track, by reason.</summary>
    public IReadOnlyDictionary<string, long> Refused() => new Dictionary<string, long>
    {
        ["malformed"] = malformed,
        ["unknown_ssrc"] = binding.RefusedUnknown,
        ["wrong_address"] = binding.RefusedAddress,
        ["wrong_payload_type"] = binding.RefusedPayloadType,
        ["out_of_range"] = tracks.Sum(t => t.OutOfRange),
        ["srtp_auth"] = binding.RefusedUnproven + (gate?.RefusedForged ?? 0),
        ["srtp_replay"] = gate?.RefusedReplayed ?? 0,
    };

    /// <summary>True once a packet of the track was shown to have its key, in this run or one before.</summary>
    public bool HasVerified(int track) => gate?.HasVerified(track) ?? false;

    public void Dispose()
    {
        foreach (var track in tracks) track.Dispose();
        gate?.Dispose();
    }

    /// <summary>Makes a protected track's packet plain. <see cref="SrtpEntry.Unproven"/>: it is as it came.</summary>
    private SrtpEntry Open(ref Span<byte> datagram, PeerAddress peer, TimeSpan arrival) =>
        gate is null || !RtpPacket.TryParseHeader(datagram, out var header) || binding.Claimant(header, peer, arrival) is not { } track
            ? SrtpEntry.Unproven
            : gate.Unprotect(track, header, ref datagram, arrival);

    /// <summary>What came before its track was known, and could not be decrypted then.</summary>
    private void TakeHeld(MediaTrack track, HeldPacket held)
    {
        Span<byte> bytes = held.Bytes;
        if (track.Description.Srtp is not null)
        {
            if (held.HeaderOnly || !RtpPacket.TryParseHeader(bytes, out var header)) { gate!.RefuseUnproven(); return; }
            if (gate!.Unprotect(track, header, ref bytes, held.Arrival) != SrtpEntry.Open) return;
        }
        bool whole = held.HeaderOnly ? RtpPacket.TryParseHeader(bytes, out var packet) : RtpPacket.TryParse(bytes, out packet);
        if (whole) Take(track, bytes, held.HeaderOnly, packet, held.Arrival);
        else malformed++;
    }

    /// <param name="kept">The datagram, or its header alone.</param>
    private void Take(MediaTrack track, ReadOnlySpan<byte> kept, bool headerOnly, in RtpPacket packet, TimeSpan arrival)
    {
        if (!track.TakesPayload(arrival))
        {
            kept = kept[..packet.HeaderLength];
            headerOnly = true;
        }
        journal?.AddPacket(headerOnly ? RecordKind.RtpHeader : RecordKind.Rtp, track.Description.Number, arrival, kept);
        if (headerOnly) track.ReceiveHeader(packet, arrival);
        else track.Receive(packet, arrival);
    }

    /// <summary>Kept for whoever reads the journal later; only from where an SSRC is bound, or anybody could fill the disk.</summary>
    private void ReceiveRtcp(Span<byte> datagram, PeerAddress peer, TimeSpan arrival)
    {
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]);
        if (binding.Owner(ssrc, peer) is not { } track || !track.TakesPayload(arrival)) return;
        if (track.Description.Srtp is not null && gate!.UnprotectRtcp(track, ssrc, ref datagram) != SrtpEntry.Open) return;
        journal?.AddPacket(RecordKind.Rtcp, track.Description.Number, arrival, datagram);
    }

    private void MixUntil(long end)
    {
        while (mixed + Mixer.FrameSize <= end) MixFrame(Mixer.FrameSize);
    }

    private void MixFrame(int samples)
    {
        long horizon = mixer.Position + Mixer.FrameSize + TrackPlayer.WriteAhead;
        foreach (var track in tracks)
            while (track.Place(horizon, out var placed))
            {
                if (placed.Start < mixed) MixIsWhole = false;
                if (Decodes) track.Player.Write(placed);
            }
        mixed += samples;
        if (!Decodes) { mixer.Skip(); return; }

        mixer.Mix(out var frame);
        foreach (var track in tracks) track.NoteLevel(mixed);
        if (mixed % LevelReading.Span == 0) GiveLevels();
        mix?.Write(frame[..samples]);
        Waveform?.Write(frame[..samples]);
    }

    private void GiveLevels()
    {
        if (Levels is not { IsWanted: true })
        {
            foreach (var track in tracks) track.TakeLevel();                         // who begins to look is told of what comes
            return;
        }
        var at = OpusPacket.ToTime(mixed);
        var levels = new List<TrackLevel>(tracks.Count);
        foreach (var track in tracks)
        {
            var level = track.TakeLevel();
            if (at <= track.EndedAt) levels.Add(level);
        }
        Levels.Write(new LevelReading(at, levels));
    }

    private MediaTrack? Find(int number)
    {
        foreach (var track in tracks)
            if (track.Description.Number == number) return track;
        return null;
    }
}
