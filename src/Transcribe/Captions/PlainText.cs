namespace Pipeline.Transcribe.Captions;

/// <summary>A transcript to read: <c>[00:01:02] Name: text</c>, a line for each segment.</summary>
public static class PlainText
{
    public static void Write(TextWriter output, IEnumerable<TranscriptLine> lines)
    {
        foreach (var line in lines)
            output.Write($"[{WebVtt.Time(line.Start)[..^4]}] {TranscriptLine.OneLine(line.Speaker)}: {TranscriptLine.OneLine(line.Text)}\n");
    }
}
