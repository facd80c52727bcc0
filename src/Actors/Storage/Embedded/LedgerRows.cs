using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>What happened to a tenant's meetings, numbered without a hole: the number is given in the transaction that writes it.</summary>
internal static class LedgerRows
{
    /// <returns>Its number.</returns>
    public static long Write(SqliteConnection connection, Meeting meeting, LedgerEntry entry, string id, DateTimeOffset at)
    {
        long seq = connection.Scalar<long>("""
            INSERT INTO tenants (tenant, last_seq) VALUES ($tenant, 1)
            ON CONFLICT (tenant) DO UPDATE SET last_seq = last_seq + 1 RETURNING last_seq
            """, ("$tenant", meeting.Tenant.Value));
        Write(connection, meeting, entry, id, at, seq);
        return seq;
    }

    /// <summary>Under a number that is nobody else's.</summary>
    public static void Write(SqliteConnection connection, Meeting meeting, LedgerEntry entry, string id, DateTimeOffset at, long seq) => connection.Run("""
        INSERT INTO ledger (tenant, seq, id, type, at, meeting, data) VALUES ($tenant, $seq, $id, $type, $at, $meeting, $data)
        """,
        ("$tenant", meeting.Tenant.Value), ("$seq", seq), ("$id", id),
        ("$type", entry.Type), ("$at", at.ToUnixTimeMilliseconds()), ("$meeting", meeting.Id.ToString()), ("$data", entry.Data));

    public static List<LedgerEvent> After(SqliteConnection connection, TenantId tenant, MeetingId? meeting, long after, int limit) => connection.Select(
        tenant, $"""
        SELECT id, seq, type, at, meeting, data FROM ledger
        WHERE tenant = $tenant {(meeting is null ? "" : "AND meeting = $meeting")} AND seq > $after ORDER BY seq LIMIT $limit
        """,
        row => new LedgerEvent(
            row.GetString(0), row.GetInt64(1), row.GetString(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)),
            MeetingId.TryParse(row.GetString(4), out var id) ? id : throw new FormatException("Not a meeting's id."), row.GetString(5)),
        [("$after", after), ("$limit", limit), .. meeting is { } only ? [("$meeting", (object?)only.ToString())] : Array.Empty<(string, object?)>()]);
}
