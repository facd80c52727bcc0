using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// Decides how much is asked of the engine: a step down where it cannot keep up, and a step up again where what that adds would fit, by
/// what jobs cost and how much is being said. A step that had to be taken back is tried again only after twice as long. Pure.
/// </summary>
internal sealed class EffortLadder
{
    /// <summary>Each step is given this long to help before the next is taken.</summary>
    internal static readonly TimeSpan StepEvery = TimeSpan.FromSeconds(5);

    /// <summary>How long it must be easy before more is asked for; at most, after it was wrong several times.</summary>
    internal static readonly TimeSpan Calm = TimeSpan.FromSeconds(10), LongestCalm = TimeSpan.FromSeconds(160);

    /// <summary>A step back this soon was a mistake.</summary>
    private static readonly TimeSpan Regret = TimeSpan.FromSeconds(30);

    private const double Busy = 0.85, Fits = 0.7, ManyLate = 0.25;

    /// <summary>Longer than this a final waits only where there is more than can be done; live captions have ten seconds in all.</summary>
    private static readonly TimeSpan Waiting = TimeSpan.FromSeconds(2), WaitingLong = TimeSpan.FromSeconds(5), Soon = TimeSpan.FromSeconds(1);

    private TimeSpan changedAt = TimeSpan.MinValue / 2, askedMoreAt = TimeSpan.MinValue / 2, calm = Calm;
    private TimeSpan? easySince;

    public SpeechEffort Effort { get; private set; }

    /// <param name="now">On any clock that only goes forward.</param>
    public SpeechEffort Observe(TimeSpan now, in LoadReading load)
    {
        if (now - askedMoreAt > LongestCalm) calm = Calm;
        if (IsTooMuch(load))
        {
            easySince = null;
            if (Effort < SpeechEffort.Deferred && now - changedAt >= StepEvery) AskLess(now);
            return Effort;
        }
        if (Effort == SpeechEffort.Full || !IsEasy(load))
        {
            easySince = null;
            return Effort;
        }
        easySince ??= now;
        if (now - easySince >= calm && now - changedAt >= calm) AskMore(now);
        return Effort;
    }

    private void AskLess(TimeSpan now)
    {
        if (now - askedMoreAt <= Regret) calm = calm * 2 < LongestCalm ? calm * 2 : LongestCalm;
        Effort++;
        changedAt = now;
    }

    private void AskMore(TimeSpan now)
    {
        Effort--;
        (changedAt, askedMoreAt, easySince) = (now, now, null);
    }

    /// <summary>Without partials a busy engine is no reason to put finals off: only finals that wait are.</summary>
    private bool IsTooMuch(in LoadReading load) => Effort >= SpeechEffort.FinalsOnly
        ? load.Lag > WaitingLong || load.FinalsLate > 0
        : load.Utilisation > Busy || load.Lag > Waiting || load.PartialsLate > ManyLate || load.FinalsLate > 0;

    private bool IsEasy(in LoadReading load) =>
        load.Lag < Soon && load.FinalsLate == 0 && load.FinalDemand + load.PartialDemand * PartOfPartials(Effort - 1) < Fits;

    /// <summary>How much of all partials is asked for.</summary>
    private static double PartOfPartials(SpeechEffort effort) => effort switch
    {
        SpeechEffort.Full => 1,
        SpeechEffort.LongerHop => 1.0 / 3,
        SpeechEffort.LoudestOnly => 1.0 / 6,                     // of two who speak at a time, as a guess
        _ => 0,
    };
}
