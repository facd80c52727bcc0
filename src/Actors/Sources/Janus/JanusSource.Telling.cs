using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>What the meeting is told, and what is taken back from Janus when it ends.</summary>
internal sealed partial class JanusSource
{
    /// <summary>The meeting learns it, and after a pause it is tried again.</summary>
    private async Task LostAsync(JanusFault fault)
    {
        parts.Metrics.SourceFailed(fault.Word);
        try
        {
            await TellAsync(new MeetingCommand.SourceSeen(IsWatching: false, fault.Detail, IsGone: fault == JanusFault.NoRoom), ending.Token);
        }
        catch (OperationCanceledException) { return; }
        catch (Exception e) { Broke(log, e, id); }                                   // told with the next attempt
        var pause = pauses.Next();
        Lost(log, id, fault.Detail, pause);
        await Task.Delay(pause, parts.Clock, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>A meeting without an owner is over, or the server stops: both end the source too.</summary>
    private async Task<Meeting> TellAsync(MeetingCommand command, CancellationToken ct)
    {
        if (await owner!.TellAsync(command, ct) is { } meeting) return meeting;
        await ending.CancelAsync();
        throw new OperationCanceledException(ending.Token);
    }

    private void Then(Func<Task> tell)
    {
        telling = AfterAsync(telling);

        async Task AfterAsync(Task before)
        {
            await before;
            await tell();
        }
    }

    private async Task BeginTracksAsync(List<TrackSpec> begun, CancellationToken ct)
    {
        try
        {
            if (await owner!.AddTracksAsync(begun, ct) is { } added)
                foreach (var track in added) tracks[track.Spec.Ssrc!.Value] = track.Id;
            else
                foreach (var spec in begun) notTaken.Enqueue(spec.Ssrc!.Value);
        }
        catch (Exception e)
        {
            if (!ct.IsCancellationRequested) NotTaken(log, e, id);
            foreach (var spec in begun) notTaken.Enqueue(spec.Ssrc!.Value);
        }
        finally { Interlocked.Add(ref unannounced, -begun.Count); }
    }

    private async Task EndTrackAsync(uint ssrc, CancellationToken ct)
    {
        try
        {
            if (tracks.Remove(ssrc, out var track)) await owner!.TellAsync(new MeetingCommand.EndTrack(track), ct);
        }
        catch (Exception e)
        {
            if (!ct.IsCancellationRequested) NotTaken(log, e, id);                   // it is still open when that is looked at next, and ended then
        }
    }

    /// <summary>Over a connection of its own: the one there was is gone, or there was none.</summary>
    private async Task TakeBackAsync()
    {
        using var late = new CancellationTokenSource(MaxEnd, parts.Clock);
        try
        {
            await using var janus = await OpenAsync(late.Token);
            await TakeBackAsync(janus, late.Token);
        }
        catch (Exception e) when (e is JanusException or OperationCanceledException) { NotTakenBack(log, id); }
        catch (Exception e) { Broke(log, e, id); }                                   // the meeting ends all the same
    }

    private async Task TakeBackAsync(VideoRoom janus, CancellationToken late)
    {
        await telling.WaitAsync(late);
        var listed = await janus.ListAsync(late);
        foreach (var stop in JanusRoom.LeftBehind(listed, port, used)) await StopAsync(janus, stop, late);
        await janus.LeaveAsync(late);
    }
}
