namespace Pipeline.Ingest.Rtp;

/// <summary>
/// A sender's media clock against the meeting's: where a timestamp lies, and what the clock gains. Of each two seconds of packets the one
/// that took least is a point; through the points goes a line. Where the media clock stalled, or the way became another, a new stretch
/// begins at another level; the slope is of the clock alone, and all stretches share it.
/// <code>
/// arrival − timestamp   ·  · ·    ·                 each · is the quickest packet of two seconds
///                       ‾‾‾·‾‾·‾‾·‾‾‾               a stretch
///                                     ‾‾·‾‾·‾·‾‾    the next, at the same slope
/// </code>
/// Sender reports say the slope sooner, where they say it more exactly and do not contradict: a sender's wall clock may itself run wrong.
/// </summary>
/// <param name="clockRate">Of the media clock, Hz; everything here is in its ticks.</param>
public sealed class RtpClock(int clockRate)
{
    private const int MaxPoints = 64, LeastFreedom = 4;                              // points: two minutes of talk
    private const int WindowPackets = 50, MaxOutliers = 3;
    private const double KnownPpm = 25, CrediblePpm = 500;                           // crystals are within 100

    private readonly record struct Point(int Stretch, double X, double Y);

    private readonly int windowLength = 2 * clockRate;
    private readonly double leastOutlier = clockRate * 2 / 1000.0, leastDeviation = clockRate / 10_000.0;
    private readonly SenderClock reports = new(clockRate);
    private readonly Point[] points = new Point[MaxPoints];
    private readonly Point[] outliers = new Point[MaxOutliers];
    private int first, count, outlierCount, stretch, stretchCount, packets;
    private long origin, level, windowBegin;
    private Point least;                                                             // of the window
    private double meanX, meanY, slope, arrivalSlope, arrivalError = double.PositiveInfinity, deviation;

    /// <summary>What the sender's clock gains on ours, parts per million; 0 until known.</summary>
    public double DriftPpm => slope == 0 ? 0 : -1e6 * slope;
    /// <summary>The same as what <see cref="OffsetAt"/> grows by with each tick.</summary>
    public double OffsetSlope => slope;

    /// <summary>From this timestamp on another offset holds.</summary>
    /// <param name="offset">Meeting time − timestamp, as far as it is known.</param>
    /// <param name="sameClock">False: another sender, of whose clock nothing is known yet.</param>
    /// <param name="sameTimestamps">False: timestamps began anew.</param>
    public void Begin(long timestamp, long offset, bool sameClock, bool sameTimestamps)
    {
        if (sameTimestamps && packets >= WindowPackets / 2) TakeWindow();
        if (!sameTimestamps) reports.Restart();
        if (!sameClock)
        {
            count = 0;
            (slope, arrivalSlope, arrivalError) = (0, 0, double.PositiveInfinity);
        }
        (origin, level, packets) = (timestamp, offset, 0);
        BeginStretch();
    }

    /// <summary>Takes in a packet.</summary>
    /// <param name="transit">Its arrival − its timestamp.</param>
    public void Add(long timestamp, long transit)
    {
        if (packets >= WindowPackets && timestamp - windowBegin >= windowLength) TakeWindow();
        if (packets++ == 0) (windowBegin, least) = (timestamp, new Point(stretch, timestamp - origin, transit - level));
        else if (transit - level < least.Y) least = new Point(stretch, timestamp - origin, transit - level);
    }

    /// <summary>Takes in a sender report.</summary>
    public void Add(ulong ntp, long timestamp)
    {
        reports.Add(ntp, timestamp);
        Choose();
    }

    /// <summary>Meeting time − timestamp, for a packet of that timestamp that took no longer than the quickest.</summary>
    public long OffsetAt(long timestamp)
    {
        double x = timestamp - origin;
        return level + (long)Math.Round(stretchCount == 0 ? slope * x : meanY + slope * (x - meanX));
    }

    private void BeginStretch()
    {
        stretch++;
        (stretchCount, outlierCount, meanX, meanY) = (0, 0, 0, 0);
    }

    private void TakeWindow()
    {
        packets = 0;
        if (arrivalError <= KnownPpm && stretchCount > 0 && Math.Abs(least.Y - meanY - slope * (least.X - meanX)) > Math.Max(3 * deviation, leastOutlier))
        {
            outliers[outlierCount++] = least;
            if (outlierCount < MaxOutliers) return;                                  // not once, but from now on
            int agreeing = outlierCount;
            BeginStretch();
            for (int n = 0; n < agreeing; n++) Keep(outliers[n] with { Stretch = stretch });
        }
        else
        {
            outlierCount = 0;
            Keep(least);
        }
        Fit();
        Choose();
    }

    private void Keep(Point point)
    {
        points[(first + count) % MaxPoints] = point;
        if (count < MaxPoints) count++;
        else first = (first + 1) % MaxPoints;
    }

    /// <summary>One slope, by least squares around each stretch's own mean.</summary>
    private void Fit()
    {
        double spread = 0, product = 0, square = 0;
        int stretches = 0;
        for (int from = 0, to; from < count; from = to, stretches++)
        {
            for (to = from; to < count && At(to).Stretch == At(from).Stretch; to++) { }
            var (x, y) = Mean(from, to);
            for (int n = from; n < to; n++)
            {
                var (_, px, py) = At(n);
                spread += (px - x) * (px - x);
                product += (px - x) * (py - y);
                square += (py - y) * (py - y);
            }
        }
        int freedom = count - stretches - 1;
        arrivalSlope = spread > 0 ? product / spread : 0;
        deviation = freedom > 0 ? Math.Sqrt(Math.Max(square - arrivalSlope * product, 0) / freedom) : 0;
        arrivalError = freedom >= LeastFreedom && spread > 0 ? 1e6 * Math.Max(deviation, leastDeviation) / Math.Sqrt(spread) : double.PositiveInfinity;

        stretchCount = 0;
        while (stretchCount < count && At(count - 1 - stretchCount).Stretch == stretch) stretchCount++;
        (meanX, meanY) = Mean(count - stretchCount, count);
    }

    /// <summary>The reports' slope where it is the more exact one and the packets do not contradict it; else the packets'; else what it was.</summary>
    private void Choose()
    {
        double byReports = -reports.DriftPpm * 1e-6, error = reports.ErrorPpm;
        bool arrivalKnown = arrivalError <= KnownPpm && Math.Abs(arrivalSlope) * 1e6 <= CrediblePpm;
        bool agrees = !arrivalKnown || Math.Abs(byReports - arrivalSlope) * 1e6 <= 3 * Math.Sqrt(error * error + arrivalError * arrivalError) + 5;
        if (error <= KnownPpm && error < arrivalError && Math.Abs(reports.DriftPpm) <= CrediblePpm && agrees) slope = byReports;
        else if (arrivalKnown) slope = arrivalSlope;
    }

    private Point At(int index) => points[(first + index) % MaxPoints];

    private (double X, double Y) Mean(int from, int to)
    {
        double x = 0, y = 0;
        for (int n = from; n < to; n++) (x, y) = (x + At(n).X, y + At(n).Y);
        int span = Math.Max(1, to - from);
        return (x / span, y / span);
    }
}
