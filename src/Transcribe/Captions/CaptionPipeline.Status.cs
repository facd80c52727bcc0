using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>What the pipeline says about itself, and what makes it go on after a pause.</summary>
public sealed partial class CaptionPipeline
{
    /// <summary>From the media loop: nothing comes of the track for a while, and what is open becomes final. Goes on with the next <see cref="Write"/>.</summary>
    public void PauseTrack(int track)
    {
        if (!Volatile.Read(ref tracks).TryGetValue(track, out var paused)) return;
        paused.Pause();
        AskForTurn();
    }

    private void Tick()
    {
        AskForTurn();                                          // tracks that fell silent without a word
        AskAll();                                              // jobs that were refused
        UpdateStatus();
    }

    private void OnRecognizerChanged(RecognizerStatus status)
    {
        if (status is RecognizerStatus.Ready) AskAll();
        UpdateStatus();
        AskForTurn();
    }

    private void AskAll()
    {
        if (recognizer.Status is RecognizerStatus.Unavailable) return;
        foreach (var track in Volatile.Read(ref tracks).Values) Ask(track);
        AskForPutOff();
    }

    /// <summary>After each turn: lets go of whoever waits for room or for the end.</summary>
    private void Settle()
    {
        bool away = recognizer.Status is RecognizerStatus.Unavailable || stopping.IsCancellationRequested;
        lock (gate)
        {
            if (room.Count == 0 && settled.Count == 0) return;
            bool over = away || broken is not null;
            bool halfFree = waitingSamples <= options.MaxWaiting.TotalSeconds * SpeechJob.SampleRate / 2;
            if (room.Count > 0 && (halfFree || over) && tracks.Values.All(track => track.Ring.HasRoom))
            {
                // Who waited here could not write: that made no track stale.
                foreach (var track in tracks.Values) Volatile.Write(ref track.LastWrite, clock.GetTimestamp());
                Complete(room);
            }

            bool allRead = tracks.Values.All(track => track.Ring.IsEmpty && !track.Detector.IsOpen);
            if (asking == 0 && ((allRead && waitingSamples == 0) || (allRead && away) || broken is not null)) Complete(settled);
        }
    }

    /// <summary>True where nothing goes on here but waiting for so many answers: whoever simulates the recognizer's time moves it then.</summary>
    internal bool Awaits(int answers)
    {
        lock (gate) return asking == answers && Volatile.Read(ref turn) == Idle;
    }

    private static void Complete(List<TaskCompletionSource> waiters)
    {
        foreach (var waiter in waiters) waiter.TrySetResult();
        waiters.Clear();
    }

    /// <summary>Our own mistake, or the subscriber's. It costs this meeting its captions, and nobody else anything.</summary>
    private void Break(Exception exception)
    {
        LogBroken(logger, exception);
        lock (gate) broken = "The captions of this meeting failed; the server's log says why.";
        UpdateStatus();
        AskForTurn();
    }

    private void UpdateStatus()
    {
        CaptionsState now;
        lock (gate)
        {
            now = StatusNow();
            if (now == Status) return;
            Status = now;
        }
        StatusChanged?.Invoke(now);
    }

    private CaptionsState StatusNow()
    {
        if (broken is not null) return new CaptionsState.Unavailable(broken);
        if (recognizer.Status is RecognizerStatus.Unavailable unavailable) return new CaptionsState.Unavailable(unavailable.Reason);
        bool behind = putOff.Count > 0 || isAskingForPutOff
            || tracks.Values.Any(track => track.Waiting.First is { } first && clock.GetElapsedTime(first.Value.At) > options.LateAfter);
        return (behind, options.IsLive ? recognizer.Effort : SpeechEffort.Full) switch
        {
            (true, _) or (_, SpeechEffort.Deferred) => new CaptionsState.Deferred("More is said than can be recognised in time."),
            (_, SpeechEffort.Full) => new CaptionsState.Live(),
            (_, var effort) => new CaptionsState.Degraded(effort),
        };
    }

    /// <summary>Under the lock.</summary>
    private void Lose(WaitingUtterance waiting, string reason)
    {
        var utterance = waiting.Utterance;
        Lost += Length(utterance);
        if (!waiting.IsPutOff) Note(utterance, waiting.Track.Number);
        LogLost(logger, waiting.Track.Number, Length(utterance).TotalSeconds, reason);
        Withdraw(waiting.Segment);
        Leave(utterance);
    }

    /// <summary>All of it, with the silence around the speech: from that the same is heard again.</summary>
    private void Note(Utterance utterance, int track) =>
        SpeechLost?.Invoke(track, CaptionFilter.Time(utterance.FirstSample), CaptionFilter.Time(utterance.EndSample));

    /// <summary>The writer's side: samples that found no room.</summary>
    private void Overrun(CaptionTrack track, long firstSample, int length)
    {
        metrics.SamplesOverrun(length);
        track.Overrun = track.Overrun.Length == 0 ? (firstSample, length) : (track.Overrun.First, firstSample + length - track.Overrun.First);
    }

    /// <summary>The writer's side: there is room again, or nothing more comes.</summary>
    private void EndOverrun(CaptionTrack track)
    {
        if (track.Overrun is not (var first, > 0 and var length)) return;
        track.Overrun = default;
        lock (gate) Lost += CaptionFilter.Time(length);
        SpeechLost?.Invoke(track.Number, CaptionFilter.Time(first), CaptionFilter.Time(first + length));
    }

    /// <summary>Under the lock.</summary>
    private void Leave(Utterance utterance)
    {
        waitingSamples -= utterance.Samples.Length;
        utterance.Dispose();
    }

    private static TimeSpan Length(Utterance utterance) =>
        TimeSpan.FromSeconds((double)(utterance.SpeechEnd - utterance.SpeechStart) / SpeechJob.SampleRate);
}
