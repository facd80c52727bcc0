namespace Pipeline.Transcribe.Speech;

/// <summary>The frames of the utterance that is open, in order and without holes, with the level of each.</summary>
internal sealed class UtteranceBuffer(int capacityFrames)
{
    private const int FrameLength = SpeechDetector.FrameLength;

    private readonly float[] levels = new float[capacityFrames];
    private readonly float[] sorted = new float[capacityFrames];
    private float[] samples = new float[50 * FrameLength];          // grows with the first long utterance, and is kept
    private long end;                                               // index after the last sample

    public int FrameCount { get; private set; }

    /// <summary>Index of the first sample.</summary>
    public long Begin => end - (long)FrameCount * FrameLength;

    public void Add(long at, ReadOnlySpan<float> frame, float level)
    {
        int position = FrameCount * FrameLength;
        if (position + FrameLength > samples.Length)
            Array.Resize(ref samples, Math.Min(2 * samples.Length, capacityFrames * FrameLength));
        frame.CopyTo(samples.AsSpan(position));
        levels[FrameCount++] = level;
        end = at + FrameLength;
    }

    /// <summary>The frames so far end here: a gap was no whole number of frames.</summary>
    public void MoveEnd(long sample) => end = sample;

    /// <summary>First frame of the quietest stretch of <paramref name="length"/> frames between the two, plus half of it: its middle.</summary>
    public int QuietestMoment(int from, int to, int length)
    {
        int best = from;
        float quietest = float.MaxValue;
        for (int n = from; n <= to - length; n++)
        {
            float sum = 0;
            for (int k = 0; k < length; k++) sum += levels[n + k];
            if (sum > quietest) continue;                            // of equals the later: longer utterances are recognised better
            quietest = sum;
            best = n;
        }
        return best + length / 2;
    }

    /// <summary>The first frames as an utterance; null when too few of them are speech against the noise as it is known by now.</summary>
    public Utterance? Take(int number, int frames, NoiseFloor floor, int minSpeechFrames)
    {
        int first = -1, last = -1, loud = 0;
        for (int n = 0; n < frames; n++)
        {
            if (levels[n] > floor.Onset) sorted[loud++] = levels[n];
            if (levels[n] <= floor.Offset) continue;
            if (first < 0) first = n;
            last = n;
        }
        if (loud < minSpeechFrames) return null;

        Array.Sort(sorted, 0, loud);
        long begin = Begin;
        return new Utterance(number, begin, samples.AsSpan(0, frames * FrameLength), begin + (long)first * FrameLength,
            begin + (long)(last + 1) * FrameLength, sorted[loud / 2]);
    }

    public void RemoveFirst(int frames)
    {
        samples.AsSpan(frames * FrameLength, (FrameCount - frames) * FrameLength).CopyTo(samples);
        levels.AsSpan(frames, FrameCount - frames).CopyTo(levels);
        FrameCount -= frames;
    }

    public void Clear() => FrameCount = 0;
}

/// <summary>The last frames before speech begins.</summary>
internal sealed class PreRoll(int capacityFrames)
{
    private const int FrameLength = SpeechDetector.FrameLength;

    private readonly float[] samples = new float[capacityFrames * FrameLength];
    private readonly float[] levels = new float[capacityFrames];
    private readonly long[] starts = new long[capacityFrames];
    private int count, next;

    public void Add(long at, ReadOnlySpan<float> frame, float level)
    {
        frame.CopyTo(samples.AsSpan(next * FrameLength));
        levels[next] = level;
        starts[next] = at;
        next = (next + 1) % capacityFrames;
        count = Math.Min(count + 1, capacityFrames);
    }

    public void MoveTo(UtteranceBuffer utterance)
    {
        for (int n = 0; n < count; n++)
        {
            int place = (next - count + n + capacityFrames) % capacityFrames;
            utterance.Add(starts[place], samples.AsSpan(place * FrameLength, FrameLength), levels[place]);
        }
        Clear();
    }

    public void Clear() => count = 0;
}
