using Pipeline.Transcribe.Captions;

namespace Pipeline.Api.Captions;

/// <summary>A transcript as text: WebVTT, SubRip, or plain for people.</summary>
internal static class TranscriptFormats
{
    /// <param name="format">"vtt", "srt" or "txt".</param>
    /// <param name="lines">By start time; overlapping speech stays overlapping.</param>
    public static string Write(string format, IReadOnlyList<TranscriptLine> lines)
    {
        using var text = new StringWriter();
        Action<TextWriter, IEnumerable<TranscriptLine>> write = format switch
        {
            "vtt" => WebVtt.Write,
            "srt" => SubRip.Write,
            "txt" => PlainText.Write,
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
        };
        write(text, lines);
        return text.ToString();
    }
}
