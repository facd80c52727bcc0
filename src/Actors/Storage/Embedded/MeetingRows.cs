using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>A decision as rows, and meetings read back.</summary>
internal static class MeetingRows
{
    /// <param name="sealedText">By segment sequence.</param>
    /// <returns>The ledger's number of the first entry; 0 where there is none.</returns>
    public static long Write(
        SqliteConnection connection, Meeting after, IReadOnlyList<MeetingEvent> decided, IReadOnlyDictionary<long, byte[]> sealedText)
    {
        WriteState(connection, after, isNew: after.Revision == 1);
        long first = 0;
        for (int n = 0; n < decided.Count; n++)
        {
            WriteWhatHappened(connection, after, decided[n], sealedText);
            if (LedgerEntry.Of(after.Id, decided[n]) is not { } entry) continue;
            long seq = LedgerRows.Write(connection, after, entry, LedgerEntry.IdOf(after.Id, after.Revision, n, decided[n].At), decided[n].At);
            if (first == 0) first = seq;
        }
        return first;
    }

    /// <summary>What is kept of an event beside the state and the ledger.</summary>
    /// <param name="meeting">With every track the event can name.</param>
    public static void WriteWhatHappened(SqliteConnection connection, Meeting meeting, MeetingEvent happened, IReadOnlyDictionary<long, byte[]> sealedText)
    {
        switch (happened)
        {
            case MeetingAnnounced e:
                foreach (var track in e.Tracks) WriteParticipant(connection, meeting, track);
                break;
            case TrackStarted e: WriteParticipant(connection, meeting, e.Track); break;
            case CaptionFinal e: SegmentRows.Write(connection, meeting, e, sealedText[e.Sequence]); break;
            case TranscriptRefined e: RefinedRows.Write(connection, meeting, e, sealedText); break;
            case RecordingReady e: RecordingRows.Write(connection, meeting, e); break;
            case ProcessingStarted { Quality: { } quality }: WriteQuality(connection, meeting, quality); break;
            case MeetingCompleted e: WriteQuality(connection, meeting, e.Quality); break;
        }
    }

    public static void Withdraw(SqliteConnection connection, TenantId tenant, MeetingId id)
    {
        int gone = connection.Run(
            "DELETE FROM meetings WHERE tenant = $tenant AND id = $id AND known = 0", ("$tenant", tenant.Value), ("$id", id.ToString()));
        if (gone > 0)
            connection.Run(
                "DELETE FROM participants WHERE tenant = $tenant AND meeting = $id", ("$tenant", tenant.Value), ("$id", id.ToString()));
    }

    /// <summary>Across tenants, as the next one: a node goes on with everybody's meetings.</summary>
    public static List<UnfinishedMeeting> Unfinished(SqliteConnection connection) =>
        LeftToDo(connection, "SELECT tenant, id, status FROM meetings WHERE status NOT IN ('completed', 'failed') ORDER BY id");

    public static List<UnfinishedMeeting> OwingCaptions(SqliteConnection connection) => LeftToDo(
        connection, "SELECT tenant, id, status FROM meetings WHERE status IN ('completed', 'failed') AND json_extract(state, '$.Captions') = 'Deferred' ORDER BY id");

    public static List<UnfinishedMeeting> OwingRefinement(SqliteConnection connection) => LeftToDo(
        connection, "SELECT tenant, id, status FROM meetings WHERE status IN ('completed', 'failed') AND json_extract(state, '$.Refinement') = 'Owed' ORDER BY id");

    private static List<UnfinishedMeeting> LeftToDo(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        List<UnfinishedMeeting> found = [];
        while (reader.Read())
            found.Add(new UnfinishedMeeting(new TenantId(reader.GetString(0)), Id(reader.GetString(1)), Enum.Parse<MeetingStatus>(reader.GetString(2), ignoreCase: true)));
        return found;
    }

