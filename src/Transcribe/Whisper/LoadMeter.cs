using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>What the engine was given and did in the last ten seconds.</summary>
/// <param name="Utilisation">How much of its threads' time went to what is being said: 0 … 1.</param>
/// <param name="Lag">How long the oldest final has been waiting for its answer.</param>
/// <param name="PartialsLate">Which part of the partials came to their turn too late: 0 … 1.</param>
/// <param name="FinalsLate">How many finals did.</param>
/// <param name="FinalDemand">What finals alone would take of its threads' time; above 1 they are more than it can do.</param>
/// <param name="PartialDemand">What partials would take beside them, each second of everybody's speech asked for once.</param>
internal readonly record struct LoadReading(
    double Utilisation, TimeSpan Lag, double PartialsLate, int FinalsLate, double FinalDemand, double PartialDemand);

/// <summary>Sums up what happens to jobs, second by second. Pure: one caller at a time.</summary>
internal sealed class LoadMeter
{
    /// <summary>Seconds that are looked at together. Long enough for the sentences of one turn, short enough to follow a conversation.</summary>
    private const int Window = 10;

    /// <summary>Of so few partials nothing is concluded.</summary>
    private const int FewPartials = 4;

    private readonly Second[] seconds = new Second[Window];
    private Second now;
    private int read;
    private TimeSpan? begun;
    private TimeSpan workedUntil, lastRead;

    private record struct Second(double Length, double Worked, double FinalCost, double Speech, int Partials, int PartialsLate, int FinalsLate);

    public void FinalCame(int samples, TimeSpan cost)
    {
        now.FinalCost += cost.TotalSeconds;
        now.Speech += (double)samples / SpeechJob.SampleRate;
    }

    public void PartialTaken() => now.Partials++;

    public void WasLate(JobRank rank)
    {
        if (rank == JobRank.Partial) now.PartialsLate++;
        else now.FinalsLate++;
    }

    /// <summary>So many threads were at work from the last time this was said until now.</summary>
    public void Worked(TimeSpan until, int threads)
    {
        if (begun is null) begun = workedUntil = lastRead = until;
        now.Worked += threads * (until - workedUntil).TotalSeconds;
        workedUntil = until;
    }

    /// <summary>Ends a second, which <see cref="Worked"/> has just been told the end of.</summary>
    /// <param name="partialCost">Of a short job.</param>
    public LoadReading Read(int threads, TimeSpan lag, TimeSpan partialCost)
    {
        now.Length = (workedUntil - lastRead).TotalSeconds;
        lastRead = workedUntil;
        seconds[read++ % Window] = now;
        now = default;

        var all = default(Second);
        foreach (var s in seconds)
            all = new(all.Length + s.Length, all.Worked + s.Worked, all.FinalCost + s.FinalCost, all.Speech + s.Speech,
                all.Partials + s.Partials, all.PartialsLate + s.PartialsLate, all.FinalsLate + s.FinalsLate);
        double time = Math.Max(all.Length, 1) * threads;
        int partials = all.Partials + all.PartialsLate;
        return new LoadReading(
            all.Worked / time, lag, partials < FewPartials ? 0 : (double)all.PartialsLate / partials, all.FinalsLate,
            all.FinalCost / time, all.Speech * partialCost.TotalSeconds / time);
    }
}
