using Pipeline.Ingest.Jitter;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Media;

/// <summary>Hands each participant's samples from Ingest to Transcribe, which do not know each other.</summary>
/// <param name="unheard">What still needs captions; null: all of it.</param>
internal sealed class SpeechFeed(CaptionPipeline captions, UnheardSpeech? unheard = null) : ISpeechSink
{
    public void Write(int track, long firstSample, ReadOnlySpan<float> pcm)
    {
        if (unheard is null)
        {
            captions.Write(track, firstSample, pcm);
            return;
        }
        while (unheard.TryNext(track, firstSample, pcm.Length, out int skip, out int length))
        {
            captions.Write(track, firstSample + skip, pcm.Slice(skip, length));
            firstSample += skip + length;
            pcm = pcm[(skip + length)..];
        }
    }

    public void Pause(int track) => captions.PauseTrack(track);
    public void End(int track) => captions.EndTrack(track);
}
