namespace Pipeline.Ingest.Recording.Composite;

/// <summary>
/// Who is shown large: somebody else only after being the loudest for a while, and nobody for less than a few seconds, or the picture would jump with each "yes".
/// Pure: time is pictures.
/// </summary>
/// <param name="rate">Pictures a second.</param>
internal sealed class SpeakerChoice(int rate)
{
    /// <summary>How long somebody is the loudest before being shown; a breath between two words does not end it.</summary>
    public static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(1200), Breath = TimeSpan.FromMilliseconds(1600);
    public static readonly TimeSpan LeastStay = TimeSpan.FromSeconds(3);

    private readonly int lead = Frames(Lead, rate), breath = Frames(Breath, rate), leastStay = Frames(LeastStay, rate);
    private int led, quiet, stayed;
    private string? next;

    public string? Current { get; private set; }

    /// <summary>Takes the next picture's time.</summary>
    /// <param name="loudest">Null while nobody speaks.</param>
    /// <param name="instead">Who is shown when who was is gone; null when nobody is there.</param>
    public void Advance(string? loudest, bool isCurrentThere, string? instead)
    {
        stayed++;
        if (loudest is null)
        {
            if (++quiet >= breath) (next, led) = (null, 0);
        }
        else
        {
            quiet = 0;
            if (loudest != next) (next, led) = (loudest, 0);
            led++;
        }
        if (Current is null || !isCurrentThere) Show(instead);
        else if (loudest is not null && next != Current && led >= lead && stayed >= leastStay) Show(next);
    }

    private void Show(string? shown)
    {
        if (shown == Current) return;
        (Current, stayed) = (shown, 0);
    }

    private static int Frames(TimeSpan time, int rate) => (int)(time.TotalSeconds * rate);
}
