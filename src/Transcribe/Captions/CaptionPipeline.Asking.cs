using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>
/// The loops that ask the recognizer for finals: one a track, while it has something to ask. And one for the whole meeting that asks for
/// what was put off, because its turn did not come in time, after all that is being said.
/// </summary>
public sealed partial class CaptionPipeline
{
    /// <summary>What the engine translates to, and to nothing else.</summary>
    private const string Translated = "en";

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
                accepted = Accept(waiting, await recognizer.RecognizeAsync(JobOf(waiting), stopping.Token));
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

    private SpeechJob Job(CaptionTrack track, Utterance utterance) =>
        new(utterance.Samples, languages.Of(track.Speaker), Glossary) { Source = source, Translate = options.Translates };

    /// <summary>Of what was translated, the language of the words.</summary>
    private string LanguageOf(RecognizeOutcome.Recognized heard) => options.Translates ? Translated : heard.Language;

    private SpeechJob JobOf(WaitingUtterance waiting)
    {
        var age = clock.GetElapsedTime(waiting.At);
        return Job(waiting.Track, waiting.Utterance) with
        {
            IsLate = options.IsLate || waiting.IsPutOff,
            IsBackground = options.IsBackground,
            IsThorough = options.IsThorough,
            Age = age,
            MaxWait = options.IsLive && !waiting.IsPutOff ? options.LateAfter - age : null,
        };
    }

    /// <summary>The next that may still come in time; those before it are put off.</summary>
    private WaitingUtterance? Take(CaptionTrack track)
    {
        while (true)
        {
            WaitingUtterance first;
            lock (gate)
            {
                if (track.Waiting.First is null) return null;
                first = track.Waiting.First.Value;
                track.Waiting.RemoveFirst();
            }
            if (!options.IsLive || clock.GetElapsedTime(first.At) < options.LateAfter) return first;
            PutOff(first);
        }
    }

    /// <summary>It is noted as lost first: what was not asked for by the time of a crash is made from the journal.</summary>
    private void PutOff(WaitingUtterance waiting)
    {
        metrics.SpeechPutOff(Length(waiting.Utterance));
        Note(waiting.Utterance, waiting.Track.Number);
        lock (gate) putOff.AddLast(waiting with { IsPutOff = true });
        AskForPutOff();
        UpdateStatus();
    }

    private void AskForPutOff()
    {
        lock (gate)
        {
            if (isAskingForPutOff || putOff.Count == 0 || broken is not null || stopping.IsCancellationRequested) return;
            isAskingForPutOff = true;
            asking++;
        }
        _ = AskForPutOffAsync();
    }

    private async Task AskForPutOffAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        bool accepted = true;
        WaitingUtterance? waiting = null;
        try
        {
            while (accepted && (waiting = TakePutOff()) is not null)
                accepted = Accept(waiting, await recognizer.RecognizeAsync(JobOf(waiting), stopping.Token));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            if (waiting is not null) Withdraw(waiting.Segment);
        }
        catch (Exception e)
        {
            Break(e);
        }
        lock (gate)
        {
            isAskingForPutOff = false;
            asking--;
        }
        if (accepted) AskForPutOff();
        AskForTurn();
        UpdateStatus();
    }

    private WaitingUtterance? TakePutOff()
    {
        lock (gate)
        {
            if (putOff.First is not { } first) return null;
            putOff.RemoveFirst();
            return first.Value;
        }
    }

    /// <summary>False when it was put back and has to be asked for later.</summary>
    private bool Accept(WaitingUtterance waiting, RecognizeOutcome outcome)
    {
        switch (outcome)
        {
            case RecognizeOutcome.Recognized recognized:
                Publish(waiting, recognized);
                lock (gate) Leave(waiting.Utterance);
                return true;
            case RecognizeOutcome.Failed { CanRetry: false } failed:
                lock (gate) Lose(waiting, failed.Reason);
                return true;
            case RecognizeOutcome.TooLate when !waiting.IsPutOff:
                PutOff(waiting);
                return true;
            default:
                lock (gate) (waiting.IsPutOff ? putOff : waiting.Track.Waiting).AddFirst(waiting);
                return false;
        }
    }

    private void Publish(WaitingUtterance waiting, RecognizeOutcome.Recognized heard)
    {
        string language = LanguageOf(heard);
        var words = CaptionFilter.Apply(waiting.Utterance, heard.Words, language, Glossary);
        metrics.WordsFiltered(heard.Words.Count - words.Count);
        languages.Heard(waiting.Track.Speaker, heard.Language, Length(waiting.Utterance), words);
        var delay = clock.GetElapsedTime(waiting.At);
        bool late = !options.IsLive || waiting.IsPutOff || delay > options.LateAfter;
        if (waiting.Segment.Finish(waiting.Utterance, words, language, late) is not { } final) return;
        publish(final);
        if (final.Words.Count == 0) return;
        metrics.CaptionPublished(delay);
        metrics.FinalPublished(asHeard: final.Words.Select(word => word.Text).SequenceEqual(words.Select(word => word.Text)));
    }
}
