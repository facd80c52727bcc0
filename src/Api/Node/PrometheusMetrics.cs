using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Pipeline.Api.Node;

/// <summary>
/// Listens to this host's meters and writes what they measured in Prometheus' text format 0.0.4. Names follow its habits:
/// `pipeline.rtp.received` in `By`, a counter, is `pipeline_rtp_received_bytes_total`.
/// </summary>
internal sealed class PrometheusMetrics : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>An instrument with more series than this has something unbounded in its tags.</summary>
    private const int MaxSeries = 1000;
    /// <summary>OpenTelemetry's advice for durations in seconds; used where an instrument has none of its own.</summary>
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    /// <summary>Kestrel's own meter names addresses in its tags; HTTP requests are Hosting's.</summary>
    private static readonly string[] Prefixes = ["Pipeline.", "System.Runtime", "Microsoft.AspNetCore.Hosting"];

    private readonly ConcurrentDictionary<Instrument, Family> families = [];
    private readonly MeterListener listener = new();

    public PrometheusMetrics(IMeterFactory ours)
    {
        listener.InstrumentPublished = (instrument, listener) =>
        {
            var meter = instrument.Meter;
            bool otherHost = meter.Scope is IMeterFactory factory && factory != ours;
            if (otherHost || !Prefixes.Any(prefix => meter.Name.StartsWith(prefix, StringComparison.Ordinal))) return;
            listener.EnableMeasurementEvents(instrument, families.GetOrAdd(instrument, made => new Family(made)));
        };
        listener.MeasurementsCompleted = (instrument, _) => families.TryRemove(instrument, out var _);
        listener.SetMeasurementEventCallback<byte>((_, value, tags, state) => ((Family)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<short>((_, value, tags, state) => ((Family)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<int>((_, value, tags, state) => ((Family)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((Family)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<float>((_, value, tags, state) => ((Family)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((Family)state!).Record(value, tags));
        listener.SetMeasurementEventCallback<decimal>((_, value, tags, state) => ((Family)state!).Record((double)value, tags));
        listener.Start();
    }

    public string Write()
    {
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var family in families.Values.OrderBy(family => family.Name, StringComparer.Ordinal)) family.Write(text);
        WriteProcess(text);
        return text.ToString();
    }

    public void Dispose() => listener.Dispose();

    /// <summary>The names that every Prometheus dashboard of a process looks for.</summary>
    private static void WriteProcess(StringBuilder text)
    {
        using var process = Process.GetCurrentProcess();
        double start = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        Line("process_cpu_seconds_total", "counter", "Time on a processor.", process.TotalProcessorTime.TotalSeconds);
        Line("process_resident_memory_bytes", "gauge", "Memory in use.", process.WorkingSet64);
        Line("process_start_time_seconds", "gauge", "When the process began, since 1970.", start);

        void Line(string name, string type, string help, double value) =>
            text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n{name} {Family.Number(value)}\n");
    }

    /// <summary>One instrument: all its series.</summary>
    private sealed class Family(Instrument instrument)
    {
        private readonly ConcurrentDictionary<string, Series> series = [];
        private readonly double[]? bounds = BoundsOf(instrument);
        /// <summary>An observable counter tells its sum, another one what to add to it.</summary>
        private readonly bool adds = !instrument.IsObservable && Kind(instrument) is not "Gauge";

        public string Name { get; } = NameOf(instrument);

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string labels = Labels(tags);
            if (!series.TryGetValue(labels, out var found))
            {
                if (series.Count >= MaxSeries) return;
                found = series.GetOrAdd(labels, _ => new Series(bounds));
            }
            found.Record(value, adds);
        }

        public void Write(StringBuilder text)
        {
            if (series.IsEmpty) return;
            string type = bounds is not null ? "histogram" : IsCounter(instrument) ? "counter" : "gauge";
            text.Append($"# HELP {Name} {(instrument.Description ?? "").ReplaceLineEndings(" ").Replace("\\", "\\\\")}\n# TYPE {Name} {type}\n");
            foreach (var (labels, one) in series.OrderBy(entry => entry.Key, StringComparer.Ordinal)) one.Write(text, Name, labels);
        }

        public static string Number(double value) =>
            double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

        private static string NameOf(Instrument instrument)
        {
            string name = Word(instrument.Name);
            string unit = instrument.Unit switch
            {
                "s" => "_seconds",
                "ms" => "_milliseconds",
                "By" => "_bytes",
                "1" when !IsCounter(instrument) => "_ratio",
                _ => "",   // {packet}, {request}: what is counted is in the name
            };
            if (!name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
            return IsCounter(instrument) && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
        }

        private static double[]? BoundsOf(Instrument instrument) => instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised],
            Histogram<long> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(bound => (double)bound)],
            Histogram<int> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(bound => (double)bound)],
            _ => Kind(instrument) is "Histogram" ? DefaultBounds : null,
        };

        private static bool IsCounter(Instrument instrument) => Kind(instrument) is "Counter" or "ObservableCounter";

        /// <summary>`Counter`, `UpDownCounter`, `Histogram`, `Gauge`, or one of them observable; whatever number it counts in.</summary>
        private static string Kind(Instrument instrument) => instrument.GetType().Name.Split('`')[0];

        private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.IsEmpty) return "";
            var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);   // the same tags in another order are the same series
            foreach (var (key, value) in tags)
                labels[Word(key)] = Convert.ToString(value, CultureInfo.InvariantCulture)!.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
            return string.Join(',', labels.Select(label => $"{label.Key}=\"{label.Value}\""));
        }

        private static string Word(string name) =>
            string.Concat(name.Select((c, i) => char.IsAsciiLetter(c) || (i > 0 && char.IsAsciiDigit(c)) ? c : '_'));
    }

    /// <summary>One line of numbers, or one histogram.</summary>
    private sealed class Series(double[]? bounds)
    {
        private readonly Lock gate = new();
        private readonly long[] counts = new long[(bounds?.Length ?? 0) + 1];
        private double sum;

        public void Record(double value, bool adds)
        {
            lock (gate)
            {
                sum = adds ? sum + value : value;
                if (bounds is not null) counts[Bucket(bounds, value)]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels)
        {
            string braced = labels.Length == 0 ? "" : $"{{{labels}}}";
            lock (gate)
            {
                if (bounds is null)
                {
                    text.Append($"{name}{braced} {Family.Number(sum)}\n");
                    return;
                }
                string before = labels.Length == 0 ? "" : labels + ",";
                long upTo = 0;
                for (int i = 0; i < counts.Length; i++)
                {
                    upTo += counts[i];
                    text.Append($"{name}_bucket{{{before}le=\"{Family.Number(i < bounds.Length ? bounds[i] : double.PositiveInfinity)}\"}} {upTo}\n");
                }
                text.Append($"{name}_sum{braced} {Family.Number(sum)}\n{name}_count{braced} {upTo}\n");
            }
        }

        /// <summary>The first whose upper bound is not below the value.</summary>
        private static int Bucket(double[] bounds, double value)
        {
            int found = Array.BinarySearch(bounds, value);
            return found >= 0 ? found : ~found;
        }
    }
}
