using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Streams;

/// <summary>What became of one packet.</summary>
public enum Reception
{
    Accepted,
    Duplicate,
    /** <summary>A jump nobody confirmed yet; the packet is not used.</summary> */
    OutOfRange,
    /** <summary>It came by another way before; it is counted and not used.</summary> */
    Restored,
}

/// <summary>One SSRC: 64-bit sequence and timestamp, statistics, and the epochs its sender's restarts cut it into.</summary>
public sealed class ReceiveStream(uint ssrc, int clockRate)
{
    /// <summary>A jump of more than this, confirmed by a packet near it, is a restart (RFC 3550 §A.1, MAX_DROPOUT).</summary>
    private const int MaxDropout = 3000;
    /// <summary>How near; the very next may be lost or late.</summary>
    private const int MaxApart = 16;
    /// <summary>One of more than this is believed only where the timestamp went on with the time that passed.</summary>
    private const int CredibleDropout = 100;
    private static readonly TimeSpan Credible = TimeSpan.FromSeconds(5);

    private SequenceUnwrapper sequences;
    private TimestampUnwrapper timestamps;
    private ReceptionStatistics statistics = new(clockRate);
    private ReceptionCounts past;
    private int suspect = -1;
    private long withheldUntil = long.MinValue;
    private bool isWithheld;                                                         // and nothing newer was taken since
    private long heardFrom;                                                          // timestamp of the first packet that was
    private uint lastReport;                                                         // the middle of its NTP time; 0: none
    private TimeSpan lastReportAt;

    public uint Ssrc => ssrc;
    /// <summary>Counts what began anew under this SSRC: the sender, or we.</summary>
    public int Restarts { get; private set; }
    public TimeSpan LastArrival { get; private set; }
    public ReceptionCounts Counts => past + new ReceptionCounts(statistics.Received, statistics.CumulativeLost, statistics.Duplicates);
    public TimeSpan Jitter => statistics.Jitter;
    /// <summary>What can be asked for again; null: its sender sends nothing again.</summary>
    public MissingPackets? Missing { get; init; }
    /// <summary>When its sender is asked for a whole picture.</summary>
    public KeyFrameRequests Pictures { get; } = new();
    /// <summary>Its sender said goodbye, and nothing came since.</summary>
    public bool HasLeft { get; private set; }

    /// <param name="extendedSequence">Comparable only within one <see cref="Restarts"/>.</param>
    public Reception Receive(in RtpPacket packet, TimeSpan arrival, out long extendedSequence, out long extendedTimestamp)
    {
        (extendedSequence, extendedTimestamp) = (0, 0);
        long sequence = sequences.Peek(packet.SequenceNumber);
        if (statistics.Received > 0)
        {
            if (sequence <= statistics.Highest && WentOnUnheard(packet, arrival)) sequence += 1 << 16;
            if (!Follows(sequence, packet, arrival))
            {
                bool confirmed = suspect >= 0 && packet.SequenceNumber != suspect && Math.Abs((int)(short)(packet.SequenceNumber - suspect)) <= MaxApart;
                suspect = packet.SequenceNumber;
                if (!confirmed) return Reception.OutOfRange;
                Restart();
                sequence = packet.SequenceNumber;
            }
        }
        suspect = -1;
        bool begins = statistics.Received == 0 || (isWithheld && sequence > withheldUntil);

        extendedSequence = sequence;
        sequences.Accept(sequence);
        extendedTimestamp = timestamps.Unwrap(packet.Timestamp);
        if (begins) Begin(extendedSequence, extendedTimestamp);
        if (!statistics.Receive(extendedSequence, extendedTimestamp, arrival)) return Reception.Duplicate;
        (LastArrival, HasLeft) = (arrival, false);
        Missing?.Received(extendedSequence, arrival);
        return statistics.IsRestored(extendedSequence) ? Reception.Restored : Reception.Accepted;
    }

    /// <summary>Takes in that a lost packet came by another way. It stays lost where losses are counted (RFC 4588 §4).</summary>
    /// <param name="sequence">The number it was sent with at first.</param>
    /// <returns>False unless exactly this packet is missing, and is to be known.</returns>
    public bool TryRestore(ushort sequence, uint timestamp, TimeSpan arrival, out long extendedSequence, out long extendedTimestamp)
    {
        extendedTimestamp = 0;
        if (!IsWanted(sequence, timestamp, arrival, out extendedSequence) || !timestamps.TryPeek(timestamp, out extendedTimestamp)) return false;
        statistics.Restore(extendedSequence);
        Missing?.Repaired(extendedSequence, arrival);
        return true;
    }

