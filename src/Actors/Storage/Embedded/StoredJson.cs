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
