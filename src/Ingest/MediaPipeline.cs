using System.Buffers.Binary;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest;

/// <summary>
/// One packet's way, in order: verified where it is protected, parsed, bound to its track, into the journal, into its stream, and on two taps, captions at once and the
/// mix two seconds later. One meeting's; one thread's; has no clock, socket or file of its own.
/// </summary>
public sealed class MediaPipeline : IDisposable
{
    /// <summary>How long the recording waits for packets out of order. Long enough for a sender's repair, short enough for a live player.</summary>
    public static readonly TimeSpan RecordingDelay = TimeSpan.FromSeconds(2);
    /// <summary>And when a journal is played: longer than packets are held until a track claims them.</summary>
    public static readonly TimeSpan ReplayDelay = SourceBinding.HoldFor + RecordingDelay;

    private static readonly TimeSpan ShortestPacket = TimeSpan.FromMilliseconds(2.5);

    private readonly JournalWriter? journal;
    private readonly ISpeechSink? speech;
    private readonly SourceBinding shared;                                           // of the meeting's port
    private readonly List<SourceBinding> bindings;                                   // that, and one for each track with a port of its own
    private readonly Dictionary<int, SourceBinding> own = [];                        // by track
    private readonly List<MediaTrack> tracks = [];
    private readonly Withholding withholding;
    private readonly MeetingMix mixing;
    private readonly bool allowAnySender;
    private readonly Feedback feedback = new();
    private SrtpGate? gate;                                                          // once there is a protected track
    private long malformed, refusedRtcp;
    private TimeSpan advanced;

    /// <param name="journal">Null: the packets come from a journal.</param>
    /// <param name="mix">Null: no mix is wanted.</param>
    /// <param name="speech">Null: no captions are wanted.</param>
    /// <param name="allowAnySender">False: tracks that do not say where their sender is take loopback only.</param>
    public MediaPipeline(JournalWriter? journal, IMixSink? mix, ISpeechSink? speech, bool allowAnySender = false)
    {
        (this.journal, this.speech) = (journal, speech);
        (shared, withholding, mixing) = (new SourceBinding(allowAnySender), new Withholding(tracks), new MeetingMix(mix));
        (bindings, this.allowAnySender) = ([shared], allowAnySender);
    }

    public IReadOnlyList<MediaTrack> Tracks => tracks;
    /// <inheritdoc cref="MeetingMix.Decodes"/>
    public bool Decodes { get => mixing.Decodes; init => mixing.Decodes = value; }
    /// <inheritdoc cref="MeetingMix.Waveform"/>
    public Waveform? Waveform { get => mixing.Waveform; init => mixing.Waveform = value; }
    /// <inheritdoc cref="MeetingMix.Levels"/>
    public ILevelSink? Levels { get => mixing.Levels; init => mixing.Levels = value; }
    /// <summary>Which tracks are in the mix, looked at as they are added; null: all.</summary>
    public Func<TrackDescription, bool>? Mixes { get; init; }
    /// <summary>How long the mix waits for packets.</summary>
    public TimeSpan Delay { get; init; } = RecordingDelay;
    /// <summary>How far senders of SRTP had come in runs before this one.</summary>
    public IReadOnlyDictionary<SrtpSource, long>? SrtpIndexes { get; init; }
    /// <inheritdoc cref="Withholding.IsPaused"/>
    public bool IsPaused => withholding.IsPaused;
    /// <inheritdoc cref="MeetingMix.IsWhole"/>
    public bool MixIsWhole => mixing.IsWhole;

    /// <summary>The first sample that the mix gets of a run that begins then.</summary>
    public static long FirstSample(TimeSpan began) => MeetingMix.FirstSample(began);

    /// <summary>Begins in the middle of a meeting: what was before is in the journal of an earlier run.</summary>
    public void Begin(TimeSpan at)
    {
        mixing.Begin(at);
        advanced = at;
    }

    /// <inheritdoc cref="Withholding.Pause"/>
    public void Pause(TimeSpan at)
    {
        if (!IsPaused) advanced = at;
        withholding.Pause(at);
    }

    /// <inheritdoc cref="Withholding.Resume"/>
    public void Resume(TimeSpan at) => withholding.Resume(at);

    /// <inheritdoc cref="Withholding.IsDenied"/>
    public bool IsDenied(string participant) => withholding.IsDenied(participant);

