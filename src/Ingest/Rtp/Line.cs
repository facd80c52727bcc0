namespace Pipeline.Ingest.Rtp;

/// <summary>A straight line through the last few points, by least squares. Fewer than two points have a level and no slope.</summary>
/// <param name="capacity">Points kept; one more takes the place of the oldest.</param>
internal sealed class Line(int capacity)
{
    private readonly (double X, double Y)[] points = new (double, double)[capacity];
    private int next;
    private double meanX, meanY, spread, deviation;                                  // spread: Σ (x − mean)²

    public int Count { get; private set; }
    public double Slope { get; private set; }

    public void Add(double x, double y)
    {
        points[next] = (x, y);
        next = (next + 1) % capacity;
        Count = Math.Min(Count + 1, capacity);
        Fit();
    }

    public void Clear() => (Count, next, Slope) = (0, 0, 0);

    public double At(double x) => meanY + Slope * (x - meanX);

    /// <summary>Standard deviation of one more point at <paramref name="x"/> from the line; grows the further off it is.</summary>
    public double ErrorAt(double x) => spread > 0 ? deviation * Math.Sqrt(1 + 1.0 / Count + (x - meanX) * (x - meanX) / spread) : double.PositiveInfinity;

    /// <summary>Standard error of the slope, for points that deviate by no less than <paramref name="leastDeviation"/>.</summary>
    public double SlopeError(double leastDeviation) => spread > 0 ? Math.Max(deviation, leastDeviation) / Math.Sqrt(spread) : double.PositiveInfinity;

    private void Fit()
    {
        (meanX, meanY) = (0, 0);
        foreach (var (x, y) in points.AsSpan(0, Count)) (meanX, meanY) = (meanX + x / Count, meanY + y / Count);
        double product = 0, residuals = 0;
        spread = 0;
        foreach (var (x, y) in points.AsSpan(0, Count)) (spread, product) = (spread + (x - meanX) * (x - meanX), product + (x - meanX) * (y - meanY));
        Slope = spread > 0 ? product / spread : 0;
        foreach (var (x, y) in points.AsSpan(0, Count)) residuals += (y - At(x)) * (y - At(x));
        deviation = Count > 2 ? Math.Sqrt(residuals / (Count - 2)) : 0;
    }
}
