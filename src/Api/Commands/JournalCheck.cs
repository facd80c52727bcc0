using System.Globalization;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Commands;

/// <summary>`pipeline journal verify`: a line for each segment, one for each damage, and what it comes to.</summary>
internal static class JournalCheck
{
    /// <param name="decisions">Null: there are no keys to read them with.</param>
    /// <returns>The exit code: 0 when all is as it was written.</returns>
    public static int Run(JournalVerifier verifier, DecisionReader? decisions, TextWriter output)
    {
        var segments = new List<SegmentState>();
        foreach (var segment in verifier.Verify())
        {
            segments.Add(segment);
            output.WriteLine(Line(segment, verifier.Closed is not null));
            foreach (var damage in segment.Damage) output.WriteLine($"          at byte {damage.Offset}: {damage.What}");
        }
        int damages = segments.Sum(s => s.Damage.Count) + Check(decisions, output);
        output.WriteLine(Sum(segments, verifier.Closed is not null));
        foreach (string sentence in Ends(segments, verifier)) output.WriteLine(sentence);
        output.WriteLine(damages switch
        {
            0 when verifier.Closed is null => "The chain and the headers are as they were written.",
            0 => "The journal is whole.",
            1 => "The journal is damaged in one place.",
            _ => $"The journal is damaged in {damages} places.",
        });
        return damages == 0 ? 0 : 1;
    }

    /// <returns>How many damages there are.</returns>
    private static int Check(DecisionReader? decisions, TextWriter output)
    {
        if (decisions is null) return 0;
        foreach (byte[] _ in decisions.Read()) { }
        if (decisions.Blocks == 0 && decisions.Damage.Count == 0) return 0;
        string state = decisions.Damage.Count > 0 ? "damaged" : decisions.TornAt is { } at ? $"torn at byte {at}" : "whole";
        output.WriteLine($"decisions {state}  {decisions.Blocks} blocks");
        foreach (var damage in decisions.Damage) output.WriteLine($"          at byte {damage.Offset}: {damage.What}");
        return decisions.Damage.Count;
    }

    private static string Line(SegmentState segment, bool sealsChecked)
    {
        if (segment.Missing) return segment.Last == segment.Number ? $"{segment.Number:D8}  missing" : $"{segment.Number:D8} to {segment.Last:D8}  missing";
        string state = segment.IsWhole ? segment.TornAt is { } at ? $"torn at byte {at}" : "whole" : "damaged";
        string content = sealsChecked ? $"  {segment.Packets} packets  {segment.Decisions} decisions" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{segment.Number:D8}  {state}  run {segment.Run}  from {segment.Opened.TotalSeconds:F6} s  {segment.Bytes} bytes  {segment.Blocks} blocks{content}");
    }

    private static string Sum(List<SegmentState> segments, bool sealsChecked)
    {
        string content = sealsChecked ? $", {segments.Sum(s => s.Packets)} packets, {segments.Sum(s => s.Decisions)} decisions" : "";
        return $"{segments.Sum(s => s.Last - s.Number + 1L)} segments, {segments.Where(s => !s.IsWhole).Sum(s => s.Last - s.Number + 1L)} of them damaged or missing; {segments.Sum(s => s.Blocks)} whole blocks{content}.";
    }

    /// <summary>What is to be known about the journal's end, which nothing later vouches for.</summary>
    private static IEnumerable<string> Ends(List<SegmentState> segments, JournalVerifier verifier)
    {
        if (segments.Find(s => s.TornAt is not null && s.IsWhole) is { } torn)
            yield return $"Segment {torn.Number} ends in the middle of a block, at byte {torn.TornAt}: it is being written, or its writer was killed; the next run cuts it there.";
        if (verifier.Opening is { } next)
            yield return $"Segment {next} has a key and no file: it was being opened, or it is lost.";
        yield return verifier.Closed switch
        {
            true => "The meeting's end is in the journal.",
            false => "The meeting's end is not in the journal: it is being written, its writer was killed, or its last blocks are lost.",
            null => "Seals were not checked, and for the last segment there is no chain that would: with keys there is more to see.",
        };
    }
}