    /// <inheritdoc cref="Withholding.SetConsent"/>
    public void SetConsent(string participant, bool denied, TimeSpan at, TimeSpan? said = null)
    {
        advanced = at > advanced ? at : advanced;
        withholding.SetConsent(participant, denied, at, said);
    }

    /// <inheritdoc cref="Withholding.EndAll"/>
    public void HearAll(TimeSpan at)
    {
        advanced = at > advanced ? at : advanced;
        withholding.EndAll(at);
    }

    /// <summary>From now on the track takes what its SSRC, or its payload type, sends.</summary>
    /// <returns>The track; the pipeline owns it.</returns>
    public MediaTrack AddTrack(TrackDescription description)
    {
        MediaTrack track;
        if (description.Kind == MediaKind.Video) track = new VideoTrack(description);
        else
        {
            var heard = new AudioTrack(description, speech, maxWaiting: (int)(Delay / ShortestPacket));
            heard.Player.TrustsLevels = journal is not null;                         // a render decodes what was left out
            if (Mixes?.Invoke(description) is not false) mixing.Add(heard);
            track = heard;
        }
        tracks.Add(track);
        if (description.Srtp is not null) gate ??= new SrtpGate(SrtpIndexes);
        if (description.OwnPort) bindings.Add(own[description.Number] = new SourceBinding(allowAnySender));
        BindingOf(description.Number).Add(track);
        withholding.Tell(track, advanced);
        return track;
    }

    /// <summary>From now on the track has this name and this SSRC; null: what it has, and what comes.</summary>
    public void ChangeTrack(int number, string name, uint? ssrc)
    {
        if (Find(number) is not { Ended: false } track) return;
        track.Change(name, ssrc);
        BindingOf(number).Rebind(track);
    }

    /// <summary>The track takes no more packets; what it has is played out.</summary>
    public void EndTrack(int number)
    {
        if (Find(number) is not { } track) return;
        BindingOf(number).Remove(track);
        track.End(advanced);
    }

    /// <summary>From now on senders are told what they should know, as far as they may be.</summary>
    public void SpeakThrough(IFeedbackSink sink, Random random) => feedback.SpeakThrough(sink, random);

    /// <summary>What is said to the track's sender is said there, whatever its packets show: plain RTCP, as a forwarder takes it.</summary>
    public void SetFeedback(int number, PeerAddress address)
    {
        if (Find(number) is { Ended: false } track) feedback.SetAddress(track, address);
    }

