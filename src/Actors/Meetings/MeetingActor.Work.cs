namespace Pipeline.Actors.Meetings;

/// <summary>Long work: opening, stopping, making files. What is due follows from the stored state; one at a time, and tried again.</summary>
internal sealed partial class MeetingActor
{
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    private void BeginWorkThatIsDue(CancellationToken stopping)
    {
        if (meeting is { } m && !isWorking && clock.GetElapsedTime(0) >= notBefore && WorkThatIsDue(m, stopping) is { } due)
        {
            isWorking = true;
            running = DoAsync(due, stopping);
        }
        if (!isWorking || meeting is not { Status: MeetingStatus.Recording }) settled.TrySetResult();
    }

    private Func<Task<Letter>>? WorkThatIsDue(Meeting m, CancellationToken stopping)
    {
        switch (m.Status)
        {
            case MeetingStatus.Recording when media is null:
                return async () => await work.OpenAsync(m, this, stopping);
            case MeetingStatus.Stopping:
                var (open, calls, seen) = (media, mediaCalls, lastSeen);
                return () => work.StopAsync(m, open, calls, seen, stopping);
            case MeetingStatus.Processing:
                bool refused = mailbox.RefusesCaptions;
                mailbox.TakeCaptionsAgain();   // those that were refused are made now, from the end of those that are stored
                return () => work.ProcessAsync(m, refused, this, command => AskAsync(command, stopping), stopping);
            default:
                return null;
        }
    }

    private async Task DoAsync(Func<Task<Letter>> due, CancellationToken stopping)
    {
        Letter letter;
        try
        {
            letter = await Task.Run(due, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return;   // it is due again after the next start
        }
        catch (Exception e)
        {
            letter = new Letter.Broken(e);
        }
        mailbox.Put(letter);   // open until this work is over
    }

    /// <summary>The next attempt at long work: after 1, 2, 4 … 30 s.</summary>
    private void Postpone()
    {
        var pause = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(failures++, 5)));
        notBefore = clock.GetElapsedTime(0) + (pause < MaxPause ? pause : MaxPause);
    }
}
