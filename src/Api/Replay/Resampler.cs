using System.Numerics;
using System.Runtime.InteropServices;

namespace Pipeline.Api.Replay;

/// <summary>Changes a sound's sample rate by a Kaiser-windowed sinc, whole and at once; no delay, no change of level.</summary>
public static class Resampler
{
    /// <summary>Zero crossings of the sinc on either side: the slope from all to nothing takes a tenth of the band.</summary>
    private const int HalfWidth = 64;
    /// <summary>Stop band near −90 dB.</summary>
    private const double KaiserBeta = 9;
    /// <summary>Middle of the slope, as a part of the lower Nyquist frequency.</summary>
    private const double Cutoff = 0.95;

    /// <param name="samples">Mono, at <paramref name="fromRate"/>.</param>
    /// <returns>Sample n lies at n / <paramref name="toRate"/> seconds of the input; as long as the input, rounded up.</returns>
    public static float[] Resample(ReadOnlySpan<float> samples, int fromRate, int toRate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fromRate);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(toRate);
        if (fromRate == toRate) return samples.ToArray();

        int divisor = (int)BigInteger.GreatestCommonDivisor(fromRate, toRate);
        int up = toRate / divisor, down = fromRate / divisor;      // output n lies at input n·down/up
        double cutoff = Cutoff * Math.Min(1.0, (double)toRate / fromRate);
        int reach = (int)Math.Ceiling(HalfWidth / cutoff);
        var kernels = new float[up][];                             // one for each fraction of an input sample, made when first met

        var output = new float[(int)(((long)samples.Length * up + down - 1) / down)];
        for (int n = 0; n < output.Length; n++)
        {
            long position = (long)n * down;
            int phase = (int)(position % up), first = (int)(position / up) - reach + 1;
            var kernel = kernels[phase] ??= Kernel((double)phase / up, reach, cutoff);
            int skip = Math.Max(0, -first), take = Math.Min(kernel.Length, samples.Length - first) - skip;
            if (take > 0) output[n] = Dot(kernel.AsSpan(skip, take), samples.Slice(first + skip, take));
        }
        return output;
    }

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var vectorsA = MemoryMarshal.Cast<float, Vector<float>>(a);
        var vectorsB = MemoryMarshal.Cast<float, Vector<float>>(b);
        var sums = Vector<float>.Zero;
        for (int i = 0; i < vectorsA.Length; i++) sums += vectorsA[i] * vectorsB[i];
        float sum = Vector.Sum(sums);
        for (int i = vectorsA.Length * Vector<float>.Count; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Weights of the input samples from <c>reach − 1</c> before to <c>reach</c> after the one the output lies behind by <paramref name="fraction"/>.</summary>
    private static float[] Kernel(double fraction, int reach, double cutoff)
    {
        var weights = new double[2 * reach];
        for (int k = 0; k < weights.Length; k++)
        {
            double x = k - reach + 1 - fraction, edge = x / reach;
            double sinc = x == 0 ? 1 : Math.Sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
            weights[k] = Math.Abs(edge) >= 1 ? 0 : sinc * Bessel(KaiserBeta * Math.Sqrt(1 - edge * edge));
        }
        double sum = weights.Sum();                                // every phase passes a constant unchanged
        return Array.ConvertAll(weights, w => (float)(w / sum));
    }

    /// <summary>The modified Bessel function of the first kind, order 0.</summary>
    private static double Bessel(double x)
    {
        double sum = 1, term = 1;
        for (int k = 1; term > 1e-12 * sum; k++)
        {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }
        return sum;
    }
}
