namespace Pipeline.Transcribe.Captions;

/// <summary>One segment of a transcript as a file shows it.</summary>
/// <param name="Start">Since the meeting began, as <paramref name="End"/> is.</param>
/// <param name="Text">As it was said; any characters.</param>
public sealed record TranscriptLine(string Id, string Speaker, TimeSpan Start, TimeSpan End, string Text)
{
    /// <summary>The text on one line: a line break would end a cue's line, or the cue.</summary>
    internal static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n', '\u2028', '\u2029', '\u0085'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
