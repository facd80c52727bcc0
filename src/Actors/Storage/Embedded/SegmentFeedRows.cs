using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>Segments in the order they were stored or corrected.</summary>
internal static class SegmentFeedRows
{
    /// <summary>A query across tenants: each has an index of its own, and each is followed.</summary>
    public static List<(TenantId Tenant, long LastChange)> Tenants(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT tenant, last_change FROM tenants ORDER BY tenant";
        using var reader = command.ExecuteReader();
        List<(TenantId, long)> found = [];
        while (reader.Read()) found.Add((new TenantId(reader.GetString(0)), reader.GetInt64(1)));
        return found;
    }

    public static List<SegmentChange> Changes(SqliteConnection connection, TenantId tenant, ITextSealer sealer, long after, int limit)
    {
        var rows = connection.Select(tenant, """
            SELECT s.change, s.meeting, s.sequence, s.revision, s.track, s.start_ticks, s.sealed, c.sealed, s.superseded, s.refined FROM segments s
            LEFT JOIN corrections c ON c.tenant = s.tenant AND c.meeting = s.meeting AND c.sequence = s.sequence AND c.revision = s.revision
            WHERE s.tenant = $tenant AND s.change > $after ORDER BY s.change LIMIT $limit
            """,
            row => (Number: row.GetInt64(0), Meeting: Id(row.GetString(1)), Sequence: row.GetInt64(2), Revision: row.GetInt32(3), Track: row.GetInt32(4),
                Start: TimeSpan.FromTicks(row.GetInt64(5)), Recognised: row.GetFieldValue<byte[]>(6), Written: row.IsDBNull(7) ? null : row.GetFieldValue<byte[]>(7),
                IsGone: row.GetBoolean(8), Refined: row.IsDBNull(9) ? null : row.GetFieldValue<byte[]>(9)),
            ("$after", after), ("$limit", limit));
        var meetings = new Dictionary<MeetingId, Meeting>();
        List<SegmentChange> changes = [];
        foreach (var row in rows)
        {
            if (!meetings.TryGetValue(row.Meeting, out var meeting))
                meetings[row.Meeting] = meeting = MeetingRows.Find(connection, tenant, row.Meeting) ?? throw new InvalidDataException($"{row.Meeting} has segments and is not there.");
            var texts = new SpokenTexts(sealer);
            // Under a correction that is damaged is what was recognised: it is what readers get.
            string? written = row.Written is null ? null : texts.Written(row.Meeting, row.Written);
            string? refined = row.Refined is null || written is not null ? null : texts.Refined(row.Meeting, row.Refined)?.Text;
            int revision = written is not null ? row.Revision : refined is not null ? SegmentChange.Refined : 0;
            changes.Add(new SegmentChange(
                row.Number, row.Meeting, row.Sequence, revision, meeting.Tracks[row.Track - 1].Track.Spec.Participant.Id,
                meeting.StartedAt + row.Start, written ?? refined ?? texts.Recognised(row.Meeting, row.Recognised)?.Text, texts.Damaged > 0)
            { IsGone = row.IsGone });
        }
        return changes;
    }

    public static string? Text(SqliteConnection connection, TenantId tenant, MeetingId meeting, ITextSealer sealer, long sequence, int revision)
    {
        string sql = revision switch
        {
            0 => "SELECT sealed FROM segments WHERE tenant = $tenant AND meeting = $meeting AND sequence = $sequence",
            SegmentChange.Refined => "SELECT refined FROM segments WHERE tenant = $tenant AND meeting = $meeting AND sequence = $sequence AND refined IS NOT NULL",
            _ => "SELECT sealed FROM corrections WHERE tenant = $tenant AND meeting = $meeting AND sequence = $sequence AND revision = $revision",
        };
        if (connection.Select(tenant, sql, row => row.GetFieldValue<byte[]>(0),
            ("$meeting", meeting.ToString()), ("$sequence", sequence), ("$revision", revision)) is not [var sealedText]) return null;
        var texts = new SpokenTexts(sealer);
        return revision switch
        {
            0 => texts.Recognised(meeting, sealedText)?.Text,
            SegmentChange.Refined => texts.Refined(meeting, sealedText)?.Text,
            _ => texts.Written(meeting, sealedText),
        };
    }

    private static MeetingId Id(string text) => MeetingId.TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no meeting's id.");
}
