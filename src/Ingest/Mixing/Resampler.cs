using System.Runtime.Intrinsics;
using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Mixing;

/// <summary>
/// Takes sound that lies on a sender's clock and gives it on the meeting's, 48 kHz mono: sample by sample between those that came, by a
/// windowed sinc of sixteen. Sound that goes on is moved by at most 300 ppm, which changes by at most 10 ppm a second; where it does not
/// go on it begins at its place at once. What needs no moving comes out as it went in.
/// </summary>
/// <param name="sink">Takes the samples since the meeting began; calls come in rising order.</param>
internal sealed class Resampler(IPcmStore sink) : IPcmStore
{
    private const double MaxRate = 300e-6, MaxChange = 10e-6;                        // a second
    private const double Settling = 40.0 * OpusPacket.ClockRate;                     // an error is gone in; slow enough for the change to follow
    private const double MaxError = 0.06 * OpusPacket.ClockRate;                     // beyond there is no moving: a cut
    /// <summary>What is nearer than this, on a clock that is as good as ours, is not moved: it is copied.</summary>
    private const double RestError = 0.002 * OpusPacket.ClockRate, RestSlope = 5e-6, Whole = 0.002;
    private const int Taps = 16, Before = Taps / 2 - 1, After = Taps / 2, Phases = 128;
    private const int MaxBlock = OpusPacket.MaxDuration;
    private static readonly float[] Kernels = MakeKernels();

    private readonly float[] input = new float[Taps + MaxBlock], output = new float[MaxBlock + 2 * Taps];
    private int held = Before;                                                       // samples in input
    private long heldFrom, next = long.MinValue, target;                             // sample on the sender's clock of input[0]; of what goes on
    private double position, rate;                                                   // of the next sample given, from input[0]; gained by each
    private bool goesOn;                                                             // false: what comes begins at its place
    private bool rests = true;                                                       // it lies well enough
    private bool pending;                                                            // the last few samples wait for those behind them

    /// <summary>The next sample to be given: those before it are.</summary>
    public long Given { get; private set; } = long.MinValue;
    /// <summary>What the sound is slowed down by now.</summary>
    public double Rate => rate;

    /// <summary>What comes begins at its place: another sender, or a jump.</summary>
    /// <param name="offset">Meeting − sender, samples.</param>
    /// <param name="slope">What that grows by with each sample.</param>
    public void Jump(long offset, double slope)
    {
        (target, goesOn, rests) = (offset, false, Math.Abs(slope) < RestSlope);
        rate = rests ? 0 : Math.Clamp(slope, -MaxRate, MaxRate);
    }

    /// <summary>What comes goes on, and should lie at this offset; it is moved there slowly.</summary>
    /// <param name="samples">Since this was said last.</param>
    public void Follow(long offset, double slope, int samples)
    {
        target = offset;
        if (!goesOn) return;
        double error = offset - (Given - heldFrom - position);
        if (Math.Abs(error) > MaxError) goesOn = false;
        rests = Math.Abs(slope) < RestSlope && Math.Abs(error) < (rests ? RestError : 1);
        double wanted = rests ? ToWhole() : Math.Clamp(slope + error / Settling, -MaxRate, MaxRate), change = MaxChange * samples / OpusPacket.ClockRate;
        rate += Math.Clamp(wanted - rate, -change, change);
    }

    /// <summary>The rate that brings the position to the next whole sample; 0 there.</summary>
    private double ToWhole()
    {
        double rest = position - Math.Round(position);
        if (Math.Abs(rest) > Whole) return rest / OpusPacket.ClockRate;              // gone in seconds: 10 ppm are half a sample
        position = Math.Round(position);
        return 0;
    }

    /// <param name="start">On the sender's clock; rising.</param>
    public void Store(long start, ReadOnlySpan<float> pcm)
    {
        if (!goesOn || start != next) Begin(start);
        next = start + pcm.Length;
        for (; pcm.Length > MaxBlock; pcm = pcm[MaxBlock..]) Take(pcm[..MaxBlock]);
        Take(pcm);
    }

    /// <summary>Nothing comes behind what came so far: gives the last of it too.</summary>
    public void Flush()
    {
        if (!pending) return;
        Span<float> silence = stackalloc float[After];
        silence.Clear();
        Take(silence);
        (goesOn, pending) = (false, false);
    }

    private void Begin(long start)
    {
        Flush();
        (goesOn, pending) = (true, true);
        input.AsSpan(0, Before).Clear();
        held = Before;
        heldFrom = start - Before;
        Given = Math.Max(start + target, Given);
        position = Given - target - heldFrom;
    }

    private void Take(ReadOnlySpan<float> pcm)
    {
        pcm.CopyTo(input.AsSpan(held));
        held += pcm.Length;
        int made = 0;
        double step = 1 - rate, at = position;
        if (rate == 0 && at == (int)at)
        {
            made = Math.Max(held - After - (int)at, 0);
            input.AsSpan((int)at, made).CopyTo(output);
            at += made;
        }
        else
        {
            for (; (int)at + After < held; at += step) output[made++] = Between(at);
        }
        if (made > 0) sink.Store(Given, output.AsSpan(0, made));

        int used = Math.Min((int)at - Before, held);                                 // a sound that begins late in its block may be behind all of it
        input.AsSpan(used, held - used).CopyTo(input);
        (held, heldFrom, position, Given) = (held - used, heldFrom + used, at - used, Given + made);
    }

    private float Between(double at)
    {
        int whole = (int)at;
        float phase = (float)(at - whole) * Phases;
        int kernel = (int)phase;
        ref float x = ref input[whole - Before];
        ref float k = ref Kernels[kernel * Taps];
        float along = phase - kernel;
        var sum = Vector256<float>.Zero;
        for (nuint i = 0; i < Taps; i += 8)
        {
            var a = Vector256.LoadUnsafe(ref k, i);
            sum += Vector256.LoadUnsafe(ref x, i) * (a + along * (Vector256.LoadUnsafe(ref k, i + Taps) - a));
        }
        return Vector256.Sum(sum);
    }

    /// <summary>One more than there are phases, as between the last two also lies something. The first takes one sample as it is.</summary>
    private static float[] MakeKernels()
    {
        var kernels = new float[(Phases + 1) * Taps];
        for (int phase = 0; phase <= Phases; phase++)
        {
            for (int tap = 0; tap < Taps; tap++)
            {
                double x = tap - Before - phase / (double)Phases;
                double window = 0.42 + 0.5 * Math.Cos(2 * Math.PI * x / Taps) + 0.08 * Math.Cos(4 * Math.PI * x / Taps);   // Blackman
                bool whole = phase % Phases == 0;
                kernels[phase * Taps + tap] = (float)(whole ? (x == 0 ? 1 : 0) : window * Math.Sin(Math.PI * x) / (Math.PI * x));
            }
        }
        return kernels;
    }
}
