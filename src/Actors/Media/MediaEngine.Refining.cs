using System.Collections.Concurrent;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Media;

/// <summary>The second pass over what was said.</summary>
public sealed partial class MediaEngine
{
    public bool CanRefine => options.RefinesTranscripts && CanHear;

    public async Task<RefinedSpeech?> RefineAsync(
        MediaJob job, TimeSpan duration, IReadOnlyList<HeardSpan> apart, Func<HeardSpan, bool> isWanted, CancellationToken ct)
    {
        if (speech is null) return null;
        ConcurrentQueue<Caption> heard = [];
        ConcurrentQueue<HeardSpan> asked = [], lost = [];
        var refining = new CaptionOptions
        {
            IsBackground = true,
            IsThorough = true,
            IsWanted = (track, from, to) =>
            {
                var span = new HeardSpan(track, from, to);
                bool wanted = isWanted(span);
                if (wanted) asked.Enqueue(span);
                return wanted;
            },
        };
        await using var captions = NewCaptions(speech, job, heard.Enqueue, refining);
        captions.SpeechLost += (track, from, to) => lost.Enqueue(new HeardSpan(track, from, to));

        var folder = new MeetingFolder(options.DataFolder, job.Id);
        await new JournalCatchUp(folder, folder.OpenKeys(vault), duration, beforeRun: int.MaxValue).SpeakAsync(captions, new SpeechOutside(apart), ct);
        bool whole = await captions.FinishAsync(Timeout.InfiniteTimeSpan).WaitAsync(ct);
        if (captions.Status is CaptionsState.Unavailable || (!whole && lost.IsEmpty)) return null;
        // What the engine cannot do stays as it was heard live.
        return new RefinedSpeech([.. heard], [.. asked.Where(span => !lost.Any(l => l.Track == span.Track && l.Start <= span.Start && span.End <= l.End))]);
    }
}
