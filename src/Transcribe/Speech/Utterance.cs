using System.Buffers;

namespace Pipeline.Transcribe.Speech;

/// <summary>One stretch of speech on one track, with the silence around it. Owns a pooled buffer until it is disposed.</summary>
public sealed class Utterance : IDisposable
{
    private float[]? buffer;
    private readonly int length;

    internal Utterance(int number, long firstSample, ReadOnlySpan<float> samples, long speechStart, long speechEnd, float level)
    {
        buffer = ArrayPool<float>.Shared.Rent(samples.Length);
        samples.CopyTo(buffer);
        length = samples.Length;
        Number = number;
        FirstSample = firstSample;
        SpeechStart = speechStart;
        SpeechEnd = speechEnd;
        Level = level;
    }

    /// <summary>Which of its track's it is, from 1. Some come to nothing, and their numbers are left out.</summary>
    public int Number { get; }

    /// <summary>Index of the first sample since the meeting began.</summary>
    public long FirstSample { get; }

    /// <summary>16 kHz mono.</summary>
    public ReadOnlyMemory<float> Samples => buffer.AsMemory(0, buffer is null ? 0 : length);

    public long EndSample => FirstSample + length;

    /// <summary>Index of the first sample that is speech, without the pre-roll.</summary>
    public long SpeechStart { get; }

    /// <summary>Index after the last sample that is speech, without the hangover.</summary>
    public long SpeechEnd { get; }

    /// <summary>Median level of its speech in dBFS, after pre-emphasis.</summary>
    public float Level { get; }

    public void Dispose()
    {
        if (buffer is null) return;
        ArrayPool<float>.Shared.Return(buffer);
        buffer = null;
    }
}
