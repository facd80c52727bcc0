using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>What the meeting is told, and what is taken back from Janus when it ends.</summary>
internal sealed partial class JanusSource
{
    private static readonly TimeSpan FirstLater = TimeSpan.FromSeconds(10), LastLater = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestHeld = TimeSpan.FromMinutes(10), LongestLater = TimeSpan.FromHours(24);

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
        var pause = pauses.Next(fault == JanusFault.Kicked ? AfterKick : TimeSpan.Zero);
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

    /// <summary>
    /// What could not be taken back at the meeting's end, after growing pauses, for as long as anybody may stay in the room. The port is held
    /// meanwhile, though not for long: afterwards only what the meeting knew of is told from another's.
    /// </summary>
    private async Task TakeBackLaterAsync(IDisposable held, CancellationToken stopping)
    {
        long began = parts.Clock.GetTimestamp();
        using var port = held;
        try
        {
            for (var pause = FirstLater; parts.Clock.GetElapsedTime(began) < LongestLater; pause = 2 * pause < LastLater ? 2 * pause : LastLater)
            {
                await Task.Delay(pause, parts.Clock, stopping);
                bool isHeld = parts.Clock.GetElapsedTime(began) < LongestHeld;
                if (!isHeld) port.Dispose();
                if (await TakeBackAsync(isHeld)) return;
            }
        }
        catch (OperationCanceledException) { /* the node stops */ }
        NotTakenBack(log, id);
    }

    /// <summary>Over a connection of its own: the one there was is gone, or there was none.</summary>
    /// <param name="isHeld">Nobody else has the port.</param>
    /// <returns>True when nothing is left.</returns>
    private async Task<bool> TakeBackAsync(bool isHeld)
    {
        using var late = new CancellationTokenSource(MaxEnd, parts.Clock);
        try
        {
            await using var janus = await OpenAsync(late.Token);
            await TakeBackAsync(janus, isHeld, late.Token);
            return true;
        }
        catch (JanusException e) when (e.Fault == JanusFault.NoRoom) { return true; }  // its forwarders went with it
        catch (Exception e) when (e is JanusException or OperationCanceledException) { TakenBackLater(log, id); }
        catch (Exception e) { Broke(log, e, id); }                                   // the meeting ends all the same
        return false;
    }

    private async Task TakeBackAsync(VideoRoom janus, bool isHeld, CancellationToken late)
    {
        await telling.WaitAsync(late);
        if (hosts.Count == 0) hosts = await terms.HostsAsync(late);
        var listed = await janus.ListAsync(late);
        foreach (var stop in JanusRoom.LeftBehind(listed, port, used, host => isHeld && hosts.Contains(host))) await StopAsync(janus, stop, late);
        await janus.LeaveAsync(late);
    }
}
