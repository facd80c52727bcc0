namespace Pipeline.Transcribe.Captions;

/// <summary>A transcript as SubRip (.srt): numbered cues, the speaker before the text. Players know no escaping, so none is done.</summary>
public static class SubRip
{
    public static void Write(TextWriter output, IEnumerable<TranscriptLine> lines)
    {
        int number = 1;
        foreach (var line in lines)
        {
            if (number > 1) output.Write('\n');
            output.Write($"{number++}\n");
            output.Write($"{Time(line.Start)} --> {Time(line.End)}\n");
            // Some players take an arrow anywhere for a time line.
            output.Write($"{TranscriptLine.OneLine(line.Speaker)}: {TranscriptLine.OneLine(line.Text)}\n".Replace("-->", "->", StringComparison.Ordinal));
        }
    }

    private static string Time(TimeSpan time) => WebVtt.Time(time).Replace('.', ',');
}
