using System.Diagnostics.Metrics;

namespace Pipeline.Api.Minutes;

/// <summary>What making minutes costs. No id is in a tag.</summary>
internal sealed class MinutesMetrics
{
    public const string MeterName = "Pipeline.Api.Minutes";

    private readonly TimeProvider clock;
    private readonly Histogram<double> time;
    private readonly Counter<long> refused;

    public MinutesMetrics(IMeterFactory factory, TimeProvider clock)
    {
        this.clock = clock;
        var meter = factory.Create(MeterName);
        time = meter.CreateHistogram<double>("pipeline.minutes.make.duration", "s", "What making a meeting's minutes took.");
        refused = meter.CreateCounter<long>("pipeline.minutes.refused", "{request}", "Requests for minutes that were sent away because too many waited.");
    }

    public long Now => clock.GetTimestamp();
    public void Made(long began) => time.Record(clock.GetElapsedTime(began).TotalSeconds);
    public void Refused() => refused.Add(1);
}
