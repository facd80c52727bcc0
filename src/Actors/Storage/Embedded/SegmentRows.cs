using Microsoft.Data.Sqlite;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>Segments: when and who in the open, what was said sealed.</summary>
internal static class SegmentRows
{
    private const string Columns = """
        SELECT s.id, s.sequence, s.track, s.start_ticks, s.end_ticks, s.language, s.late, s.sealed, s.revision, c.by, c.at, c.sealed, s.superseded, s.refined, s.replaces FROM segments s
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
            var page = Read(connection, meeting, texts, "WHERE s.tenant = $tenant AND s.meeting = $meeting AND s.version = 0 AND s.sequence > $after ORDER BY s.sequence LIMIT $limit", TranscriptVersion.Live,
                ("$after", after), ("$limit", wanted));
            found.AddRange(page.Select(row => row.Segment).OfType<Segment>());
            if (page.Count < wanted || found.Count == limit) return found;
            after = page[^1].Sequence;
        }
    }

    public static List<Segment> ByStart(SqliteConnection connection, Meeting meeting, SpokenTexts texts, TranscriptVersion version) =>
        [.. Read(connection, meeting, texts, $"WHERE s.tenant = $tenant AND s.meeting = $meeting AND s.{(version == TranscriptVersion.Live ? "version" : "superseded")} = 0", version)
            .Select(row => row.Segment).OfType<Segment>().OrderBy(s => s.Start).ThenBy(s => s.Sequence)];

    public static Segment? At(SqliteConnection connection, Meeting meeting, SpokenTexts texts, long sequence) => Read(
        connection, meeting, texts, "WHERE s.tenant = $tenant AND s.meeting = $meeting AND s.sequence = $sequence", meeting.Transcript, ("$sequence", sequence)) is [var row] ? row.Segment : null;

    public static Segment? Find(SqliteConnection connection, Meeting meeting, SpokenTexts texts, SegmentId id) => Read(
        connection, meeting, texts, "WHERE s.tenant = $tenant AND s.meeting = $meeting AND s.id = $id", meeting.Transcript, ("$id", id.ToString())) is [var row] ? row.Segment : null;

    /// <summary>The segments that are in its place; null where it is in the best transcript itself.</summary>
    public static IReadOnlyList<SegmentId>? ReplacedBy(SqliteConnection connection, Meeting meeting, SegmentId id)
    {
        if (connection.Select(meeting.Tenant, "SELECT superseded FROM segments WHERE tenant = $tenant AND meeting = $meeting AND id = $id", row => row.GetBoolean(0),
            ("$meeting", meeting.Id.ToString()), ("$id", id.ToString())) is not [true]) return null;
        return connection.Select(meeting.Tenant,
            "SELECT id FROM segments WHERE tenant = $tenant AND meeting = $meeting AND instr(' ' || replaces || ' ', ' ' || $id || ' ') > 0 ORDER BY sequence",
            row => Id(row.GetString(0)), ("$meeting", meeting.Id.ToString()), ("$id", id.ToString()));
    }

    /// <summary>How often it was corrected, whether or not that can be read; 0 where there is no such segment.</summary>
    public static int Revision(SqliteConnection connection, Meeting meeting, SegmentId id) => connection.Select(
        meeting.Tenant, "SELECT revision FROM segments WHERE tenant = $tenant AND meeting = $meeting AND id = $id", row => row.GetInt32(0),
        ("$meeting", meeting.Id.ToString()), ("$id", id.ToString())) is [var revision] ? revision : 0;

    public static List<(int Track, TimeSpan Start)> Heard(SqliteConnection connection, TenantId tenant, MeetingId meeting) => connection.Select(
        tenant, "SELECT track, start_ticks FROM segments WHERE tenant = $tenant AND meeting = $meeting AND version = 0",
        row => (row.GetInt32(0), TimeSpan.FromTicks(row.GetInt64(1))), ("$meeting", meeting.ToString()));

    public static List<HeardSpan> HeardSpans(SqliteConnection connection, TenantId tenant, MeetingId meeting) => connection.Select(
        tenant, "SELECT track, start_ticks, end_ticks, language FROM segments WHERE tenant = $tenant AND meeting = $meeting AND version = 0",
        row => new HeardSpan(row.GetInt32(0), TimeSpan.FromTicks(row.GetInt64(1)), TimeSpan.FromTicks(row.GetInt64(2))) { Language = row.GetString(3) }, ("$meeting", meeting.ToString()));

    private static List<(long Sequence, Segment? Segment)> Read(
        SqliteConnection connection, Meeting meeting, SpokenTexts texts, string where, TranscriptVersion version, params ReadOnlySpan<(string, object?)> values) =>
        connection.Select(meeting.Tenant, Columns + where, row => (row.GetInt64(1), Segment(row, meeting, texts, version)), [("$meeting", meeting.Id.ToString()), .. values]);

    /// <summary>
    /// Null where the meeting's key is destroyed, and the words with it, or where they are damaged. Where a correction is damaged it is as if
    /// there were none.
    /// </summary>
    private static Segment? Segment(SqliteDataReader row, Meeting meeting, SpokenTexts texts, TranscriptVersion version)
    {
        if (texts.Recognised(meeting.Id, row.GetFieldValue<byte[]>(7)) is not { } spoken) return null;
        var track = meeting.Tracks[row.GetInt32(2) - 1].Track;
        var segment = new Segment(
            Id(row.GetString(0)),
            row.GetInt64(1), meeting.Id, track.Id, track.Spec.Participant,
            TimeSpan.FromTicks(row.GetInt64(3)), TimeSpan.FromTicks(row.GetInt64(4)),
            spoken.Text, row.GetString(5), spoken.Words, row.GetBoolean(6))
        {
            Rev = spoken.Rev,
        };
        if (version == TranscriptVersion.Refined && !row.GetBoolean(12))
        {
            segment = segment with { Replaces = [.. row.GetString(14).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Id)] };
            if (!row.IsDBNull(13) && texts.Refined(meeting.Id, row.GetFieldValue<byte[]>(13)) is { } refined)   // damaged, it is as it was heard live
                segment = segment with { Text = refined.Text, Words = refined.Words, Start = refined.Start, End = refined.End, Language = refined.Language };
        }
        int revision = row.GetInt32(8);
        if (revision == 0 || texts.Written(meeting.Id, row.GetFieldValue<byte[]>(11)) is not { } written) return segment;
        return segment with
        {
            Text = written,
            Words = CorrectedWords.Of(segment.Words, written),
            Correction = new SegmentCorrection(revision, row.GetString(9), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(10)), segment.Text),
        };
    }

    private static SegmentId Id(string text) => SegmentId.TryParse(text, out var id) ? id : throw new FormatException("Not a segment's id.");

    /// <summary>Whoever has read up to a number reads on from it, and misses neither what was said nor what was corrected.</summary>
    public static long NextChange(SqliteConnection connection, TenantId tenant) => connection.Scalar<long>("""
        INSERT INTO tenants (tenant, last_seq, last_change) VALUES ($tenant, 0, 1)
        ON CONFLICT (tenant) DO UPDATE SET last_change = last_change + 1 RETURNING last_change
        """, ("$tenant", tenant.Value));
}
