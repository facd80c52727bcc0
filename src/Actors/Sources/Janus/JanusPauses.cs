namespace Pipeline.Actors.Sources.Janus;

/// <summary>How long to wait between attempts: 0.5, 1, 2 … 10 s, less up to half of it by chance, so that meetings of one Janus do not come all at once.</summary>
/// <param name="chance">0 … 1.</param>
internal sealed class JanusPauses(Func<double> chance)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(500), Longest = TimeSpan.FromSeconds(10);
    private TimeSpan next = First;

    /// <param name="atLeast">Before chance takes its part.</param>
    public TimeSpan Next(TimeSpan atLeast = default)
    {
        var pause = (next > atLeast ? next : atLeast) * (1 - chance() / 2);
        next = next * 2 < Longest ? next * 2 : Longest;
        return pause;
    }

    public void Reset() => next = First;
}
