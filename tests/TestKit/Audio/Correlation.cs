using System.Numerics;

namespace Pipeline.TestKit.Audio;

/// <summary>Where a reference lies within a signal.</summary>
/// <param name="Offset">Sample of the signal at which the reference's first sample lies.</param>
/// <param name="Peak">Normalised cross-correlation there: 1 for the same sound at any level, 0 for nothing alike, −1 turned over.</param>
/// <param name="SecondPeak">The best elsewhere; how sure the find is shows in the distance. −1 where there is no elsewhere.</param>
public readonly record struct CorrelationMatch(int Offset, double Peak, double SecondPeak);

/// <summary>Finds a sound within another by normalised cross-correlation.</summary>
public static class Correlation
{
    /// <summary>A window this much quieter than the signal's loudest (power) says nothing about likeness: −80 dB.</summary>
    private const double Silence = 1e-8;

    /// <param name="exclusion">How far "elsewhere" is from the best, in samples; speech is like itself a pitch period on. Null: half the reference.</param>
    /// <exception cref="ArgumentException">The reference is silent, empty, or longer than the signal.</exception>
    public static CorrelationMatch Find(ReadOnlySpan<float> signal, ReadOnlySpan<float> reference, int? exclusion = null)
    {
        if (reference.IsEmpty || reference.Length > signal.Length) throw new ArgumentException("The reference must be shorter than the signal, and not empty.", nameof(reference));
        double[] likeness = Likeness(signal, reference);
        int best = IndexOfMax(likeness);
        int apart = exclusion ?? reference.Length / 2;
        double second = -1;
        for (int i = 0; i < likeness.Length; i++)
            if (Math.Abs(i - best) > apart) second = Math.Max(second, likeness[i]);
        return new CorrelationMatch(best, likeness[best], second);
    }

    /// <summary>Finds it only where its first sample lies in <paramref name="from"/> … <paramref name="to"/>, both cut to what the signal holds.</summary>
    /// <returns>The offset counts from the signal's beginning.</returns>
    /// <inheritdoc cref="Find"/>
    public static CorrelationMatch FindWithin(ReadOnlySpan<float> signal, ReadOnlySpan<float> reference, int from, int to, int? exclusion = null)
    {
        from = Math.Max(from, 0);
        to = Math.Min(to, signal.Length - reference.Length);
        if (to < from) throw new ArgumentException("The signal holds no place for the reference there.", nameof(to));
        var match = Find(signal[from..(to + reference.Length)], reference, exclusion);
        return match with { Offset = match.Offset + from };
    }

    /// <returns>For each place of the reference: their product over the root of both energies.</returns>
    private static double[] Likeness(ReadOnlySpan<float> signal, ReadOnlySpan<float> reference)
    {
        double referenceEnergy = 0;
        foreach (float sample in reference) referenceEnergy += (double)sample * sample;
        if (referenceEnergy == 0) throw new ArgumentException("The reference is silent.", nameof(reference));

        double[] products = Products(signal, reference);
        double[] energies = WindowEnergies(signal, reference.Length);
        double floor = energies.Max() * Silence;
        for (int i = 0; i < products.Length; i++)
            products[i] = energies[i] > floor ? products[i] / Math.Sqrt(energies[i] * referenceEnergy) : 0;
        return products;
    }

    /// <summary>Cross-correlation by overlap-save: blocks a few times the reference's length, so that hours of signal take little memory.</summary>
    private static double[] Products(ReadOnlySpan<float> signal, ReadOnlySpan<float> reference)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(4L * reference.Length, 1024));
        int step = size - reference.Length + 1;
        var kernel = new Complex[size];
        for (int i = 0; i < reference.Length; i++) kernel[i] = reference[i];
        FourierTransform.Forward(kernel);

        var products = new double[signal.Length - reference.Length + 1];
        var block = new Complex[size];
        for (int start = 0; start < products.Length; start += step)
        {
            var part = signal[start..Math.Min(start + size, signal.Length)];
            Array.Clear(block);
            for (int i = 0; i < part.Length; i++) block[i] = part[i];
            FourierTransform.Forward(block);
            for (int i = 0; i < size; i++) block[i] *= Complex.Conjugate(kernel[i]);
            FourierTransform.Inverse(block);
            for (int i = 0; i < Math.Min(step, products.Length - start); i++) products[start + i] = block[i].Real;
        }
        return products;
    }

    private static double[] WindowEnergies(ReadOnlySpan<float> signal, int window)
    {
        var energies = new double[signal.Length - window + 1];
        var sums = new double[signal.Length + 1];
        for (int i = 0; i < signal.Length; i++) sums[i + 1] = sums[i] + (double)signal[i] * signal[i];
        for (int i = 0; i < energies.Length; i++) energies[i] = sums[i + window] - sums[i];
        return energies;
    }

    private static int IndexOfMax(double[] values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            if (values[i] > values[best]) best = i;
        return best;
    }
}
