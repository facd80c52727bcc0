using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>
/// Makes the detector's frames from samples in any portions. A short gap is silence within the frame; what comes after later samples is
/// left out. Pure.
/// </summary>
internal sealed class FrameAssembler(SpeechDetector detector, Action<Utterance> ended)
{
    private readonly float[] frame = new float[SpeechDetector.FrameLength];
    private long frameStart, next;
    private int filled;

    /// <returns>How many of the samples came too late and were left out.</returns>
    public int Add(long firstSample, ReadOnlySpan<float> samples)
    {
        int late = (int)Math.Clamp(next - firstSample, 0, samples.Length);
        samples = samples[late..];
        firstSample += late;
        if (samples.IsEmpty) return late;

        if (filled > 0 && firstSample > next) Fill((int)Math.Min(firstSample - next, frame.Length - filled));
        if (filled == 0) frameStart = firstSample;
        while (!samples.IsEmpty)
        {
            int count = Math.Min(samples.Length, frame.Length - filled);
            samples[..count].CopyTo(frame.AsSpan(filled));
            samples = samples[count..];
            filled += count;
            next = firstSample += count;
            PushIfWhole();
        }
        return late;
    }

    /// <summary>Nothing more is coming for now: what is there, is all there is.</summary>
    public void Flush()
    {
        if (filled > 0) Fill(frame.Length - filled);
        if (detector.TryFlush(out var utterance)) ended(utterance);
    }

    private void Fill(int silence)
    {
        frame.AsSpan(filled, silence).Clear();
        filled += silence;
        next += silence;
        PushIfWhole();
    }

    private void PushIfWhole()
    {
        if (filled < frame.Length) return;
        filled = 0;
        if (detector.TryPush(frameStart, frame, out var utterance)) ended(utterance);
        frameStart += frame.Length;
    }
}
