using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Media;

/// <summary>
/// Which of a meeting's sound has no captions yet. Captions of a track come in order within a run, but a later run begins before those
/// of the one before are made up for: so each run of a track has its own end of what was heard. Before that end only what was lost,
/// as the journal says, is unheard; and of that, what was made up for since: captions of it come in order too.
/// </summary>
internal sealed class UnheardSpeech : ISpeechSelection
{
    private const int Rate = 16000;
    /// <summary>After the last word's end: its own last sound is not a word again.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(100);

    private readonly long[] begins;                                                  // of each run, the first at 0, samples
    private readonly Dictionary<int, long[]> heardUntil = [];                        // by track number, for each run
    private readonly ILookup<int, (long From, long To)> lost;

    /// <param name="runs">When each began, in order.</param>
    /// <param name="heard">The captions there are.</param>
    /// <param name="lost">Spans for which there are none, in order of time for each track.</param>
    public UnheardSpeech(IReadOnlyList<TimeSpan> runs, IReadOnlyList<HeardSpan> heard, IEnumerable<SpeechLost> lost)
    {
        begins = [0, .. runs.Skip(1).Select(ToSamples)];
        var byTrack = heard.ToLookup(span => span.Track);
        this.lost = lost.OrderBy(l => l.FromUs).ToLookup(l => l.Number, l => StillLost(byTrack[l.Number], TimeSpan.FromMicroseconds(l.FromUs), TimeSpan.FromMicroseconds(l.ToUs)));
        foreach (var span in heard)
        {
            if (!heardUntil.TryGetValue(span.Track, out long[]? until)) heardUntil[span.Track] = until = new long[begins.Length];
            int run = RunOf(ToSamples(span.End));                                    // what was said as a run began may lie a moment before
            until[run] = Math.Max(until[run], ToSamples(span.End + Margin));
        }
    }

    public bool TryNext(int track, long firstSample, int count, out int skip, out int length)
    {
        (skip, length) = (0, count);
        if (count == 0 || !heardUntil.TryGetValue(track, out long[]? until)) return count > 0;
        long end = until[RunOf(firstSample)];
        if (end <= firstSample) return true;

        foreach (var (from, to) in lost[track])
        {
            if (to <= firstSample || to <= from || from >= end) continue;
            (skip, length) = Within(from, Math.Max(to, firstSample));
            return length > 0;
        }
        (skip, length) = Within(end, long.MaxValue);
        return length > 0;

        (int Skip, int Length) Within(long from, long to)
        {
            long first = Math.Clamp(from - firstSample, 0, count);
            return ((int)first, (int)(Math.Clamp(Math.Min(to, long.MaxValue / 2) - firstSample, first, count) - first));
        }
    }

    private static (long From, long To) StillLost(IEnumerable<HeardSpan> heard, TimeSpan from, TimeSpan to)
    {
        var made = heard.Where(span => span.Start >= from && span.End <= to + Margin).Select(span => span.End + Margin);
        return (ToSamples(made.Append(from).Max()), ToSamples(to));
    }

    private int RunOf(long sample)
    {
        int run = begins.Length - 1;
        while (begins[run] > sample) run--;
        return run;
    }

    private static long ToSamples(TimeSpan time) => time.Ticks * Rate / TimeSpan.TicksPerSecond;
}