    /// <summary>Takes in one datagram.</summary>
    /// <param name="datagram">A protected packet is decrypted where it lies.</param>
    /// <param name="arrival">Since the meeting began.</param>
    /// <param name="ownPort">The number of the track to whose own port it came; 0: to the meeting's.</param>
    /// <param name="oddPort">It came to the port above that one.</param>
    public void Receive(Span<byte> datagram, PeerAddress peer, TimeSpan arrival, int ownPort = 0, bool oddPort = false)
    {
        var binding = BindingOf(ownPort);
        arrival = JournalFormat.FromMicroseconds(JournalFormat.ToMicroseconds(arrival));   // as the journal has it: played again, all comes out the same
        bool paused = withholding.IsPausedAt(arrival);
        if (RtpPacket.IsRtcp(datagram))
        {
            if (!paused) ReceiveRtcp(binding, datagram, new ReturnPath(peer, oddPort), arrival);
            return;
        }
        var entry = Open(binding, ref datagram, peer, arrival);
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

    /// <summary>Takes in one RTCP packet that the journal says is the track's.</summary>
    public void ReplayRtcp(int track, ReadOnlySpan<byte> datagram, TimeSpan arrival) => Find(track)?.ReceiveRtcp(datagram, arrival);

    /// <summary>Ends a drain: what came with it is one block of the journal.</summary>
    public void Commit() => journal?.Commit();

    /// <summary>Gives captions and mix what is due.</summary>
    /// <param name="now">Since the meeting began.</param>
    public void Advance(TimeSpan now)
    {
        foreach (var binding in bindings) binding.Expire(now);
        gate?.Advance(journal, now);
        advanced = now > advanced ? now : advanced;
        foreach (var track in tracks)
        {
            feedback.Advance(track, BindingOf(track.Description.Number), now);
            if (track is VideoTrack seen) seen.Show(now - Delay);
            if (track.Ended) continue;
            track.Withheld.ExtendTo(now);
            track.Advance(now);
        }
        mixing.Advance(now - Delay);
    }

    /// <summary>Notes a span in which packets came to the machine and were lost there: whose, nobody knows but for their port.</summary>
    /// <param name="ownPort">The number of the track to whose own port they came; 0: to the meeting's; null: to any.</param>
    public void NoteMissed(TimeSpan from, TimeSpan to, GapKind kind, int? ownPort = null)
    {
        foreach (var track in tracks)
            if ((ownPort is null || ownPort == (track.Description.OwnPort ? track.Description.Number : 0)) && !track.Ended && track.Withheld.Reason is null) track.AddGap(new Gap(from, to, kind));   // else they would not have been kept
    }

    /// <summary>Plays out everything, up to the end of the meeting and not a sample more.</summary>
    public void Finish(TimeSpan duration)
    {
        foreach (var track in tracks)
        {
            if (!track.Ended) track.Withheld.ExtendTo(duration);
            track.Withheld.CutAt(duration);
            track.End(duration);
            if (track is VideoTrack seen) seen.ShowAll();
        }
        mixing.Finish(duration);
    }

    /// <summary>Packets that belong to no track, by reason.</summary>
    public IReadOnlyDictionary<string, long> Refused() => new Dictionary<string, long>
    {
        ["malformed"] = malformed,
        ["unknown_ssrc"] = bindings.Sum(b => b.RefusedUnknown),
        ["wrong_address"] = bindings.Sum(b => b.RefusedAddress),
        ["wrong_payload_type"] = bindings.Sum(b => b.RefusedPayloadType),
        ["out_of_range"] = tracks.Sum(t => t.OutOfRange),
        ["srtp_auth"] = bindings.Sum(b => b.RefusedUnproven) + (gate?.RefusedForged ?? 0),
        ["srtp_replay"] = gate?.RefusedReplayed ?? 0,
    };

    /// <summary>What became of losses, of all tracks.</summary>
    public RepairTotals Repairs()
    {
        var recovered = default(RecoveredCounts);
        foreach (var track in tracks) recovered += track.Recovered;
        return new RepairTotals(recovered, feedback.Counts, refusedRtcp);
    }

    /// <summary>True once a packet of the track was shown to have its key, in this run or one before.</summary>
    public bool HasVerified(int track) => gate?.HasVerified(track) ?? false;

    public void Dispose()
    {
        foreach (var track in tracks) track.Dispose();
        gate?.Dispose();
        feedback.Dispose();
    }

    /// <summary>Makes a protected track's packet plain. <see cref="SrtpEntry.Unproven"/>: it is as it came.</summary>
    private SrtpEntry Open(SourceBinding binding, ref Span<byte> datagram, PeerAddress peer, TimeSpan arrival) =>
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
    private void Take(MediaTrack track, Span<byte> kept, bool headerOnly, in RtpPacket packet, TimeSpan arrival)
    {
        if (headerOnly || !track.MayKeep(packet, arrival))
        {
            kept = kept[..packet.HeaderLength];
            headerOnly = true;
        }
        else track.EraseWithheld(packet, kept.Slice(packet.HeaderLength, packet.Payload.Length), arrival);
        journal?.AddPacket(headerOnly ? RecordKind.RtpHeader : RecordKind.Rtp, track.Description.Number, arrival, kept);
        if (headerOnly) track.ReceiveHeader(packet, arrival);
        else track.Receive(packet, arrival);
    }

    /// <summary>Only from where an SSRC is bound: else anybody could fill the disk, or move a clock.</summary>
    private void ReceiveRtcp(SourceBinding binding, Span<byte> datagram, ReturnPath from, TimeSpan arrival)
    {
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]);
        var track = binding.Owner(ssrc, from.Peer);
        if (track is null || (track.Description.Srtp is not null && gate!.UnprotectRtcp(track, ssrc, ref datagram) != SrtpEntry.Open))
        {
            refusedRtcp++;
            return;
        }
        binding.NoteRtcp(ssrc, from);
        if (!track.Withheld.Takes(arrival)) return;
        journal?.AddPacket(RecordKind.Rtcp, track.Description.Number, arrival, datagram);
        track.ReceiveRtcp(datagram, arrival);
    }

    /// <param name="track">One without a port of its own, or 0: the meeting's.</param>
    private SourceBinding BindingOf(int track) => track != 0 && own.TryGetValue(track, out var binding) ? binding : shared;

    private MediaTrack? Find(int number)
    {
        foreach (var track in tracks)
            if (track.Description.Number == number) return track;
        return null;
    }
}
