namespace Pipeline.Ingest.Recording;

/// <summary>How pictures share the frame: everybody alike, whoever speaks large, or the shared screen first.</summary>
public enum RenderLayout { Grid, Speaker, Screen }

/// <summary>Mp4 and WebM show pictures; the others are sound alone.</summary>
public enum RenderFormat { Mp4, WebM, M4a, Ogg, Wav }

/// <summary>A file that somebody wants of a meeting that is over. Already validated: the layout fits the format, and the times the meeting.</summary>
/// <param name="Layout">Null for sound alone.</param>
/// <param name="Participants">Ids; null: everybody.</param>
/// <param name="From">Since the meeting began.</param>
/// <param name="To">Since the meeting began; after <paramref name="From"/>, and not after the meeting's end.</param>
/// <param name="Width">Of the picture, even; 0 for sound alone.</param>
/// <param name="Height">The same.</param>
public sealed record RenderRequest(
    RenderLayout? Layout, IReadOnlyList<string>? Participants, TimeSpan From, TimeSpan To, int Width, int Height, RenderFormat Format);

/// <summary>One caption. Its times are since the meeting began, whatever part of it is rendered.</summary>
/// <param name="Segment">Its id.</param>
/// <param name="Speaker">The participant's name.</param>
public sealed record SpokenLine(TimeSpan Start, TimeSpan End, string Segment, string Speaker, string Text);

/// <param name="Start">Since the meeting began.</param>
public sealed record Chapter(TimeSpan Start, string Title);

/// <summary>What a picture can say of the meeting: of all of it, by start.</summary>
public sealed record RenderText(IReadOnlyList<SpokenLine> Lines, IReadOnlyList<Chapter> Chapters)
{
    public static RenderText None { get; } = new([], []);
}