    /// <summary>
    /// True where this packet is missing, its timestamp is about those around it, and its payload may be taken: it was not sent while others' were withheld.
    /// </summary>
    public bool IsWanted(ushort sequence, uint timestamp, TimeSpan arrival, out long extendedSequence)
    {
        extendedSequence = sequences.Peek(sequence);
        return extendedSequence > withheldUntil && statistics.IsMissing(extendedSequence) && statistics.IsCredible(extendedSequence, timestamp, arrival - LastArrival);
    }

    /// <summary>Payloads up to the next packet that is taken are nobody's to have, also if they come again: nobody knows which of the missing were sent before.</summary>
    public void Withhold()
    {
        (withheldUntil, isWithheld) = (sequences.Highest, true);
        Missing?.Forget();
    }

    /// <summary>How much later it was sent than the first packet that was taken, at the beginning or after others were withheld. In ticks.</summary>
    public long TicksHeard(uint timestamp) => timestamps.TryPeek(timestamp, out long extended) ? extended - heardFrom : 0;

    /// <summary>Takes in its sender's report (RFC 3550 §6.4.1).</summary>
    public void NoteReport(ulong ntpTime, TimeSpan arrival) => (lastReport, lastReportAt) = ((uint)(ntpTime >> 16), arrival);

    /// <summary>Takes in that its sender leaves.</summary>
    public void NoteGoodbye() => HasLeft = true;

    /// <summary>What is said to its sender of it; the next one's fraction counts from here.</summary>
    public ReportBlock TakeReport(TimeSpan now) => statistics.TakeReport() with
    {
        Ssrc = ssrc,
        LastReport = lastReport,
        Delay = lastReport == 0 ? 0 : (uint)((now - lastReportAt).Ticks * 65536 / TimeSpan.TicksPerSecond),
    };

    /// <summary>A timestamp of the sender's that came in no packet, comparable with those of the last packets; false before there are any.</summary>
    public bool TryExtend(uint timestamp, out long extendedTimestamp) => timestamps.TryPeek(timestamp, out extendedTimestamp);

    /// <summary>What comes next begins anew: nothing between the last packet and it counts as lost.</summary>
    public void Restart()
    {
        if (statistics.Received == 0) return;
        past = Counts;
        statistics = new ReceptionStatistics(clockRate);
        sequences = default;
        timestamps = default;
        (withheldUntil, isWithheld) = (long.MinValue, false);
        Missing?.Restart();
        Restarts++;
    }

    /// <summary>From this packet on payloads are taken.</summary>
    private void Begin(long sequence, long timestamp)
    {
        if (isWithheld) withheldUntil = sequence - 1;
        (isWithheld, heardFrom) = (false, timestamp);
        Missing?.Restart();
    }

    /// <summary>False for a number the sender did not come to by sending: it began anew, or it is not the sender.</summary>
    private bool Follows(long sequence, in RtpPacket packet, TimeSpan arrival)
    {
        long ahead = sequence - statistics.Highest;
        if (ahead <= 0) return ahead >= -MaxDropout && statistics.IsCredible(sequence, packet.Timestamp, arrival - LastArrival);
        if (ahead <= CredibleDropout) return true;
        return ahead <= MaxDropout ? WentOn(packet, arrival - LastArrival) : WentOnUnheard(packet, arrival);
    }

    /// <summary>Nothing was heard for long, and the timestamp says that the sender sent all the time.</summary>
    private bool WentOnUnheard(in RtpPacket packet, TimeSpan arrival) => arrival - LastArrival >= Credible && WentOn(packet, arrival - LastArrival);

    private bool WentOn(in RtpPacket packet, TimeSpan elapsed) =>
        (TimeSpan.FromSeconds((int)(packet.Timestamp - statistics.HighestTimestamp) / (double)clockRate) - elapsed).Duration() < Credible;
}

/// <summary>Packets received (unique), lost and duplicated; sums over the streams of a track.</summary>
public readonly record struct ReceptionCounts(long Received, long Lost, long Duplicates)
{
    public static ReceptionCounts operator +(ReceptionCounts a, ReceptionCounts b) =>
        new(a.Received + b.Received, a.Lost + b.Lost, a.Duplicates + b.Duplicates);
}
