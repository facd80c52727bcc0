using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage;

internal sealed class MeetingIdJson : JsonConverter<MeetingId>
{
    public override MeetingId Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        MeetingId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("Not a meeting's id.");
    public override void Write(Utf8JsonWriter writer, MeetingId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class TrackIdJson : JsonConverter<TrackId>
{
    public override TrackId Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        TrackId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("Not a track's id.");
    public override void Write(Utf8JsonWriter writer, TrackId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class TenantIdJson : JsonConverter<TenantId>
{
    public override TenantId Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        new(reader.GetString() ?? throw new JsonException("Not a tenant."));
    public override void Write(Utf8JsonWriter writer, TenantId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class SegmentIdJson : JsonConverter<SegmentId>
{
    public override SegmentId Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        SegmentId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("Not a segment's id.");
    public override void Write(Utf8JsonWriter writer, SegmentId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class RecordingIdJson : JsonConverter<RecordingId>
{
    public override RecordingId Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        RecordingId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("Not a recording's id.");
    public override void Write(Utf8JsonWriter writer, RecordingId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class JobIdJson : JsonConverter<JobId>
{
    public override JobId Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        JobId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("Not a job's id.");
    public override void Write(Utf8JsonWriter writer, JobId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
