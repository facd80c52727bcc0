using System.Collections.Immutable;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Decisions;

/// <summary>What a meeting's decisions come to. Pure: from records to a meeting as the archive keeps it.</summary>
/// <param name="Meeting">As it is now.</param>
/// <param name="Steps">In the order they were taken.</param>
/// <param name="LostCommits">Decisions that are missing among those.</param>
/// <param name="LostSegments">Segments that were stored once and are in none of those.</param>
internal sealed record DecisionHistory(Meeting Meeting, IReadOnlyList<DecisionHistory.Step> Steps, long LostCommits, long LostSegments)
{
    internal abstract record Step;

    /// <param name="First">The ledger's number of its first entry; null: it is not known.</param>
    internal sealed record Commit(long Revision, IReadOnlyList<MeetingEvent> Events, long? First) : Step
    {
        public Meeting? After { get; init; }
    }

    /// <param name="Of">Of a segment that is there.</param>
    internal sealed record Correction(Corrected Of) : Step;

    private ImmutableHashSet<RecordingId> lostFiles = [];

    public IEnumerable<Commit> Commits => Steps.OfType<Commit>();
    public IEnumerable<Corrected> Corrections => Steps.OfType<Correction>().Select(c => c.Of);

    /// <summary>In the order they were made, as they are now: of one that was made again, the last.</summary>
    public IReadOnlyList<RecordingReady> Recordings => [.. Commits.SelectMany(c => c.Events).OfType<RecordingReady>().Where(Keeps).GroupBy(r => r.Id).Select(g => g.Last())];

    /// <summary>
    /// Null where nothing of the meeting can be told. Captions of a meeting that is over and lacks some are owed again, and so is what a
    /// second pass made of them: they are made anew from the packets.
    /// </summary>
    public static DecisionHistory? Of(IEnumerable<DecisionRecord> records)
    {
        var steps = new List<Step>();
        var remade = new Dictionary<RecordingId, MadeFile>();
        foreach (var record in records)
        {
            switch (record)
            {
                case Committed c:
                    steps.RemoveAll(s => s is Commit known && known.Revision >= c.Revision);
                    steps.Add(new Commit(c.Revision, c.Events, null) { After = c.After });
                    foreach (var ready in c.Events.OfType<RecordingReady>()) remade.Remove(ready.Id);
                    break;
                case Numbered n when steps.FindLastIndex(s => s is Commit c && c.Revision == n.Revision) is var at and >= 0:
                    steps[at] = (Commit)steps[at] with { First = n.First };
                    break;
                case Remade r:
                    remade[r.Id] = r.File;
                    break;
                case Corrected c:
                    steps.RemoveAll(s => s is Correction known && known.Of.Sequence == c.Sequence && known.Of.Revision >= c.Revision);
                    if (c.Text is not null) steps.Add(new Correction(c));
                    break;
            }
        }
        var commits = steps.OfType<Commit>().ToList();
        if (Fold(commits) is not { } meeting) return null;

        var spoken = commits.SelectMany(c => c.Events).Where(e => IsOf(meeting, e)).SelectMany(Sequences).ToHashSet();
        meeting = meeting with { LastSequence = Math.Max(meeting.LastSequence, spoken.DefaultIfEmpty().Max()) };
        long lost = meeting.LastSequence - spoken.Count;
        if (lost > 0 && meeting.IsOver && meeting.Spec.Captions) meeting = meeting with { Captions = CaptionsStatus.Deferred, Refinement = Refinement.None };
        else if (meeting.Refinement == Refinement.Done && !commits.Any(c => c.Events.Any(e => e is TranscriptRefined))) meeting = meeting with { Refinement = Refinement.Owed };
        steps.RemoveAll(s => s is Correction c && !spoken.Contains(c.Of.Sequence));
        return new DecisionHistory(meeting, steps, commits[^1].Revision - commits.Count, lost).With(remade, []);
    }

    /// <summary>What the packets alone tell of a meeting.</summary>
    public static DecisionHistory OfPackets(Meeting meeting) => new(
        meeting, [new Commit(1, [new MeetingStarted(meeting.Port ?? 0, meeting.StartedAt), .. meeting.Tracks.Select(t => new TrackStarted(t.Track, meeting.StartedAt))], null)], 0, 0);

    /// <summary>
    /// False for what cannot be kept: of a track that nobody knows any more, a recording without its file, a second pass over captions of
    /// which some are lost.
    /// </summary>
    public bool Keeps(MeetingEvent happened) => IsOf(Meeting, happened) && happened switch
    {
        RecordingReady ready => !lostFiles.Contains(ready.Id),
        TranscriptRefined => LostSegments == 0,
        _ => true,
    };

    /// <summary>With other files in the place of those that were made first, and without those that are lost.</summary>
    public DecisionHistory With(IReadOnlyDictionary<RecordingId, MadeFile> made, IEnumerable<RecordingId> lost) => this with
    {
        Steps = [.. Steps.Select(step => step is Commit c && c.Events.Any(e => e is RecordingReady)
            ? c with { Events = [.. c.Events.Select(e => e is RecordingReady r && made.TryGetValue(r.Id, out var file) ? r with { File = file } : e)] }
            : step)],
        lostFiles = [.. lostFiles, .. lost],
    };

    private static Meeting? Fold(List<Commit> commits)
    {
        Meeting? meeting = null;
        foreach (var commit in commits)
        {
            if (commit.After is { } known) meeting = known;
            else if (meeting is null) meeting = commit.Events is [MeetingAnnounced announced, ..] ? Meeting.Apply(announced) : null;
            else meeting = Applied(meeting, commit.Events) with { Revision = commit.Revision };
        }
        return meeting;
    }

    /// <summary>Where the coming of a track was lost, what was decided about the track is passed over.</summary>
    private static Meeting Applied(Meeting meeting, IReadOnlyList<MeetingEvent> events) => meeting.Apply([.. events.Where(e => e switch
    {
        TrackChanged changed => Has(meeting, events, changed.Track),
        ConsentChanged changed => Has(meeting, events, changed.Track),
        _ => true,
    })]);

    private static bool Has(Meeting meeting, IReadOnlyList<MeetingEvent> events, TrackId track) =>
        meeting.Tracks.Any(t => t.Track.Id == track) || events.Any(e => e is TrackStarted started && started.Track.Id == track);

    private static IEnumerable<long> Sequences(MeetingEvent happened) => happened switch
    {
        CaptionFinal e => [e.Sequence],
        TranscriptRefined e => e.Plan.Added.Select((_, n) => e.FirstSequence + n),
        _ => [],
    };

    /// <summary>What names a track by its number is of use only where the meeting has that track there.</summary>
    private static bool IsOf(Meeting meeting, MeetingEvent happened) => happened switch
    {
        CaptionFinal e => e.Track.Number >= 1 && e.Track.Number <= meeting.Tracks.Count && meeting.Tracks[e.Track.Number - 1].Track.Id == e.Track.Id,
        RecordingReady { File.Track: { } number } => number >= 1 && number <= meeting.Tracks.Count,
        TranscriptRefined e => e.Plan.Added.All(a => a.Caption.Track >= 1 && a.Caption.Track <= meeting.Tracks.Count),
        _ => true,
    };
}
