using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>The loops that ask the recognizer for finals: one a track, while it has something to ask.</summary>
public sealed partial class CaptionPipeline
{
    private void Ask(CaptionTrack track)
    {
        lock (gate)
        {
            if (track.IsAsking || track.Waiting.Count == 0 || broken is not null || stopping.IsCancellationRequested) return;
            track.IsAsking = true;
            asking++;
        }
        _ = AskLoopAsync(track);
    }

    private async Task AskLoopAsync(CaptionTrack track)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);     // not on the turn's time
        bool accepted = true;
        WaitingUtterance? waiting = null;
        try
        {
            while (accepted && (waiting = Take(track)) is not null)
            {
                var job = new SpeechJob(waiting.Utterance.Samples, language) { Source = source, IsBackground = options.IsBackground, IsThorough = options.IsThorough };
                accepted = Accept(track, waiting, await recognizer.RecognizeAsync(job, stopping.Token));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            if (waiting is not null) Withdraw(waiting.Segment);                // what it asked for is for nobody now
        }
        catch (Exception e)
        {
            Break(e);
        }
        lock (gate)
        {
            track.IsAsking = false;
            asking--;
        }
        if (accepted) Ask(track);                              // one may have been queued as the loop ended
        AskForTurn();
        UpdateStatus();
    }

    private WaitingUtterance? Take(CaptionTrack track)
    {
        lock (gate)
        {
            if (track.Waiting.First is not { } first) return null;
            track.Waiting.RemoveFirst();
            return first.Value;
        }
    }

    /// <summary>False when it was put back and has to be asked for later.</summary>
    private bool Accept(CaptionTrack track, WaitingUtterance waiting, RecognizeOutcome outcome)
    {
        switch (outcome)
        {
            case RecognizeOutcome.Recognized recognized:
                Publish(track, waiting, recognized);
                lock (gate) Leave(waiting.Utterance);
                return true;
            case RecognizeOutcome.Failed { CanRetry: false } failed:
                lock (gate) Lose(track, waiting, failed.Reason);
                return true;
            default:
                lock (gate) track.Waiting.AddFirst(waiting);
                return false;
        }
    }

    private void Publish(CaptionTrack track, WaitingUtterance waiting, RecognizeOutcome.Recognized heard)
    {
        var words = CaptionFilter.Apply(waiting.Utterance, heard.Words, heard.Language);
        metrics.WordsFiltered(heard.Words.Count - words.Count);
        var delay = clock.GetElapsedTime(waiting.At);
        if (waiting.Segment.Finish(waiting.Utterance, words, heard.Language, late: options.IsBackground || delay > options.LateAfter) is not { } final) return;
        publish(final);
        if (final.Words.Count == 0) return;
        metrics.CaptionPublished(delay);
        metrics.FinalPublished(asHeard: final.Words.Select(word => word.Text).SequenceEqual(words.Select(word => word.Text)));
    }
}
