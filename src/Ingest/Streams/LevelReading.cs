namespace Pipeline.Ingest.Streams;

/// <param name="Track">Its number within the meeting.</param>
/// <param name="LevelDb">The loudest 20 ms of the reading's span, dBFS by root mean square: −127 silent … 0.</param>
/// <param name="IsSpeaking">Somebody speaks, or did half a second ago; noise however loud is no speech.</param>
public readonly record struct TrackLevel(int Track, int LevelDb, bool IsSpeaking);

/// <summary>How loud each track is, as the recording hears it: as far behind now as the mix waits for packets.</summary>
/// <param name="At">Meeting time at which the 200 ms end that were listened to.</param>
/// <param name="Tracks">Those that had not ended by then; shared, not to be written to.</param>
public sealed record LevelReading(TimeSpan At, IReadOnlyList<TrackLevel> Tracks)
{
    /// <summary>In samples at 48 kHz: five readings a second.</summary>
    public const int Span = 10 * Mixing.Mixer.FrameSize;
}

/// <summary>Takes a meeting's levels. Called from the media loop: never blocks.</summary>
public interface ILevelSink
{
    /// <summary>False while nobody looks: no reading is made.</summary>
    bool IsWanted { get; }
    void Write(LevelReading reading);
}
