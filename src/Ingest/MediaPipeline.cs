using System.Buffers.Binary;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest;

/// <summary>Takes the meeting's mix. Called from the media loop: never blocks.</summary>
public interface IMixSink
{
    /// <param name="frame">The next samples of the meeting, 48 kHz mono float; without a gap from the meeting's first on.</param>
    void Write(ReadOnlySpan<float> frame);
}

/// <summary>
/// One packet's way, in order: parsed, bound to its track, into the journal, into its stream, and on two taps, captions at once and the
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
    private readonly Mixer mixer = new();
    private long mixed, malformed;
    private TimeSpan advanced, resumed = TimeSpan.MinValue;

    public IReadOnlyList<MediaTrack> Tracks => tracks;
    /// <summary>False: packets are placed and not decoded; there is no mix and no level.</summary>
    public bool Decodes { get; init; } = true;
    /// <summary>Takes the shape of the mix; null: nobody wants it.</summary>
    public Waveform? Waveform { get; init; }
    /// <summary>Takes how loud everybody is; null: nobody ever wants to know.</summary>
    public ILevelSink? Levels { get; init; }
    /// <summary>How long the mix waits for packets.</summary>
    public TimeSpan Delay { get; init; } = RecordingDelay;
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
            if (!track.Ended) track.Pause(at);
    }

    /// <summary>What arrives from then on is recorded again. Said again, the pause that just ended lasted until then.</summary>
    public void Resume(TimeSpan at)
    {
        foreach (var track in tracks)
            if (!track.Ended) track.ExtendPause(at);
        (IsPaused, resumed) = (false, at);
    }

    /// <summary>From now on the track takes what its SSRC, or its payload type, sends.</summary>
    /// <returns>The track; the pipeline owns it.</returns>
    public MediaTrack AddTrack(TrackDescription description)
    {
        var track = new MediaTrack(description, speech, maxWaiting: (int)(Delay / ShortestPacket));
        tracks.Add(track);
        binding.Add(track);
        mixer.Add(track.Player);
        if (IsPaused) track.Pause(advanced);
        return track;
    }

    /// <summary>The track takes no more packets; what it has is played out.</summary>
    public void EndTrack(int number)
    {
        if (Find(number) is not { } track) return;
        binding.Remove(track);
        track.End(advanced);
    }

    /// <summary>Takes in one datagram.</summary>
    /// <param name="arrival">Since the meeting began.</param>
    public void Receive(ReadOnlySpan<byte> datagram, PeerAddress peer, TimeSpan arrival)
    {
        bool paused = IsPaused || arrival < resumed;                                 // it may have lain in the socket when the pause ended
        if (RtpPacket.IsRtcp(datagram))
        {
            if (!paused) ReceiveRtcp(datagram, peer, arrival);
            return;
        }
        if (!RtpPacket.TryParse(datagram, out var packet)) { malformed++; return; }

        var kept = paused ? datagram[..packet.HeaderLength] : datagram;              // from here on nobody sees more
        switch (binding.Decide(packet, kept, peer, arrival, out var track))
        {
            case Verdict.NewlyBound:
                journal?.AppendAsync(new SsrcBound(track!.Description.Number, packet.Ssrc, JournalFormat.ToMicroseconds(arrival)), arrival);
                foreach (var held in binding.TakeHeld(packet.Ssrc))
                    if (held.TryParse(out var earlier)) Take(track!, held.Bytes, held.HeaderOnly, earlier, held.Arrival);
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
        advanced = now > advanced ? now : advanced;
        foreach (var track in tracks)
        {
            if (track.Ended) continue;
            if (IsPaused) track.ExtendPause(now);
            track.AdvanceCaptions(now);
        }
        MixUntil(OpusPacket.ToSamples(now - Delay));
    }

    /// <summary>Notes a span in which packets came to the machine and were lost there: whose, nobody knows.</summary>
    public void NoteMissed(TimeSpan from, TimeSpan to)
    {
        if (IsPaused) return;                                                        // they would not have been kept
        foreach (var track in tracks)
            if (!track.Ended) track.AddGap(new Gap(from, to, GapKind.Overrun));
    }

    /// <summary>Plays out everything, up to the end of the meeting and not a sample more.</summary>
    public void Finish(TimeSpan duration)
    {
        foreach (var track in tracks)
        {
            if (IsPaused && !track.Ended) track.ExtendPause(duration);
            track.End(duration);
        }
        long end = OpusPacket.ToSamples(duration);
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
    };

    public void Dispose()
    {
        foreach (var track in tracks) track.Dispose();
    }

    /// <param name="kept">The datagram, or its header alone.</param>
    private void Take(MediaTrack track, ReadOnlySpan<byte> kept, bool headerOnly, in RtpPacket packet, TimeSpan arrival)
    {
        journal?.AddPacket(headerOnly ? RecordKind.RtpHeader : RecordKind.Rtp, track.Description.Number, arrival, kept);
        if (headerOnly) track.ReceiveHeader(packet, arrival);
        else track.Receive(packet, arrival);
    }

    /// <summary>Kept for whoever reads the journal later; only from where an SSRC is bound, or anybody could fill the disk.</summary>
    private void ReceiveRtcp(ReadOnlySpan<byte> datagram, PeerAddress peer, TimeSpan arrival)
    {
        if (binding.Owner(BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]), peer) is { } track)
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
