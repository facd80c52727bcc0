using Pipeline.Actors.Media;

namespace Pipeline.Actors.Meetings;

/// <summary>What the owner tells the meeting's media, and hears of it.</summary>
internal sealed partial class MeetingActor
{
    /// <summary>Answers what was asked once the media knows of it.</summary>
    /// <param name="before">The meeting before it was asked.</param>
    private void Answer(Letter.Ask ask, Meeting before, Outcome outcome, CancellationToken stopping)
    {
        bool recording = outcome is { Refusal: null, Meeting.Status: MeetingStatus.Recording };
        // Also when it was paused before: whoever asks again is not answered before it is.
        bool? paused = recording && ask.Command is MeetingCommand.PauseRecording or MeetingCommand.ResumeRecording ? outcome.Meeting.Paused : null;
        var changed = TracksChanged(before, outcome.Meeting);
        if (media is null && isWorking && paused is not null) untilOpened.Add((ask, outcome));   // what is being opened knows only what was before
        else if (media is null || (changed.Count == 0 && paused is null)) ask.Reply.TrySetResult(outcome);
        else mediaCalls = TellAsync(mediaCalls, media, changed, paused, () => ask.Reply.TrySetResult(outcome), e => ask.Reply.TrySetException(e), stopping);
    }

    /// <summary>The media is open, or it is not and takes nothing.</summary>
    private void AnswerThoseWhoWait(CancellationToken stopping)
    {
        foreach (var (ask, outcome) in untilOpened) Answer(ask, outcome.Meeting, outcome, stopping);
        untilOpened.Clear();
    }

    private void HearWhenBroken(IMeetingMedia opened) =>
        opened.Broken.ContinueWith(_ => mailbox.Put(new Letter.Lost(opened)), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>The media broke: as after a crash, what it left is in the journal, and the next run goes on.</summary>
    private async Task BeginNewRunAsync(IMeetingMedia broken)
    {
        await mediaCalls;
        await work.CloseAsync(id, broken);
        (media, isNewRun) = (null, true);
        Postpone();
    }

    /// <summary>Tells the media of tracks that came and went, or of a pause, after what it was told before.</summary>
    /// <param name="paused">Null: as it is.</param>
    private async Task TellAsync(
        Task before, IMeetingMedia told, List<Track> changed, bool? paused, Action done, Action<Exception> failed, CancellationToken stopping)
    {
        await before;
        try
        {
            foreach (var track in changed)
            {
                if (track.EndedAt is null) await told.AddTrackAsync(track, stopping);
                else await told.EndTrackAsync(track, stopping);
            }
            if (paused is { } pause) await (pause ? told.PauseAsync(stopping) : told.ResumeAsync(stopping));
            done();
        }
        catch (Exception e)
        {
            NotTold(e, id);
            foreach (var track in changed.Where(t => t.EndedAt is null)) mailbox.Put(new Letter.TakeBack(track.Id));
            failed(e);
        }
    }

    private static List<Track> TracksChanged(Meeting before, Meeting after) =>
        after.Status == MeetingStatus.Recording ? TracksChanged([.. before.Tracks.Select(t => t.Track)], after.Tracks) : [];

    private static List<Track> TracksChanged(IReadOnlyList<Track> before, IReadOnlyList<TrackView> after) =>
        [.. after.Select(t => t.Track).Where(t => t.Number > before.Count ? t.EndedAt is null : t.EndedAt != before[t.Number - 1].EndedAt)];

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
