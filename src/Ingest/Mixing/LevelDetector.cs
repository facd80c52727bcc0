namespace Pipeline.Ingest.Mixing;

/// <summary>
/// Hears whether somebody speaks on one track, by level alone, and adds up for how long. Speech stands out above the track's noise
/// and rises and falls with its syllables; noise and hum do not, so however loud they are they are not talk. Pure: time is frames.
/// </summary>
public sealed class LevelDetector
{
    /// <summary>500 ms: pauses inside a sentence are shorter, and count as talk; longer ones do not.</summary>
    private const int HangoverFrames = 25;
    private const int OnsetFrames = 3;                                               // 60 ms: a click is shorter
    private const float OnsetAbove = 9, OffsetAbove = 6;                             // dB above the noise; soft word endings still count
    private const float Silence = -90;                                               // dBFS: less was not sent, and says nothing about the room
    private const float Syllable = 6;                                                // dB that the level falls and rises by between two syllables

    private readonly RoomNoise noise = new();
    private long frames;                                                             // seen so far
    private long began, lastLoud;                                                    // of the open spurt, in frames
    private int loudRun;
    private bool open, fell;
    private float extreme;                                                           // loudest since the spurt began; once it fell, quietest since
    private long talked;                                                             // frames of the spurts that are over

    /// <summary>True while speech is heard, and for half a second after.</summary>
    public bool IsSpeaking { get; private set; }

    /// <summary>Frames of 20 ms that were talk, short pauses between words included; never falls.</summary>
    public long TalkedFrames => talked + (IsSpeaking ? lastLoud + 1 - began : 0);

    /// <summary>Takes the next frame of 20 ms.</summary>
    /// <param name="level">Root mean square, dBFS.</param>
    /// <param name="sent">False where the decoder made it up: it says nothing about the room or the voice.</param>
    public void Add(float level, bool sent)
    {
        bool sound = sent && level > Silence;
        if (sound) noise.Add(level);
        bool loud = level > noise.Level + (open ? OffsetAbove : OnsetAbove);
        if (open) Continue(level, sound, loud);
        else
        {
            loudRun = loud ? loudRun + 1 : 0;
            if (loudRun == OnsetFrames) Open(level);
        }
        frames++;
    }

    /// <summary>Nobody is heard from here on until the next frame: what was said before it is over.</summary>
    public void Interrupt()
    {
        if (open) Close();
        loudRun = 0;
        frames++;
    }

    private void Open(float level)
    {
        (open, fell, extreme) = (true, false, level);
        (began, lastLoud) = (frames - OnsetFrames + 1, frames);
    }

    private void Continue(float level, bool sound, bool loud)
    {
        if (loud) lastLoud = frames;
        else if (frames - lastLoud >= HangoverFrames)
        {
            Close();
            return;
        }
        if (!IsSpeaking && sound) IsSpeaking = HasSyllables(level);
    }

    /// <summary>True once the level fell and rose again.</summary>
    private bool HasSyllables(float level)
    {
        if (fell)
        {
            extreme = MathF.Min(extreme, level);
            return level - extreme >= Syllable;
        }
        if (extreme - level >= Syllable) (fell, extreme) = (true, level);
        else extreme = MathF.Max(extreme, level);
        return false;
    }

    private void Close()
    {
        talked = TalkedFrames;
        (open, IsSpeaking, loudRun) = (false, false, 0);
    }
}

/// <summary>
/// The level of a track while nobody speaks, in dBFS: its quietest moment of the last two seconds. Speech has such moments between its
/// words; steady noise and hum have nothing else.
/// </summary>
internal sealed class RoomNoise
{
    private const int BlockFrames = 10, Blocks = 10;                                 // 200 ms each
    private const int SmoothedFrames = 3;                                            // one frame may be quiet by chance, three are not
    /// <summary>Quieter is not told apart: silence between words must not make breath into speech.</summary>
    private const float Quietest = -62;

    private readonly float[] blocks = new float[Blocks], recent = new float[SmoothedFrames];
    private int frames;
    private float current = float.MaxValue;

    public RoomNoise()
    {
        // Until two seconds are known the room counts as quiet: someone may be speaking from the first sample on.
        Array.Fill(blocks, Quietest);
        Array.Fill(recent, Quietest);
    }

    public float Level { get; private set; } = Quietest;

    public void Add(float level)
    {
        recent[frames % SmoothedFrames] = level;
        current = MathF.Min(current, MathF.Max(recent[0], MathF.Max(recent[1], recent[2])));
        if (++frames % BlockFrames != 0) return;

        blocks[frames / BlockFrames % Blocks] = current;
        current = float.MaxValue;
        float quietest = float.MaxValue;
        foreach (float block in blocks) quietest = MathF.Min(quietest, block);
        Level = MathF.Max(quietest, Quietest);
    }
}
