using Pipeline.Actors.Media;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Meetings;

/// <summary>What the owner tells the meeting's media, and hears of it.</summary>
internal sealed partial class MeetingActor
{
    /// <summary>Answers what was asked once the media knows of it.</summary>
    /// <param name="before">The meeting before it was asked.</param>
    private void Answer(Letter.Ask ask, Meeting before, Outcome outcome, CancellationToken stopping)
    {
        List<MediaChange> changes = outcome.Refusal is not null ? [] :
            [.. MediaChange.Between(before, outcome.Meeting).Union(MediaChange.Again(ask.Command, outcome.Meeting))];
        if (changes.Count == 0 || (media is null && !isWorking)) ask.Reply.TrySetResult(outcome);
        else if (media is null) untilOpened.Add((ask, outcome));                     // what is being opened knows only what was before
        else mediaCalls = TellAsync(mediaCalls, media, changes, () => ask.Reply.TrySetResult(outcome), e => ask.Reply.TrySetException(e), stopping);
    }

    /// <summary>The media hears what was decided without anybody asking; one that is being opened hears it then.</summary>
    private void TellOf(Meeting before, Meeting after, CancellationToken stopping)
    {
        var changes = MediaChange.Between(before, after);
        if (changes.Count > 0 && media is not null) mediaCalls = TellAsync(mediaCalls, media, changes, () => { }, _ => { }, stopping);
    }

    /// <summary>
    /// The media is open, and hears what was decided while it was being opened, also when the meeting was stopped after that; or it is not,
    /// and the next will know.
    /// </summary>
    private void TellWhatCameMeanwhile(Meeting m, CancellationToken stopping)
    {
        var waiting = untilOpened.ToList();
        untilOpened.Clear();
        if (media is null || openedBy is not { } job) Done();
        else mediaCalls = TellAsync(mediaCalls, media, MediaChange.Between(job.Tracks, job.Spec.Vocabulary, job.Paused, LastRecorded()), Done, e => waiting.ForEach(w => w.Ask.Reply.TrySetException(e)), stopping);
        openedBy = null;

        Meeting LastRecorded() => m.Status != MeetingStatus.Recording && waiting.Count > 0 ? waiting[^1].Outcome.Meeting : m;
        void Done() => waiting.ForEach(w => w.Ask.Reply.TrySetResult(w.Outcome));
    }

    /// <summary>Partials go to readers at once; finals by the mailbox to the archive, and readers have them from there.</summary>
    public void OnCaption(int run, Caption caption)
    {
        if (!caption.IsFinal) Said.Revise(caption);
        else if (caption.Text.Length == 0) Said.Settle(caption.Segment);
        else
        {
            Said.End(caption.Segment);
            if (!mailbox.TryPutCaption(run, caption)) Said.Settle(caption.Segment);   // it is made again from the journal, under another id
        }
    }

    private void HearWhenBroken(IMeetingMedia opened) =>
        opened.Broken.ContinueWith(_ => mailbox.Put(new Letter.Lost(opened)), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>The media broke: as after a crash, what it left is in the journal, and the next run goes on.</summary>
    private async Task BeginNewRunAsync(IMeetingMedia broken)
    {
        await work.CloseAsync(id, broken);
        await mediaCalls;                                                            // a journal that is closed keeps none of them waiting
        (media, openedBy, isNewRun) = (null, null, true);
        Postpone();
    }

    /// <summary>Tells the media, after what it was told before.</summary>
    private async Task TellAsync(
        Task before, IMeetingMedia told, IReadOnlyList<MediaChange> changes, Action done, Action<Exception> failed, CancellationToken stopping)
    {
        await before;
        try
        {
            foreach (var change in changes) await change.TellAsync(told, stopping);
            done();
        }
        catch (Exception e)
        {
            NotTold(e, id);
            foreach (var added in changes.OfType<MediaChange.TrackIsNew>()) mailbox.Put(new Letter.TakeBack(added.Track.Id));
            failed(e);
        }
    }

    /// <summary>That it failed is in the ledger in any case, before it is restored.</summary>
    private async Task<Meeting> SeeAsync(Meeting m, MediaSnapshot seen)
    {
        if (seen.Health == MediaHealth.Failing) Volatile.Write(ref seenFailing, seen);
        else if (seenFailing is { } missed)
        {
            if (m.Health != MediaHealth.Failing) m = await DecideAsync(m, new MeetingCommand.MediaSeen(m.Run, missed));
            Volatile.Write(ref seenFailing, null);
        }
        return await DecideAsync(m, new MeetingCommand.MediaSeen(m.Run, seen));
    }

    private MediaSnapshot? Look(Meeting m)
    {
        if (m.Status == MeetingStatus.Recording && media is not null) lastSeen = media.Snapshot();
        return lastSeen;
    }

    private static void Answer(Letter letter, Exception? failure)
    {
        if (letter is Letter.Ask ask) { if (failure is null) ask.Reply.TrySetResult(null); else ask.Reply.TrySetException(failure); }
        if (letter is Letter.Look look) { if (failure is null) look.Reply.TrySetResult(null); else look.Reply.TrySetException(failure); }
    }
}
