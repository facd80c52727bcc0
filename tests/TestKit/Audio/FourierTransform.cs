using System.Numerics;

namespace Pipeline.TestKit.Audio;

/// <summary>Fast Fourier transform, radix 2, in place.</summary>
internal static class FourierTransform
{
    /// <param name="values">A power of two of them.</param>
    public static void Forward(Span<Complex> values) => Transform(values, -1);

    /// <inheritdoc cref="Forward"/>
    public static void Inverse(Span<Complex> values)
    {
        Transform(values, +1);
        foreach (ref var value in values) value /= values.Length;
    }

    private static void Transform(Span<Complex> values, int sign)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(values.Length), true);
        for (int i = 1, j = 0; i < values.Length; i++)             // bit reversal
        {
            int bit = values.Length >> 1;
            for (; (j & bit) != 0; bit >>= 1) j ^= bit;
            j ^= bit;
            if (i < j) (values[i], values[j]) = (values[j], values[i]);
        }
        for (int length = 2; length <= values.Length; length *= 2)
        {
            int half = length / 2;
            var twiddles = new Complex[half];
            for (int k = 0; k < half; k++) twiddles[k] = Complex.FromPolarCoordinates(1, sign * 2 * Math.PI * k / length);
            for (int start = 0; start < values.Length; start += length)
                for (int k = 0; k < half; k++)
                {
                    var even = values[start + k];
                    var odd = values[start + k + half] * twiddles[k];
                    (values[start + k], values[start + k + half]) = (even + odd, even - odd);
                }
        }
    }
}
