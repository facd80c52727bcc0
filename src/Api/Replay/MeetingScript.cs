using System.Text.Json;

namespace Pipeline.Api.Replay;

/// <summary>
/// The JSON of a spoken meeting: one wav for each speaker (<c>speakers[].file</c>, which starts with the meeting), or
/// one for each line (<c>segments[].file</c>, which starts <c>clipStart</c> seconds into it).
/// </summary>
public sealed record MeetingScript
{
    public string Title { get; init; } = "";
    /// <summary>Seconds; 0 where it follows from the sound.</summary>
    public double Duration { get; init; }
    public required IReadOnlyList<ScriptSpeaker> Speakers { get; init; }
    public IReadOnlyList<ScriptSegment> Segments { get; init; } = [];

    /// <exception cref="ReplayException">It is no such JSON, or it has no sound for one of its speakers.</exception>
    public static MeetingScript Parse(ReadOnlySpan<byte> json)
    {
        MeetingScript? script;
        try
        {
            script = JsonSerializer.Deserialize(json, ScriptJson.Default.MeetingScript);
        }
        catch (JsonException e)
        {
            throw new ReplayException($"The meeting's description is not as expected: {e.Message}", e);
        }
        if (script?.Speakers is not { Count: > 0 } || script.Segments is null) throw new ReplayException("The meeting's description names no speakers.");
        foreach (var speaker in script.Speakers)
            if (speaker?.Name is not { Length: > 0 } || !script.ClipsOf(speaker).Any())
                throw new ReplayException($"The meeting's description names no wav file for {speaker?.Name ?? "a speaker"}.");
        return script;
    }

    /// <returns>The speaker's files and where in the meeting each starts, in seconds.</returns>
    public IEnumerable<(string File, double Start)> ClipsOf(ScriptSpeaker speaker) => speaker.File is { } file
        ? [(file, 0)]
        : Segments.Where(s => s.Speaker == speaker.Name && s.File is not null).Select(s => (s.File!, s.ClipStart ?? s.Start));
}

public sealed record ScriptSpeaker(string Name, string? File = null);

/// <param name="Start">Seconds since the meeting began at which the words start.</param>
/// <param name="ClipStart">Seconds since the meeting began at which <paramref name="File"/> starts.</param>
public sealed record ScriptSegment(string Speaker, double Start, double End, string Text, string? File = null, double? ClipStart = null);
