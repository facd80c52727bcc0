using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>Segments: when and who in the open, what was said sealed.</summary>
internal static class SegmentRows
{
    private const string Columns = "SELECT id, sequence, track, start_ticks, end_ticks, language, late, sealed FROM segments ";

    public static void Write(SqliteConnection connection, Meeting meeting, CaptionFinal e, byte[] sealedText) => connection.Run("""
        INSERT INTO segments (tenant, meeting, sequence, id, track, start_ticks, end_ticks, language, late, sealed)
        VALUES ($tenant, $meeting, $sequence, $id, $track, $start, $end, $language, $late, $sealed)
        """,
        ("$tenant", meeting.Tenant.Value), ("$meeting", meeting.Id.ToString()), ("$sequence", e.Sequence), ("$id", e.Id.ToString()),
        ("$track", e.Track.Number), ("$start", e.Caption.Start.Ticks), ("$end", e.Caption.End.Ticks), ("$language", e.Caption.Language),
        ("$late", e.Caption.Late), ("$sealed", sealedText));

    public static List<Segment> After(SqliteConnection connection, Meeting meeting, ITextSealer sealer, long after, int limit) => Read(
        connection, meeting, sealer, "WHERE tenant = $tenant AND meeting = $meeting AND sequence > $after ORDER BY sequence LIMIT $limit",
        ("$after", after), ("$limit", limit));

    public static List<Segment> ByStart(SqliteConnection connection, Meeting meeting, ITextSealer sealer) => Read(
        connection, meeting, sealer, "WHERE tenant = $tenant AND meeting = $meeting ORDER BY start_ticks, sequence");

    public static Segment? Find(SqliteConnection connection, Meeting meeting, ITextSealer sealer, SegmentId id) => Read(
        connection, meeting, sealer, "WHERE tenant = $tenant AND meeting = $meeting AND id = $id", ("$id", id.ToString())) is [var found] ? found : null;

    public static List<(int Track, TimeSpan Start)> Heard(SqliteConnection connection, TenantId tenant, MeetingId meeting) => connection.Select(
        tenant, "SELECT track, start_ticks FROM segments WHERE tenant = $tenant AND meeting = $meeting",
        row => (row.GetInt32(0), TimeSpan.FromTicks(row.GetInt64(1))), ("$meeting", meeting.ToString()));

    public static List<HeardSpan> HeardSpans(SqliteConnection connection, TenantId tenant, MeetingId meeting) => connection.Select(
        tenant, "SELECT track, start_ticks, end_ticks FROM segments WHERE tenant = $tenant AND meeting = $meeting",
        row => new HeardSpan(row.GetInt32(0), TimeSpan.FromTicks(row.GetInt64(1)), TimeSpan.FromTicks(row.GetInt64(2))), ("$meeting", meeting.ToString()));

    private static List<Segment> Read(
        SqliteConnection connection, Meeting meeting, ITextSealer sealer, string where, params ReadOnlySpan<(string, object?)> values)
    {
        var found = connection.Select(meeting.Tenant, Columns + where, row => Segment(row, meeting, sealer), [("$meeting", meeting.Id.ToString()), .. values]);
        return [.. found.OfType<Segment>()];
    }

    /// <summary>Null where the meeting's key is destroyed, and the words with it.</summary>
    private static Segment? Segment(SqliteDataReader row, Meeting meeting, ITextSealer sealer)
    {
        if (sealer.Open(meeting.Id, row.GetFieldValue<byte[]>(7)) is not { } text) return null;
        var spoken = JsonSerializer.Deserialize(text, StoredJson.Default.SpokenText)!;
        var track = meeting.Tracks[row.GetInt32(2) - 1].Track;
        return new Segment(
            SegmentId.TryParse(row.GetString(0), out var id) ? id : throw new FormatException("Not a segment's id."),
            row.GetInt64(1), meeting.Id, track.Id, track.Spec.Participant,
            TimeSpan.FromTicks(row.GetInt64(3)), TimeSpan.FromTicks(row.GetInt64(4)),
            spoken.Text, row.GetString(5), spoken.Words, row.GetBoolean(6));
    }
}
