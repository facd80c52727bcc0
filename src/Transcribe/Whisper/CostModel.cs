namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// How long one thread of the engine takes for a job. The encoder's window is nearly all of it, and its cost grows nearly as the window
/// does; so one number, seconds a position, is learnt from every answer. Pure.
/// </summary>
internal sealed class CostModel
{
    /// <summary>Of the newest answer: some ten of them make what is believed.</summary>
    private const double Weight = 0.1;

    /// <summary>An answer that took longer than this many times what was expected was not the engine's doing alone.</summary>
    private const double MostSurprise = 4;

    private double perPosition;                                  // seconds

    public bool IsKnown => perPosition > 0;

    /// <summary>Zero while nothing is known.</summary>
    public TimeSpan Of(int samples) => TimeSpan.FromSeconds(perPosition * DecodeBudget.AudioContext(samples));

    public void Learn(int samples, TimeSpan took)
    {
        double seen = took.TotalSeconds / DecodeBudget.AudioContext(samples);
        perPosition = IsKnown ? perPosition + Weight * (Math.Min(seen, MostSurprise * perPosition) - perPosition) : seen;
    }
}
