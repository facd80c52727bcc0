using Pipeline.Ingest.Jitter;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Media;

/// <summary>Hands each participant's samples from Ingest to Transcribe, which do not know each other.</summary>
/// <param name="heardUntil">By track number: samples before it have their captions already.</param>
internal sealed class SpeechFeed(CaptionPipeline captions, IReadOnlyDictionary<int, TimeSpan> heardUntil) : ISpeechSink
{
    private const int Rate = 16000;
    /// <summary>After the last word's end: its own last sound is not a word again.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(100);

    public void Write(int track, long firstSample, ReadOnlySpan<float> pcm)
    {
        if (heardUntil.TryGetValue(track, out var heard))
        {
            long past = (long)((heard + Margin).TotalSeconds * Rate) - firstSample;
            if (past >= pcm.Length) return;
            if (past > 0)
            {
                firstSample += past;
                pcm = pcm[(int)past..];
            }
        }
        captions.Write(track, firstSample, pcm);
    }

    public void End(int track) => captions.EndTrack(track);
}
