using Pipeline.Ingest.Jitter;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Media;

/// <summary>Which of a meeting's sound is handed on.</summary>
internal interface ISpeechSelection
{
    /// <summary>The first of the samples that are, and how many of them lie together. False when there are none.</summary>
    bool TryNext(int track, long firstSample, int count, out int skip, out int length);
}

/// <summary>Hands each participant's samples from Ingest to Transcribe, which do not know each other.</summary>
/// <param name="selection">What of it; null: all.</param>
internal sealed class SpeechFeed(CaptionPipeline captions, ISpeechSelection? selection = null) : ISpeechSink
{
    public void Write(int track, long firstSample, ReadOnlySpan<float> pcm)
    {
        if (selection is null)
        {
            captions.Write(track, firstSample, pcm);
            return;
        }
        while (selection.TryNext(track, firstSample, pcm.Length, out int skip, out int length))
        {
            captions.Write(track, firstSample + skip, pcm.Slice(skip, length));
            firstSample += skip + length;
            pcm = pcm[(skip + length)..];
        }
    }

    public void Pause(int track) => captions.PauseTrack(track);
    public void End(int track) => captions.EndTrack(track);
}
