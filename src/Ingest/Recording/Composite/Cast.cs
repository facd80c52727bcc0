namespace Pipeline.Ingest.Recording.Composite;

/// <summary>A span of meeting time, [From, To).</summary>
public readonly record struct TimeRange(TimeSpan From, TimeSpan To);

/// <summary>A span in which a track has a picture of one size: its last one stays for a while when no other comes.</summary>
/// <param name="Width">Pixels, as sent.</param>
/// <param name="Rotation">Degrees clockwise by which it is to be turned: 0, 90, 180, 270.</param>
public readonly record struct PictureSpan(TimeSpan From, TimeSpan To, int Width, int Height, int Rotation);

/// <summary>One stream of pictures.</summary>
/// <param name="Track">Its number.</param>
/// <param name="Participant">The id of who sends it.</param>
/// <param name="IsScreen">A shared screen; else a camera.</param>
/// <param name="Spans">By time, none over another.</param>
public sealed record PictureTrack(int Track, string Participant, bool IsScreen, IReadOnlyList<PictureSpan> Spans);

/// <summary>Somebody in the meeting.</summary>
/// <param name="Id">Within the meeting.</param>
/// <param name="Number">The how many-th who came, from 0: it gives the colour, as on the page.</param>
/// <param name="Present">By time, none over another.</param>
/// <param name="Speaking">The same.</param>
public sealed record CastMember(string Id, string Name, int Number, IReadOnlyList<TimeRange> Present, IReadOnlyList<TimeRange> Speaking);

/// <param name="Participant">The loudest of those who speak.</param>
public readonly record struct LoudestSpan(TimeSpan From, TimeSpan To, string Participant);

/// <summary>Who is there when, and what is seen and heard of them: all that a layout follows from.</summary>
/// <param name="Members">In the order they came.</param>
/// <param name="Loudest">By time, none over another.</param>
public sealed record Cast(IReadOnlyList<CastMember> Members, IReadOnlyList<PictureTrack> Pictures, IReadOnlyList<LoudestSpan> Loudest);
