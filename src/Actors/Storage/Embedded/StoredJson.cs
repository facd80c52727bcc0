using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Ingest.Recording;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>What was said in one segment: the part of it that is sealed.</summary>
/// <param name="Rev">Of its final; older archives know only finals.</param>
internal sealed record SpokenText(string Text, IReadOnlyList<Word> Words, int Rev = 1);

/// <summary>The same as a second pass heard it; times since the meeting began.</summary>
internal sealed record RefinedText(string Text, IReadOnlyList<Word> Words, TimeSpan Start, TimeSpan End, string Language);

[JsonSourceGenerationOptions(
    UseStringEnumConverter = true,
    Converters = [typeof(MeetingIdJson), typeof(TrackIdJson), typeof(TenantIdJson), typeof(RecordingIdJson), typeof(JobIdJson)])]
[JsonSerializable(typeof(Meeting))]
[JsonSerializable(typeof(MediaSnapshot))]
[JsonSerializable(typeof(SpokenText))]
[JsonSerializable(typeof(RefinedText))]
[JsonSerializable(typeof(RenderRequest))]
[JsonSerializable(typeof(RenderJob))]
internal sealed partial class StoredJson : JsonSerializerContext;

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
