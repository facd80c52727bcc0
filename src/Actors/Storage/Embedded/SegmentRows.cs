using Microsoft.Data.Sqlite;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>Segments: when and who in the open, what was said sealed.</summary>
internal static class SegmentRows
{
    private const string Columns = """
        SELECT s.id, s.sequence, s.track, s.start_ticks, s.end_ticks, s.language, s.late, s.sealed, s.revision, c.by, c.at, c.sealed FROM segments s
        LEFT JOIN corrections c ON c.tenant = s.tenant AND c.meeting = s.meeting AND c.sequence = s.sequence AND c.revision = s.revision

        """;

    public static void Write(SqliteConnection connection, Meeting meeting, CaptionFinal e, byte[] sealedText) => connection.Run("""
        INSERT INTO segments (tenant, meeting, sequence, id, track, start_ticks, end_ticks, language, late, sealed, change)
        VALUES ($tenant, $meeting, $sequence, $id, $track, $start, $end, $language, $late, $sealed, $change)
        """,
        ("$tenant", meeting.Tenant.Value), ("$meeting", meeting.Id.ToString()), ("$sequence", e.Sequence), ("$id", e.Id.ToString()),
        ("$track", e.Track.Number), ("$start", e.Caption.Start.Ticks), ("$end", e.Caption.End.Ticks), ("$language", e.Caption.Language),
        ("$late", e.Caption.Late), ("$sealed", sealedText), ("$change", NextChange(connection, meeting.Tenant)));

    /// <summary>Beside the original, which stays as it is.</summary>
    /// <param name="revision">The one after what is stored; false where it is not any more.</param>
    public static bool Correct(
        SqliteConnection connection, TenantId tenant, MeetingId meeting, long sequence, int revision, string by, DateTimeOffset at, byte[] sealedText)
    {
        int changed = connection.Run("""
            UPDATE segments SET revision = $revision
            WHERE tenant = $tenant AND meeting = $meeting AND sequence = $sequence AND revision = $revision - 1
            """,
            ("$tenant", tenant.Value), ("$meeting", meeting.ToString()), ("$sequence", sequence), ("$revision", revision));
        if (changed == 0) return false;
        connection.Run("UPDATE segments SET change = $change WHERE tenant = $tenant AND meeting = $meeting AND sequence = $sequence",
            ("$tenant", tenant.Value), ("$meeting", meeting.ToString()), ("$sequence", sequence), ("$change", NextChange(connection, tenant)));
        connection.Run("""
            INSERT INTO corrections (tenant, meeting, sequence, revision, by, at, sealed) VALUES ($tenant, $meeting, $sequence, $revision, $by, $at, $sealed)
            """,
            ("$tenant", tenant.Value), ("$meeting", meeting.ToString()), ("$sequence", sequence), ("$revision", revision),
            ("$by", by), ("$at", at.ToUnixTimeMilliseconds()), ("$sealed", sealedText));
        return true;
    }

    /// <returns>As many as are asked for where there are as many that can be read.</returns>
    public static List<Segment> After(SqliteConnection connection, Meeting meeting, SpokenTexts texts, long after, int limit)
    {
        List<Segment> found = [];
        while (true)
        {
            int wanted = limit - found.Count;
            var page = Read(connection, meeting, texts, "WHERE s.tenant = $tenant AND s.meeting = $meeting AND s.sequence > $after ORDER BY s.sequence LIMIT $limit",
                ("$after", after), ("$limit", wanted));
            found.AddRange(page.Select(row => row.Segment).OfType<Segment>());
            if (page.Count < wanted || found.Count == limit) return found;
            after = page[^1].Sequence;
        }
    }

    public static List<Segment> ByStart(SqliteConnection connection, Meeting meeting, SpokenTexts texts) =>
        [.. Read(connection, meeting, texts, "WHERE s.tenant = $tenant AND s.meeting = $meeting ORDER BY s.start_ticks, s.sequence").Select(row => row.Segment).OfType<Segment>()];

