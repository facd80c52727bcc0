using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>The loops that ask the recognizer: one a track, while it has something to ask.</summary>
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
        try
        {
            while (accepted && Take(track) is { } waiting)
            {
                var job = new SpeechJob(waiting.Utterance.Samples, language);
                accepted = Accept(track, waiting, await recognizer.RecognizeAsync(job, stopping.Token));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What it asked for is for nobody now.
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
                lock (gate) Lose(track, waiting.Utterance, failed.Reason);
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
        if (words.Count == 0) return;

        var delay = clock.GetElapsedTime(waiting.At);
        string text = string.Join(' ', words.Select(word => word.Text));
        // It ends with the speech: the engine's last word may end early, and what lies behind it would seem unheard.
        publish(new Caption(track.Number, words[0].Start, CaptionFilter.Time(waiting.Utterance.SpeechEnd), text, heard.Language, words, Late: delay > options.LateAfter));
        metrics.CaptionPublished(delay);
    }
}
