using Pipeline.Ingest;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Media;

/// <summary>Reads from a meeting's journal what a crash or an absent speech engine left undone.</summary>
/// <param name="until">Meeting time up to which it is read: where the next run began, or the end.</param>
/// <param name="beforeRun">Runs from this one on look after themselves.</param>
internal sealed class JournalCatchUp(MeetingFolder folder, MeetingKeys keys, TimeSpan until, int beforeRun)
{
    /// <summary>Blocks between two looks at how far the captions have come: a fifth of a second of audio.</summary>
    private const int BlocksAtOnce = 10;

    /// <summary>How well earlier runs received, by track number.</summary>
    public IReadOnlyDictionary<int, TrackQuality> Quality(CancellationToken ct)
    {
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Decodes = false, Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(pipeline);
        foreach (var block in Blocks())
        {
            ct.ThrowIfCancellationRequested();
            playback.Play(block);
        }
        playback.Finish(until);
        return pipeline.Tracks.ToDictionary(track => track.Description.Number, track => track.Quality());
    }

    /// <summary>Gives the speech that has no captions yet to the pipeline, as fast as it takes it.</summary>
    /// <param name="captions">Its owner finishes it.</param>
    /// <param name="heard">The captions that are stored.</param>
    public Task SpeakAsync(CaptionPipeline captions, IReadOnlyList<HeardSpan> heard, CancellationToken ct)
    {
        var runs = new JournalReader(folder.Journal, keys).Runs();
        return SpeakAsync(captions, new UnheardSpeech([.. runs.Select(r => r.Began)], heard, Lost(ct)), ct);
    }

    /// <inheritdoc cref="SpeakAsync(CaptionPipeline, IReadOnlyList{HeardSpan}, CancellationToken)"/>
    /// <param name="selection">What of the speech.</param>
    public async Task SpeakAsync(CaptionPipeline captions, ISpeechSelection selection, CancellationToken ct)
    {
        ISpeechSink feed = new SpeechFeed(captions, selection);
        using var pipeline = new MediaPipeline(journal: null, mix: null, feed) { Decodes = false, Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(pipeline);
        playback.TrackAdded += track => captions.AddTrack(track.Description.Number);
        int blocks = 0;
        foreach (var block in Blocks())
        {
            ct.ThrowIfCancellationRequested();
            playback.Play(block);
            if (++blocks % BlocksAtOnce == 0) await captions.WaitForRoomAsync(ct);
        }
        playback.Finish(until);
    }

    private List<SpeechLost> Lost(CancellationToken ct)
    {
        var lost = new List<SpeechLost>();
        foreach (var block in Blocks())
        {
            ct.ThrowIfCancellationRequested();
            foreach (var record in block)
                if (record.Control is SpeechLost span) lost.Add(span);
        }
        return lost;
    }

    private IEnumerable<JournalBlock> Blocks() =>
        new JournalReader(folder.Journal, keys).ReadBlocks().TakeWhile(block => block.Run < beforeRun);
}