    public static Segment? At(SqliteConnection connection, Meeting meeting, SpokenTexts texts, long sequence) => Read(
        connection, meeting, texts, "WHERE s.tenant = $tenant AND s.meeting = $meeting AND s.sequence = $sequence", ("$sequence", sequence)) is [var row] ? row.Segment : null;

    public static Segment? Find(SqliteConnection connection, Meeting meeting, SpokenTexts texts, SegmentId id) => Read(
        connection, meeting, texts, "WHERE s.tenant = $tenant AND s.meeting = $meeting AND s.id = $id", ("$id", id.ToString())) is [var row] ? row.Segment : null;

    /// <summary>How often it was corrected, whether or not that can be read; 0 where there is no such segment.</summary>
    public static int Revision(SqliteConnection connection, Meeting meeting, SegmentId id) => connection.Select(
        meeting.Tenant, "SELECT revision FROM segments WHERE tenant = $tenant AND meeting = $meeting AND id = $id", row => row.GetInt32(0),
        ("$meeting", meeting.Id.ToString()), ("$id", id.ToString())) is [var revision] ? revision : 0;

    public static List<(int Track, TimeSpan Start)> Heard(SqliteConnection connection, TenantId tenant, MeetingId meeting) => connection.Select(
        tenant, "SELECT track, start_ticks FROM segments WHERE tenant = $tenant AND meeting = $meeting",
        row => (row.GetInt32(0), TimeSpan.FromTicks(row.GetInt64(1))), ("$meeting", meeting.ToString()));

    public static List<HeardSpan> HeardSpans(SqliteConnection connection, TenantId tenant, MeetingId meeting) => connection.Select(
        tenant, "SELECT track, start_ticks, end_ticks FROM segments WHERE tenant = $tenant AND meeting = $meeting",
        row => new HeardSpan(row.GetInt32(0), TimeSpan.FromTicks(row.GetInt64(1)), TimeSpan.FromTicks(row.GetInt64(2))), ("$meeting", meeting.ToString()));

    private static List<(long Sequence, Segment? Segment)> Read(
        SqliteConnection connection, Meeting meeting, SpokenTexts texts, string where, params ReadOnlySpan<(string, object?)> values) =>
        connection.Select(meeting.Tenant, Columns + where, row => (row.GetInt64(1), Segment(row, meeting, texts)), [("$meeting", meeting.Id.ToString()), .. values]);

    /// <summary>
    /// Null where the meeting's key is destroyed, and the words with it, or where they are damaged. Where a correction is damaged it is as if
    /// there were none.
    /// </summary>
    private static Segment? Segment(SqliteDataReader row, Meeting meeting, SpokenTexts texts)
    {
        if (texts.Recognised(meeting.Id, row.GetFieldValue<byte[]>(7)) is not { } spoken) return null;
        var track = meeting.Tracks[row.GetInt32(2) - 1].Track;
        var segment = new Segment(
            SegmentId.TryParse(row.GetString(0), out var id) ? id : throw new FormatException("Not a segment's id."),
            row.GetInt64(1), meeting.Id, track.Id, track.Spec.Participant,
            TimeSpan.FromTicks(row.GetInt64(3)), TimeSpan.FromTicks(row.GetInt64(4)),
            spoken.Text, row.GetString(5), spoken.Words, row.GetBoolean(6))
        {
            Rev = spoken.Rev,
        };
        int revision = row.GetInt32(8);
        if (revision == 0 || texts.Written(meeting.Id, row.GetFieldValue<byte[]>(11)) is not { } written) return segment;
        return segment with
        {
            Text = written,
            Words = CorrectedWords.Of(segment.Words, written),
            Correction = new SegmentCorrection(revision, row.GetString(9), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(10)), segment.Text),
        };
    }

    /// <summary>Whoever has read up to a number reads on from it, and misses neither what was said nor what was corrected.</summary>
    private static long NextChange(SqliteConnection connection, TenantId tenant) => connection.Scalar<long>("""
        INSERT INTO tenants (tenant, last_seq, last_change) VALUES ($tenant, 0, 1)
        ON CONFLICT (tenant) DO UPDATE SET last_change = last_change + 1 RETURNING last_change
        """, ("$tenant", tenant.Value));
}
