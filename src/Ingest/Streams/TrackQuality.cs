namespace Pipeline.Ingest.Streams;

/// <summary>Why the original sound of a span is missing from the record.</summary>
public enum GapKind { Loss, Pause, Consent, Outage, Overrun, Storage, Masked }

/// <summary>A span of meeting time, [From, To), without the original sound.</summary>
public readonly record struct Gap(TimeSpan From, TimeSpan To, GapKind Kind);

/// <summary>Lost packets whose sound or picture is there all the same.</summary>
/// <param name="Red">Later packets carried them (RFC 2198).</param>
/// <param name="Fec">The packet after them had a coarse copy (RFC 6716 §2.1.7).</param>
/// <param name="Rtx">They were sent again (RFC 4588).</param>
public readonly record struct RecoveredCounts(long Red, long Fec, long Rtx)
{
    public long Total => Red + Fec + Rtx;
    public static RecoveredCounts operator +(RecoveredCounts a, RecoveredCounts b) => new(a.Red + b.Red, a.Fec + b.Fec, a.Rtx + b.Rtx);
}

/// <summary>What arrived of one track and what did not, since the meeting began.</summary>
public sealed record TrackQuality
{
    public static readonly TrackQuality Empty = new();

    public long PacketsReceived { get; init; }
    /// <summary>Expected minus received, RFC 3550 §A.3; duplicates do not hide a loss.</summary>
    public long PacketsLost { get; init; }
    /// <summary>Lost packets whose sound was restored: from RED, from in-band FEC, or as they were sent again.</summary>
    public long PacketsRecovered { get; init; }
    /// <summary>Arrived after their place in the recording had been written.</summary>
    public long PacketsLate { get; init; }
    public long Duplicates { get; init; }
    /// <summary>Interarrival jitter, RFC 3550 §A.8.</summary>
    public TimeSpan Jitter { get; init; }
    /// <summary>Sound the decoder made up for lost packets.</summary>
    public TimeSpan Concealed { get; init; }
    /// <summary>Silence the sender announced by sending nothing (DTX).</summary>
    public TimeSpan Dtx { get; init; }
    /// <summary>How long the track was heard to speak, by level: short pauses between words count, noise does not. Zero where nothing was decoded.</summary>
    public TimeSpan Talked { get; init; }
    /// <summary>Sender's clock against ours, parts per million; 0 until known.</summary>
    public double ClockDriftPpm { get; init; }
    public IReadOnlyList<Gap> Gaps { get; init; } = [];
    /// <summary>True when there were more gaps than are kept.</summary>
    public bool GapsTruncated { get; init; }

    /// <summary>This and what came after it, as one.</summary>
    public TrackQuality Then(TrackQuality later) => later with
    {
        PacketsReceived = PacketsReceived + later.PacketsReceived,
        PacketsLost = PacketsLost + later.PacketsLost,
        PacketsRecovered = PacketsRecovered + later.PacketsRecovered,
        PacketsLate = PacketsLate + later.PacketsLate,
        Duplicates = Duplicates + later.Duplicates,
        Jitter = later.PacketsReceived > 0 ? later.Jitter : Jitter,
        Concealed = Concealed + later.Concealed,
        Dtx = Dtx + later.Dtx,
        Talked = Talked + later.Talked,
        ClockDriftPpm = later.ClockDriftPpm != 0 ? later.ClockDriftPpm : ClockDriftPpm,
        Gaps = Joined(Gaps, later.Gaps),
        GapsTruncated = GapsTruncated || later.GapsTruncated,
    };

    /// <summary>A pause that goes on over a restart is one, and so is a denied consent.</summary>
    private static IReadOnlyList<Gap> Joined(IReadOnlyList<Gap> before, IReadOnlyList<Gap> after)
    {
        var last = before.LastOrDefault(g => g.Kind is GapKind.Pause or GapKind.Consent);
        var next = after.FirstOrDefault(g => g.Kind is GapKind.Pause or GapKind.Consent);
        bool goesOn = last.Kind == next.Kind && last.To > last.From && next.To > next.From && (next.From - last.To).Duration() < TimeSpan.FromMilliseconds(1);
        return goesOn
            ? [.. before.Where(g => g != last), last with { To = next.To }, .. after.Where(g => g != next)]
            : [.. before, .. after];
    }
}