    public static bool Knows(SqliteConnection connection, MeetingId id)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM meetings WHERE id = $id";
        command.Parameters.AddWithValue("$id", id.ToString());
        return command.ExecuteScalar() is not null;
    }

    public static Meeting? Find(SqliteConnection connection, TenantId tenant, MeetingId id) =>
        connection.Select(tenant, "SELECT state FROM meetings WHERE tenant = $tenant AND id = $id", State, ("$id", id.ToString())) is [var meeting]
            ? meeting : null;

    /// <summary>One more than the query's limit, where there are.</summary>
    public static List<Meeting> List(SqliteConnection connection, TenantId tenant, MeetingQuery query)
    {
        var sql = new StringBuilder("SELECT state FROM meetings WHERE tenant = $tenant AND known = 1");
        List<(string, object?)> values = [("$limit", query.Limit + 1)];
        void And(string condition, params ReadOnlySpan<(string, object?)> bound)
        {
            sql.Append(" AND ").Append(condition);
            values.AddRange(bound);
        }

        if (query.Before is { } before) And("id < $before", ("$before", before.ToString()));
        if (query.Status is { } status) And("status = $status", ("$status", Word(status)));
        if (query.ExternalId is { } external) And("external_id = $external", ("$external", external));
        if (query.From is { } from) And("created_at >= $from", ("$from", CeilingMs(from)));
        if (query.To is { } to) And("created_at < $to", ("$to", CeilingMs(to)));
        if (query.Text is { Length: > 0 } text) And("instr(title, $text) > 0", ("$text", text.ToLowerInvariant()));
        if (query.Participant is { } participant)
            And("EXISTS (SELECT 1 FROM participants p WHERE p.tenant = $tenant AND p.participant = $participant AND p.meeting = meetings.id)",
                ("$participant", participant));
        int n = 0;
        foreach (var (key, value) in query.Metadata)
        {
            And($"EXISTS (SELECT 1 FROM json_each(state, '$.Spec.Metadata') WHERE key = $key{n} AND value = $value{n})",
                ($"$key{n}", key), ($"$value{n}", value));
            n++;
        }
        sql.Append(" ORDER BY id DESC LIMIT $limit");
        return connection.Select(tenant, sql.ToString(), State, [.. values]);
    }

    public static MediaSnapshot? Quality(SqliteConnection connection, TenantId tenant, MeetingId id) => connection.Select(tenant,
        "SELECT snapshot FROM quality WHERE tenant = $tenant AND meeting = $id",
        row => JsonSerializer.Deserialize(row.GetString(0), StoredJson.Default.MediaSnapshot), ("$id", id.ToString())) is [var found] ? found : null;

    /// <param name="isNew">There is none of it yet.</param>
    public static void WriteState(SqliteConnection connection, Meeting after, bool isNew)
    {
        ReadOnlySpan<(string, object?)> values =
        [
            ("$tenant", after.Tenant.Value), ("$id", after.Id.ToString()), ("$external", after.Spec.ExternalId),
            ("$status", Word(after.Status)), ("$known", after.IsKnown), ("$created", after.StartedAt.ToUnixTimeMilliseconds()),
            ("$title", after.Spec.Title.ToLowerInvariant()), ("$revision", after.Revision),
            ("$state", JsonSerializer.Serialize(after, StoredJson.Default.Meeting)),
        ];
        int written = isNew
            ? connection.Run("""
                INSERT INTO meetings (tenant, id, external_id, status, known, created_at, title, revision, state)
                VALUES ($tenant, $id, $external, $status, $known, $created, $title, $revision, $state)
                """, values)
            : connection.Run("""
                UPDATE meetings SET external_id = $external, status = $status, known = $known, created_at = $created, title = $title,
                    revision = $revision, state = $state
                WHERE tenant = $tenant AND id = $id AND revision = $revision - 1
                """, values);
        if (written != 1) throw new StaleMeetingException(after.Id);
    }

    private static void WriteParticipant(SqliteConnection connection, Meeting meeting, Track track) => connection.Run(
        "INSERT OR IGNORE INTO participants (tenant, participant, meeting) VALUES ($tenant, $participant, $meeting)",
        ("$tenant", meeting.Tenant.Value), ("$participant", track.Spec.Participant.Id), ("$meeting", meeting.Id.ToString()));

    private static void WriteQuality(SqliteConnection connection, Meeting meeting, MediaSnapshot quality) => connection.Run(
        "INSERT OR REPLACE INTO quality (tenant, meeting, snapshot) VALUES ($tenant, $meeting, $snapshot)",
        ("$tenant", meeting.Tenant.Value), ("$meeting", meeting.Id.ToString()),
        ("$snapshot", JsonSerializer.Serialize(quality, StoredJson.Default.MediaSnapshot)));

    private static Meeting State(SqliteDataReader row) => JsonSerializer.Deserialize(row.GetString(0), StoredJson.Default.Meeting)!;
    private static string Word(MeetingStatus status) => status.ToString().ToLowerInvariant();
    private static MeetingId Id(string text) => MeetingId.TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no meeting's id.");

    /// <summary>Rows are kept to the millisecond below: a bound between two of them is the upper one's.</summary>
    private static long CeilingMs(DateTimeOffset at) =>
        at.ToUnixTimeMilliseconds() + (at.UtcTicks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
}
