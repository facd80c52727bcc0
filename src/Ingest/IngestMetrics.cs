using System.Diagnostics.Metrics;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest;

/// <summary>How a pipeline's losses were repaired so far, and what was said to senders for it.</summary>
/// <param name="RefusedRtcp">Packets of nobody who is bound, or that did not verify.</param>
public readonly record struct RepairTotals(RecoveredCounts Recovered, FeedbackCounts Said, long RefusedRtcp);

/// <summary>What ingest counts, of all meetings of the node. No meeting, track or address is in any tag.</summary>
public sealed class IngestMetrics
{
    public const string MeterName = "Pipeline.Ingest";

    private readonly Counter<long> recovered, sent, requested, refused, unsent;

    public IngestMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        recovered = meter.CreateCounter<long>("pipeline.rtp.recovered.packets", "{packet}", "Lost packets that are there all the same; how: red, fec or rtx.");
        sent = meter.CreateCounter<long>("pipeline.rtcp.sent.packets", "{packet}", "Packets sent to senders; kind: report, nack or pli.");
        requested = meter.CreateCounter<long>("pipeline.rtcp.requested.packets", "{packet}", "Lost packets asked for, each time.");
        refused = meter.CreateCounter<long>("pipeline.rtcp.refused.packets", "{packet}", "RTCP of nobody who is bound, or that did not verify.");
        unsent = meter.CreateCounter<long>("pipeline.rtcp.unsent.packets", "{packet}", "Packets to senders for which there was no room or no way.");
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
