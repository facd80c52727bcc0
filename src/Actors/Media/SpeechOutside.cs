namespace Pipeline.Actors.Media;

/// <summary>All of a meeting's sound but some spans, which are as silence.</summary>
internal sealed class SpeechOutside(IReadOnlyList<HeardSpan> spans) : ISpeechSelection
{
    private const int Rate = 16000;

    private readonly ILookup<int, (long From, long To)> silent = spans.OrderBy(s => s.Start).ToLookup(
        s => s.Track, s => (s.Start.Ticks * Rate / TimeSpan.TicksPerSecond, s.End.Ticks * Rate / TimeSpan.TicksPerSecond));

    public bool TryNext(int track, long firstSample, int count, out int skip, out int length)
    {
        long from = firstSample, end = firstSample + count;
        foreach (var (begin, stop) in silent[track])
        {
            if (stop <= from) continue;
            if (begin > from)
            {
                end = Math.Min(end, begin);
                break;
            }
            from = stop;
        }
        from = Math.Min(from, firstSample + count);
        (skip, length) = ((int)(from - firstSample), (int)Math.Max(0, end - from));
        return length > 0;
    }
}
