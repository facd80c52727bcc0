using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>A refined transcript as rows: what it says otherwise beside what was heard live, which stays.</summary>
internal static class RefinedRows
{
    /// <summary>Sealed, by segment sequence.</summary>
    public static void Seal(TranscriptRefined refined, Func<byte[], byte[]> seal, Dictionary<long, byte[]> into)
    {
        foreach (var rewritten in refined.Plan.Rewritten)
        {
            var caption = rewritten.Caption;
            into.Add(rewritten.Sequence, seal(JsonSerializer.SerializeToUtf8Bytes(
                new RefinedText(caption.Text, caption.Words, caption.Start, caption.End, caption.Language), StoredJson.Default.RefinedText)));
        }
        foreach (var (sequence, added) in Numbered(refined)) into.Add(sequence, seal(Spoken(added.Caption)));
    }

    /// <exception cref="StaleMeetingException">Of what it changes, something was corrected meanwhile.</exception>
    public static void Write(SqliteConnection connection, Meeting meeting, TranscriptRefined refined, IReadOnlyDictionary<long, byte[]> sealedText)
    {
        foreach (var rewritten in refined.Plan.Rewritten)
            Change(connection, meeting, rewritten.Sequence, "refined = $sealed, replaces = $replaces", ("$sealed", sealedText[rewritten.Sequence]), ("$replaces", Ids(rewritten.Replaces)));
        foreach (long sequence in refined.Plan.Superseded) Change(connection, meeting, sequence, "superseded = 1");
        foreach (var (sequence, added) in Numbered(refined))
        {
            var track = meeting.Tracks[added.Caption.Track - 1].Track;
            SegmentRows.Write(connection, meeting, new CaptionFinal(added.Id, sequence, track, added.Caption, refined.At), sealedText[sequence]);
            Change(connection, meeting, sequence, "version = 1, replaces = $replaces", ("$replaces", Ids(added.Replaces)));
        }
    }

    private static void Change(SqliteConnection connection, Meeting meeting, long sequence, string set, params ReadOnlySpan<(string, object?)> values)
    {
        int changed = connection.Run(
            $"UPDATE segments SET {set}, change = $change WHERE tenant = $tenant AND meeting = $meeting AND sequence = $sequence AND revision = 0",
            [("$tenant", meeting.Tenant.Value), ("$meeting", meeting.Id.ToString()), ("$sequence", sequence), ("$change", SegmentRows.NextChange(connection, meeting.Tenant)), .. values]);
        if (changed == 0) throw new StaleMeetingException(meeting.Id);
    }

    private static IEnumerable<(long Sequence, AddedSegment Added)> Numbered(TranscriptRefined refined) =>
        refined.Plan.Added.Select((added, n) => (refined.FirstSequence + n, added));

    private static byte[] Spoken(Caption caption) =>
        JsonSerializer.SerializeToUtf8Bytes(new SpokenText(caption.Text, caption.Words, caption.Revision), StoredJson.Default.SpokenText);

    private static string Ids(IReadOnlyList<SegmentId> ids) => string.Join(' ', ids);
}
