using System.Security.Cryptography;
using Pipeline.Ingest.Journal;
using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;
using CaptionsStatus = Pipeline.Actors.Meetings.CaptionsStatus;

namespace Pipeline.Actors.Media;

/// <summary>Captions: while a meeting runs, and of what was said and got none, from its journal.</summary>
public sealed partial class MediaEngine
{
    /// <summary>What the runs before this one left undone: how well they received, and captions of what was said just before they ended.</summary>
    /// <returns>True when every caption is there.</returns>
    private async Task<bool> CatchUpAsync(
        MediaJob job, MeetingMedia media, JournalWriter journal, JournalCatchUp earlier, IMediaObserver observer, CancellationToken leaving)
    {
        try
        {
            media.SetEarlier(earlier.Quality(leaving));
            if (!job.Spec.Captions) return true;
            if (StartCaptions(job, observer, new CaptionOptions { IsLate = true }) is not { } captions) return false;
            await using (captions)
            {
                captions.SpeechLost += NoteIn(journal);
                await earlier.SpeakAsync(captions, job.Heard, leaving);
                return await captions.FinishAsync(options.CaptionPatience).WaitAsync(leaving);
            }
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            return false;                                                            // the rest is made up for when the meeting ends, or goes on
        }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            CannotProcess(job.Id, e);
            return false;
        }
    }

    private async Task<CaptionsStatus> FinishCaptionsAsync(
        MediaJob job, MeetingFolder folder, MeetingKeys keys, TimeSpan duration, FinishedRun? run, IMediaObserver observer, CancellationToken ct)
    {
        if (!job.Spec.Captions) return CaptionsStatus.Off;
        if (speech is null) return CaptionsStatus.Deferred;                          // even of silence: nobody listened
        if (run is { CaptionsComplete: true } && !job.CaptionsRefused) return CaptionsStatus.Live;
        if (speech.Recognizer.Status is RecognizerStatus.Unavailable) return CaptionsStatus.Deferred;

        await using var captions = StartCaptions(job, observer, new CaptionOptions { IsLate = true })!;
        await new JournalCatchUp(folder, keys, duration, beforeRun: int.MaxValue).SpeakAsync(captions, job.Heard, ct);
        return await captions.FinishAsync(options.CaptionPatience) ? CaptionsStatus.Live : CaptionsStatus.Deferred;
    }

    public bool CanHear => speech?.Recognizer.Status is RecognizerStatus.Ready;

    public async Task<bool> CaptionAsync(MediaJob job, TimeSpan duration, IMediaObserver observer, CancellationToken ct)
    {
        if (!CanHear || StartCaptions(job, observer, new CaptionOptions { IsBackground = true }) is not { } captions) return false;
        await using (captions)
        {
            var folder = new MeetingFolder(options.DataFolder, job.Id);
            await new JournalCatchUp(folder, folder.OpenKeys(vault), duration, beforeRun: int.MaxValue).SpeakAsync(captions, job.Heard, ct);
            return await captions.FinishAsync(Timeout.InfiniteTimeSpan).WaitAsync(ct);
        }
    }

    private CaptionPipeline? StartCaptions(MediaJob job, IMediaObserver observer, CaptionOptions options)
    {
        if (speech is null) return null;
        var captions = NewCaptions(speech, job, caption => observer.OnCaption(job.Run, caption), options);
        captions.StatusChanged += status => observer.OnCaptionsStatus(job.Run, Map(status), Effort(status));
        if (captions.Status is not CaptionsState.Live) observer.OnCaptionsStatus(job.Run, Map(captions.Status), Effort(captions.Status));
        return captions;
    }

    /// <summary>Knows who speaks on which track, what they spoke before, and which words to expect.</summary>
    private CaptionPipeline NewCaptions(SpeechServices services, MediaJob job, Action<Caption> publish, CaptionOptions captionOptions)
    {
        var speakers = job.Tracks.ToDictionary(track => track.Number, track => track.Spec.Participant.Id);
        captionOptions = captionOptions with { Translates = job.Spec.TranslateTo is not null, SpeakerOf = speakers.GetValueOrDefault };
        var captions = new CaptionPipeline(services.Recognizer, job.Spec.Language, publish, captionOptions, services.Metrics, clock, services.Logger)
        {
            Glossary = Glossary.Of(job.Spec.Vocabulary, job.Tracks.Select(track => track.Spec.Participant.Name)),
        };
        if (job.Spec.TranslateTo is not null) return captions;                       // the words' language is not the speakers'
        // The language a speaker was heard to speak the most comes first, and is theirs.
        var spoken = job.Heard.Where(h => h.Language is not null && speakers.ContainsKey(h.Track)).GroupBy(h => (Speaker: speakers[h.Track], h.Language))
            .Select(h => (h.Key, Time: h.Aggregate(TimeSpan.Zero, (sum, span) => sum + (span.End - span.Start)))).OrderByDescending(h => h.Time);
        foreach (var ((speaker, language), time) in spoken) captions.Remember(speaker, language!, time);
        return captions;
    }

    /// <summary>What got no caption is in the journal's books, so that it is made up for whatever happens.</summary>
    private static Action<int, TimeSpan, TimeSpan> NoteIn(JournalWriter journal) => (track, from, to) =>
        _ = journal.AppendAsync(new SpeechLost(track, (long)from.TotalMicroseconds, (long)to.TotalMicroseconds), to);

    private static SpeechEffort Effort(CaptionsState status) => status switch
    {
        CaptionsState.Degraded degraded => degraded.Effort,
        CaptionsState.Deferred => SpeechEffort.Deferred,
        _ => SpeechEffort.Full,
    };

    private static CaptionsStatus Map(CaptionsState status) => status switch
    {
        CaptionsState.Degraded => CaptionsStatus.Degraded,
        CaptionsState.Deferred => CaptionsStatus.Deferred,
        CaptionsState.Unavailable => CaptionsStatus.Unavailable,
        _ => CaptionsStatus.Live,
    };
}
