using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>
/// What is shown while somebody speaks. Whether something is due, is asked, and what came of it is done in the turn, so nothing about an
/// open segment happens at the same time as its end; only the waiting for an answer is elsewhere.
/// </summary>
public sealed partial class CaptionPipeline
{
    /// <summary>Asks for the open utterance so far where it is due; ends a segment whose utterance came to nothing.</summary>
    private void Hop(CaptionTrack track)
    {
        var detector = track.Detector;
        if (track.Open is { } left && (!detector.IsOpen || left.Number != detector.Number)) Forget(track, left);
        if (!options.Partials || !detector.IsSpeaking || track.Asking is not null) return;

        var segment = track.Open ??= NewSegment(track, detector.Number, new LocalAgreement(options.FirstHop, options.Hop));
        var effort = recognizer.Effort;
        if (!segment.IsDue(detector.OpenSpeech, effort == SpeechEffort.Full ? 1 : options.HopStretch) || !MayAskPartial(track, effort)) return;
        segment.Asked(detector.OpenSpeech);
        if (detector.Peek() is not { } speech) return;

        track.Asking = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        lock (gate) asking++;
        _ = AskPartialAsync(track, segment, speech, track.Asking.Token);
    }

    /// <summary>Not while a final of the same track is under way, which comes first.</summary>
    private bool MayAskPartial(CaptionTrack track, SpeechEffort effort)
    {
        if (effort >= SpeechEffort.FinalsOnly || (effort == SpeechEffort.LoudestOnly && Loudest() != track)) return false;
        if (recognizer.Status is not RecognizerStatus.Ready || stopping.IsCancellationRequested) return false;
        lock (gate) return !finishing && !track.IsAsking && track.Waiting.Count == 0;
    }

    /// <summary>Whoever speaks the loudest; who was it before stays it until somebody is clearly louder.</summary>
    private CaptionTrack? Loudest()
    {
        if (loudest is { Detector.IsSpeaking: false }) loudest = null;
        foreach (var track in Volatile.Read(ref tracks).Values)
            if (track.Detector.IsSpeaking && (loudest is null || track.Detector.Loudness > loudest.Detector.Loudness + ClearlyLouder)) loudest = track;
        return loudest;
    }

    private async Task AskPartialAsync(CaptionTrack track, OpenSegment segment, Utterance speech, CancellationToken cancelled)
    {
        RecognizeOutcome? outcome = null;
        try
        {
            var job = Job(track, speech) with { IsPartial = true };
            var answer = recognizer.RecognizeAsync(job, cancelled);
            speech.Dispose();                                  // the recognizer has what it needs of it
            outcome = await answer.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            // The final is asked for instead.
        }
        catch (Exception e)
        {
            Break(e);
        }
        Volatile.Write(ref track.Answer, new PartialAnswer(segment, speech, outcome));
        lock (gate) asking--;
        AskForTurn();
    }

    /// <summary>Before the track's newest samples are looked at: the answer is about the segment as it was before them.</summary>
    private void TakeAnswer(CaptionTrack track, bool isBroken)
    {
        if (Interlocked.Exchange(ref track.Answer, null) is not { } answer) return;
        track.Asking?.Dispose();
        track.Asking = null;
        if (isBroken || track.Open != answer.Segment) return;
        switch (answer.Outcome)
        {
            case RecognizeOutcome.Recognized heard:
                var words = CaptionFilter.Apply(answer.Speech, heard.Words, LanguageOf(heard), Glossary);
                if (answer.Segment.Revise(answer.Speech, words, LanguageOf(heard)) is not { } partial) return;
                publish(partial);
                metrics.PartialPublished();
                if (answer.Segment.StableEnd is { } end) track.Detector.KeepUntil(end.Ticks * SpeechJob.SampleRate / TimeSpan.TicksPerSecond);
                break;
            case RecognizeOutcome.Failed { CanRetry: false }:
                answer.Segment.Failed();
                break;
        }
    }

    /// <summary>The utterance ended: what was shown of it becomes final under the same id.</summary>
    private OpenSegment TakeOpen(CaptionTrack track, Utterance utterance)
    {
        track.Asking?.Cancel();
        var open = track.Open;
        if (open is not null && open.Number != utterance.Number)
        {
            Forget(track, open);
            open = null;
        }
        track.Open = null;
        return open ?? NewSegment(track, utterance.Number, FinalsOnly.Instance);
    }

    private void Forget(CaptionTrack track, OpenSegment segment)
    {
        track.Asking?.Cancel();
        track.Open = null;
        Withdraw(segment);
    }

    /// <summary>It will have no final with words from here.</summary>
    private void Withdraw(OpenSegment segment)
    {
        if (broken is null && segment.Withdraw() is { } nothing) publish(nothing);
    }

    private OpenSegment NewSegment(CaptionTrack track, int number, ICaptionPolicy policy) =>
        new(track.Number, number, Guid.CreateVersion7(clock.GetUtcNow()), policy);
}
