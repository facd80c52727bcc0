using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

internal static class RecordingRows
{
    public static void Write(SqliteConnection connection, Meeting meeting, RecordingReady e) => connection.Run("""
        INSERT INTO recordings (tenant, meeting, id, place, kind, track, content_type, codec, bytes, duration_ticks, sha256, created_at, path, loudness, render)
        VALUES ($tenant, $meeting, $id,
            (SELECT count(*) FROM recordings WHERE tenant = $tenant AND meeting = $meeting),
            $kind, $track, $type, $codec, $bytes, $duration, $sha256, $created, $path, $loudness, $render)
        """,
        ("$tenant", meeting.Tenant.Value), ("$meeting", meeting.Id.ToString()), ("$id", e.Id.ToString()), ("$kind", e.File.Kind),
        ("$track", e.File.Track is { } number ? meeting.Tracks[number - 1].Track.Id.ToString() : null),
        ("$type", e.File.ContentType), ("$codec", e.File.Codec), ("$bytes", e.File.Bytes), ("$duration", e.File.Duration.Ticks),
        ("$sha256", e.File.Sha256), ("$created", e.At.ToUnixTimeMilliseconds()), ("$path", e.File.Path),
        ("$loudness", e.File.Loudness), ("$render", e.File.Render is { } asked ? JsonSerializer.Serialize(asked, StoredJson.Default.RenderRequest) : null));

    public static List<Recording> All(SqliteConnection connection, TenantId tenant, MeetingId meeting) => connection.Select(tenant, """
        SELECT id, kind, track, content_type, codec, bytes, duration_ticks, sha256, created_at, path, loudness, render
        FROM recordings WHERE tenant = $tenant AND meeting = $meeting ORDER BY place
        """,
        row => new Recording(
            RecordingId.TryParse(row.GetString(0), out var id) ? id : throw new FormatException("Not a recording's id."),
            meeting, row.GetString(1), row.IsDBNull(2) ? null : TrackId.TryParse(row.GetString(2), out var track) ? track : null,
            row.GetString(3), row.GetString(4), row.GetInt64(5), TimeSpan.FromTicks(row.GetInt64(6)), row.GetString(7),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(8)), row.GetString(9))
        {
            Loudness = row.IsDBNull(10) ? null : row.GetDouble(10),
            Render = row.IsDBNull(11) ? null : JsonSerializer.Deserialize(row.GetString(11), StoredJson.Default.RenderRequest),
        },
        ("$meeting", meeting.ToString()));
}
