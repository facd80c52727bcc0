namespace Pipeline.Transcribe.Speech;

/// <summary>
/// The level of a track while nobody speaks, in dBFS: the quietest moment of the last two seconds. Speech has such moments between
/// its words; steady noise and hum have nothing else.
/// </summary>
internal sealed class NoiseFloor
{
    private const int BlockFrames = 10;                  // 200 ms
    private const int Blocks = 10;
    private const int SmoothedFrames = 3;                // one frame may be quiet by chance, three are not

    /// <summary>Quieter is not told apart: digital silence must not make breath into speech.</summary>
    private const float Quietest = -62;

    /// <summary>A noise floor above this would be speech that never pauses.</summary>
    private const float Loudest = -22;

    // Speech that is worth a caption stands out this much; the two levels differ so that soft word endings still count.
    private const float OnsetAbove = 9, OffsetAbove = 6;

    private readonly float[] blocks = new float[Blocks];
    private readonly float[] recent = new float[SmoothedFrames];
    private int frames;
    private float current = float.MaxValue;

    public NoiseFloor()
    {
        // Until two seconds are known the track counts as silent: someone may be speaking from the first sample on.
        Array.Fill(blocks, Quietest);
        Array.Fill(recent, Quietest);
    }

    /// <summary>Above it a frame may begin speech.</summary>
    public float Onset { get; private set; } = Quietest + OnsetAbove;

    /// <summary>Above it a frame continues speech.</summary>
    public float Offset => Onset - OnsetAbove + OffsetAbove;

    /// <param name="level">Of the next frame, dBFS.</param>
    public void Add(float level)
    {
        recent[frames % SmoothedFrames] = level;
        float loudest = recent[0];
        for (int n = 1; n < SmoothedFrames; n++) loudest = MathF.Max(loudest, recent[n]);
        current = MathF.Min(current, loudest);
        frames++;
        if (frames % BlockFrames != 0) return;

        blocks[frames / BlockFrames % Blocks] = current;
        current = float.MaxValue;
        float quietest = blocks[0];
        for (int n = 1; n < Blocks; n++) quietest = MathF.Min(quietest, blocks[n]);
        Onset = Math.Clamp(quietest, Quietest, Loudest) + OnsetAbove;
    }
}
