namespace Pipeline.Transcribe.Captions;

/// <summary>The bounds of one meeting's captions.</summary>
public sealed record CaptionOptions
{
    /// <summary>
    /// How much speech one meeting may keep while the recognizer is away or behind. Four minutes are 15 MiB; beyond it the oldest is
    /// dropped, counted, and left to be recognised from the journal.
    /// </summary>
    public TimeSpan MaxWaiting { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>A track from which nothing has come for this long is not in the middle of a word: it was muted, or its packets stopped.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A caption that comes longer after its utterance is called late. A final whose turn has not come by then is put off: what is said now
    /// goes before, and until nothing is put off any more the captions are deferred.
    /// </summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether a segment is shown while it is being said, or only once it is final: what is caught up on is read by nobody meanwhile.</summary>
    public bool Partials { get; init; }

    /// <summary>Of what was said before: all that is being said goes before, and they are late whatever they take.</summary>
    public bool IsLate { get; init; }

    /// <summary>Nobody waits for them: all that is being said anywhere goes before, and they are late whatever they take.</summary>
    public bool IsBackground { get; init; }

    /// <summary>Whole utterances, each recognised as well as the engine can: a second pass, at several times the cost.</summary>
    public bool IsThorough { get; init; }

    /// <summary>Who speaks on a track, where <see cref="CaptionPipeline.AddTrack"/> is not told.</summary>
    public Func<int, string?>? SpeakerOf { get; init; }

    /// <summary>The words are to be English, whatever is spoken.</summary>
    public bool Translates { get; init; }

    /// <summary>
    /// Whether an utterance of a track, from and to since the meeting began, is to be recognised; else it comes to nothing. Null: all are.
    /// </summary>
    public Func<int, TimeSpan, TimeSpan, bool>? IsWanted { get; init; }

    /// <summary>Speech before the first partial of a segment, and again where that held no whole word.</summary>
    public TimeSpan FirstHop { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>New speech before each partial after it: each costs the engine as much as a final does.</summary>
    public TimeSpan Hop { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many times as far apart partials are where there is too little of the engine.</summary>
    public int HopStretch { get; init; } = 3;

    /// <summary>How often stale tracks, refused jobs and the status are looked at.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>It is about what is being said now.</summary>
    internal bool IsLive => !IsLate && !IsBackground;
}
