using System.Diagnostics.Metrics;
using Pipeline.Actors.Renders;

namespace Pipeline.Actors;

/// <summary>What the owners of meetings count. No id is in a tag.</summary>
public sealed class ActorsMetrics
{
    public const string MeterName = "Pipeline.Actors";

    private readonly UpDownCounter<long> meetings;
    private readonly Counter<long> commands;
    private readonly UpDownCounter<long> waiting;
    private readonly Counter<long> captionsRefused;
    private readonly Counter<long> refined;
    private readonly Counter<long> restarts;
    private readonly Counter<long> commits;
    private readonly Counter<long> decisions;
    private readonly Histogram<double> commitTime;
    private readonly Counter<long> damaged;
    private readonly Counter<long> indexed;
    private readonly Histogram<double> indexTime;
    private readonly Counter<long> searchesRefused;
    private readonly UpDownCounter<long> sources;
    private readonly Counter<long> sourceFailures;
    private readonly Counter<long> sourceForwards;
    private readonly Counter<long> sourceMalformed;
    private readonly UpDownCounter<long> rendersWaiting;
    private readonly Counter<long> rendersRefused;
    private readonly Histogram<double> renderTime;

    public ActorsMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(MeterName);
        meetings = meter.CreateUpDownCounter<long>("pipeline.meetings.active", "{meeting}", "Meetings that are not over.");
        commands = meter.CreateCounter<long>("pipeline.meetings.commands", "{command}", "Commands handled, by kind and outcome.");
        waiting = meter.CreateUpDownCounter<long>("pipeline.meetings.mailbox.depth", "{message}", "Messages and captions that wait in mailboxes.");
        captionsRefused = meter.CreateCounter<long>("pipeline.meetings.captions.refused", "{caption}", "Captions a full mailbox left to be made again from the journal.");
        refined = meter.CreateCounter<long>("pipeline.meetings.transcripts.refined", "{segment}", "Segments of refined transcripts: of the live ones kept, rewritten or superseded, and added.");
        restarts = meter.CreateCounter<long>("pipeline.meetings.restarts", "{restart}", "Times a meeting's owner began again from the store.");
        commits = meter.CreateCounter<long>("pipeline.store.commits", "{commit}", "Commits, by outcome.");
        decisions = meter.CreateCounter<long>("pipeline.store.decisions", "{decision}", "Decisions in those commits.");
        commitTime = meter.CreateHistogram<double>("pipeline.store.commit.duration", "s", "From the first decision of a commit to its sync.");
        damaged = meter.CreateCounter<long>("pipeline.store.texts.damaged", "{text}", "Texts of segments and corrections that a read had to leave out, each time.");
        indexed = meter.CreateCounter<long>("pipeline.search.indexed", "{segment}", "Segments and corrections taken into search indexes.");
        indexTime = meter.CreateHistogram<double>("pipeline.search.index.duration", "s", "From reading changes to their commit in the index.");
        searchesRefused = meter.CreateCounter<long>("pipeline.search.refused", "{search}", "Searches that found too many waiting.");
        sources = meter.CreateUpDownCounter<long>("pipeline.sources.watching", "{source}", "Rooms that are watched for meetings.");
        sourceFailures = meter.CreateCounter<long>("pipeline.sources.failures", "{failure}", "Times a room could not be watched, or no longer, by reason.");
        sourceForwards = meter.CreateCounter<long>("pipeline.sources.forwards", "{forward}", "Streams of rooms: forwarding begun, refused, stopped, or left out for want of room.");
        sourceMalformed = meter.CreateCounter<long>("pipeline.sources.malformed", "{message}", "Messages of a Janus that could not be read, and were passed over.");
        rendersWaiting = meter.CreateUpDownCounter<long>("pipeline.renders.waiting", "{job}", "Renders that are not over, the one being made included.");
        rendersRefused = meter.CreateCounter<long>("pipeline.renders.refused", "{job}", "Renders that found too many waiting.");
        renderTime = meter.CreateHistogram<double>("pipeline.renders.duration", "s", "One attempt at a render, by what came of it.");
    }

    public void MeetingBegan() => meetings.Add(1);
    public void MeetingLeft() => meetings.Add(-1);
    public void Handled(string command, bool refused) =>
        commands.Add(1, new("command", command), new("outcome", refused ? "refused" : "done"));
    public void Waiting(int change) => waiting.Add(change);
    public void CaptionRefused() => captionsRefused.Add(1);
    public void Refined(string outcome, int segments) => refined.Add(segments, new KeyValuePair<string, object?>("outcome", outcome));
    public void Restarted() => restarts.Add(1);

    public void Committed(TimeSpan took, int count, bool failed)
    {
        commits.Add(1, new KeyValuePair<string, object?>("outcome", failed ? "failed" : "done"));
        decisions.Add(count);
        commitTime.Record(took.TotalSeconds);
    }

    public void FoundDamaged(int count) => damaged.Add(count);

    public void SearchRefused() => searchesRefused.Add(1);

    public void SourceWatches(int change) => sources.Add(change);
    public void SourceFailed(string reason) => sourceFailures.Add(1, new KeyValuePair<string, object?>("reason", reason));
    public void SourceForwards(string outcome, long count = 1) => sourceForwards.Add(count, new KeyValuePair<string, object?>("outcome", outcome));
    public void SourceMalformed(long count) => sourceMalformed.Add(count);

    public void RendersWaiting(int change) => rendersWaiting.Add(change);
    public void RenderRefused() => rendersRefused.Add(1);
    /// <param name="status">Queued: it is tried again.</param>
    public void RenderEnded(JobStatus status, TimeSpan took) =>
        renderTime.Record(took.TotalSeconds, new KeyValuePair<string, object?>("outcome", status is JobStatus.Queued ? "retry" : status.ToString().ToLowerInvariant()));

    public void Indexed(int count, TimeSpan took)
    {
        indexed.Add(count);
        indexTime.Record(took.TotalSeconds);
    }
}
