namespace Pipeline.Ingest.Rtp;

/// <summary>
/// How fast a sender's media clock runs by its own wall clock: a line through its last twenty sender reports, by least squares. A report
/// more than three standard deviations off the line is refused; five refused in a row (the wall clock was set, the media clock stalled)
/// begin a new line.
/// </summary>
/// <param name="clockRate">Of the media clock, Hz.</param>
public sealed class SenderClock(int clockRate)
{
    private const int Capacity = 20, Enough = 4, MaxRefused = 5;
    private const double LeastDeviation = 100e-6;                                    // s

    private readonly Line line = new(Capacity);
    private readonly (ulong Ntp, long Timestamp)[] refused = new (ulong, long)[MaxRefused];
    private ulong firstNtp;
    private long firstTimestamp;
    private double last;
    private int refusedInRow;

    /// <summary>True once four reports agree.</summary>
    public bool IsReady => line.Count >= Enough;
    /// <summary>What the media clock gains on the wall clock, parts per million; 0 until ready.</summary>
    public double DriftPpm => IsReady ? 1e6 * line.Slope : 0;
    /// <summary>Standard error of <see cref="DriftPpm"/>; infinite until ready.</summary>
    public double ErrorPpm => IsReady ? 1e6 * line.SlopeError(LeastDeviation / 3) : double.PositiveInfinity;
    /// <summary>Reports that did not fit the line.</summary>
    public long Refused { get; private set; }

    /// <summary>Takes in one report.</summary>
    /// <param name="timestamp">Unwrapped.</param>
    public void Add(ulong ntp, long timestamp)
    {
        if (line.Count == 0) (firstNtp, firstTimestamp, last) = (ntp, timestamp, double.NegativeInfinity);
        double at = Seconds(ntp), gained = (timestamp - firstTimestamp) / (double)clockRate - at;
        if (at == last) return;                                                      // the same once more
        if (at < last || (IsReady && Math.Abs(gained - line.At(at)) > Math.Max(3 * line.ErrorAt(at), LeastDeviation)))
        {
            Refuse(ntp, timestamp);
            return;
        }
        refusedInRow = 0;
        last = at;
        line.Add(at, gained);
    }

    /// <summary>Timestamps begin anew.</summary>
    public void Restart()
    {
        line.Clear();
        refusedInRow = 0;
    }

    private double Seconds(ulong ntp) => (long)(ntp - firstNtp) / 4294967296.0;

    private void Refuse(ulong ntp, long timestamp)
    {
        Refused++;
        refused[refusedInRow++] = (ntp, timestamp);
        if (refusedInRow < MaxRefused) return;
        line.Clear();
        refusedInRow = 0;
        (firstNtp, firstTimestamp, last) = (refused[0].Ntp, refused[0].Timestamp, double.NegativeInfinity);
        foreach (var (laterNtp, laterTimestamp) in refused)
        {
            double at = Seconds(laterNtp);
            if (at <= last) continue;
            last = at;
            line.Add(at, (laterTimestamp - firstTimestamp) / (double)clockRate - at);
        }
    }
}
