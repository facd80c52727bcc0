using System.Runtime.Intrinsics;

namespace Pipeline.Ingest.Codecs;

/// <summary>
/// Raises the rate of mono sound by a whole factor: a windowed sinc of 48 samples, one phase of it for each sample between two. The
/// samples that came are among those given; up to 0.88 of the band is kept, and its images are 70 dB down.
/// </summary>
/// <param name="factor">2 … 6.</param>
internal sealed class Upsampler(int factor)
{
    private const int Taps = 48, MaxBlock = 1024;

    /// <summary>By how many samples that came what is given lies behind.</summary>
    public const int Delay = Taps / 2;

    private readonly float[] kernels = MakeKernels(factor);
    private readonly float[] input = new float[Taps - 1 + MaxBlock];

    /// <param name="output">Room for <paramref name="pcm"/> times the factor.</param>
    public void Process(ReadOnlySpan<float> pcm, Span<float> output)
    {
        while (!pcm.IsEmpty)
        {
            var block = pcm[..Math.Min(pcm.Length, MaxBlock)];
            block.CopyTo(input.AsSpan(Taps - 1));
            for (int i = 0; i < block.Length; i++)
                for (int phase = 0; phase < factor; phase++) output[i * factor + phase] = At(i, phase);
            input.AsSpan(block.Length, Taps - 1).CopyTo(input);
            output = output[(block.Length * factor)..];
            pcm = pcm[block.Length..];
        }
    }

    /// <summary>What comes goes on from silence.</summary>
    public void Reset() => Array.Clear(input);

    private float At(int from, int phase)
    {
        ref float x = ref input[from];
        ref float k = ref kernels[phase * Taps];
        var sum = Vector128<float>.Zero;
        for (nuint i = 0; i < Taps; i += 4) sum += Vector128.LoadUnsafe(ref x, i) * Vector128.LoadUnsafe(ref k, i);
        return Vector128.Sum(sum);
    }

    /// <summary>Phase by phase, in the order of the samples. The window is zero where the forty-ninth would be.</summary>
    private static float[] MakeKernels(int factor)
    {
        var kernels = new float[factor * Taps];
        for (int phase = 0; phase < factor; phase++)
        {
            for (int tap = 0; tap < Taps; tap++)
            {
                double x = tap - (Taps / 2 - 1) - phase / (double)factor;            // samples from the place that is asked for
                double window = 0.42 + 0.5 * Math.Cos(2 * Math.PI * x / Taps) + 0.08 * Math.Cos(4 * Math.PI * x / Taps);   // Blackman
                kernels[phase * Taps + tap] = (float)(x == 0 ? 1 : window * Math.Sin(Math.PI * x) / (Math.PI * x));
            }
        }
        return kernels;
    }
}
