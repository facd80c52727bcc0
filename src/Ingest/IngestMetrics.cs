using System.Diagnostics.Metrics;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest;

/// <summary>How a pipeline's losses were repaired so far, and what was said to senders for it.</summary>
/// <param name="RefusedRtcp">Packets of nobody who is bound, or that did not verify.</param>
public readonly record struct RepairTotals(RecoveredCounts Recovered, FeedbackCounts Said, long RefusedRtcp);

/// <summary>What a pipeline received so far.</summary>
/// <param name="Lost">May fall, as what was missed comes late.</param>
/// <param name="Refused">Packets of no track, by reason.</param>
public sealed record ReceptionTotals(long Received, long Lost, long Late, long Duplicates, TimeSpan Concealed, IReadOnlyDictionary<string, long> Refused)
{
    public static readonly ReceptionTotals None = new(0, 0, 0, 0, TimeSpan.Zero, new Dictionary<string, long>());

    /// <param name="tracks">Of all tracks of the pipeline.</param>
    public static ReceptionTotals Of(IReadOnlyCollection<TrackQuality> tracks, IReadOnlyDictionary<string, long> refused) => new(
        tracks.Sum(q => q.PacketsReceived), tracks.Sum(q => q.PacketsLost), tracks.Sum(q => q.PacketsLate), tracks.Sum(q => q.Duplicates),
        tracks.Aggregate(TimeSpan.Zero, (sum, q) => sum + q.Concealed), refused);
}

/// <summary>What ingest counts, of all meetings of the node. No meeting, track or address is in any tag.</summary>
public sealed class IngestMetrics
{
    public const string MeterName = "Pipeline.Ingest";

    private readonly Counter<long> received, late, duplicates, notTaken, recovered, sent, requested, refused, unsent;
    private readonly Counter<double> concealed;
    private readonly UpDownCounter<long> lost;

    public IngestMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        received = meter.CreateCounter<long>("pipeline.rtp.received.packets", "{packet}", "Packets of tracks, each once.");
        lost = meter.CreateUpDownCounter<long>("pipeline.rtp.lost.packets", "{packet}", "Expected and not received (RFC 3550 A.3): falls as one comes late.");
        late = meter.CreateCounter<long>("pipeline.rtp.late.packets", "{packet}", "Came after their place in the recording had been written.");
        duplicates = meter.CreateCounter<long>("pipeline.rtp.duplicate.packets", "{packet}", "Came again.");
        concealed = meter.CreateCounter<double>("pipeline.rtp.concealed", "s", "Sound that was made up for lost packets.");
        notTaken = meter.CreateCounter<long>("pipeline.rtp.refused.packets", "{packet}", "Packets of no track, by reason.");
        recovered = meter.CreateCounter<long>("pipeline.rtp.recovered.packets", "{packet}", "Lost packets that are there all the same; how: red, fec or rtx.");
        sent = meter.CreateCounter<long>("pipeline.rtcp.sent.packets", "{packet}", "Packets sent to senders; kind: report, nack or pli.");
        requested = meter.CreateCounter<long>("pipeline.rtcp.requested.packets", "{packet}", "Lost packets asked for, each time.");
        refused = meter.CreateCounter<long>("pipeline.rtcp.refused.packets", "{packet}", "RTCP of nobody who is bound, or that did not verify.");
        unsent = meter.CreateCounter<long>("pipeline.rtcp.unsent.packets", "{packet}", "Packets to senders for which there was no room or no way.");
    }

    /// <summary>Adds what one pipeline has received since it was looked at last.</summary>
    public void Received(ReceptionTotals before, ReceptionTotals now)
    {
        received.Add(now.Received - before.Received);
        lost.Add(now.Lost - before.Lost);
        late.Add(now.Late - before.Late);
        duplicates.Add(now.Duplicates - before.Duplicates);
        concealed.Add((now.Concealed - before.Concealed).TotalSeconds);
        foreach (var (reason, count) in now.Refused) Add(notTaken, count - before.Refused.GetValueOrDefault(reason), new("reason", reason));
    }

    /// <summary>Adds what one pipeline has done since it was looked at last.</summary>
    public void Repaired(in RepairTotals before, in RepairTotals now)
    {
        Add(recovered, now.Recovered.Red - before.Recovered.Red, new("how", "red"));
        Add(recovered, now.Recovered.Fec - before.Recovered.Fec, new("how", "fec"));
        Add(recovered, now.Recovered.Rtx - before.Recovered.Rtx, new("how", "rtx"));
        Add(sent, now.Said.Reports - before.Said.Reports, new("kind", "report"));
        Add(sent, now.Said.Requests - before.Said.Requests, new("kind", "nack"));
        Add(sent, now.Said.Pictures - before.Said.Pictures, new("kind", "pli"));
        requested.Add(now.Said.Requested - before.Said.Requested);
        refused.Add(now.RefusedRtcp - before.RefusedRtcp);
        unsent.Add(now.Said.Failed - before.Said.Failed);
    }

    private static void Add(Counter<long> counter, long count, KeyValuePair<string, object?> tag)
    {
        if (count > 0) counter.Add(count, tag);
    }
}
