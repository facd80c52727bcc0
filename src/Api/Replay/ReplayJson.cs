using System.Text.Json.Serialization;

namespace Pipeline.Api.Replay;

/// <summary>The API's JSON as a client sees it, the descriptions of captures, and the sender's log: all snake_case.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CaptureDescription))]
[JsonSerializable(typeof(NewMeeting))]
[JsonSerializable(typeof(IReadOnlyList<NewTrack>))]
[JsonSerializable(typeof(MeetingInfo))]
[JsonSerializable(typeof(CaptionInfo))]
[JsonSerializable(typeof(TranscriptInfo))]
[JsonSerializable(typeof(SegmentInfo))]
[JsonSerializable(typeof(MinutesInfo))]
[JsonSerializable(typeof(QualityInfo))]
[JsonSerializable(typeof(ViewerLink))]
[JsonSerializable(typeof(RecordingList))]
[JsonSerializable(typeof(ProblemInfo))]
[JsonSerializable(typeof(SendLogHeader))]
[JsonSerializable(typeof(SendLogLine))]
internal sealed partial class ReplayJson : JsonSerializerContext;

/// <summary>The scripts of spoken meetings are camelCase.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MeetingScript))]
internal sealed partial class ScriptJson : JsonSerializerContext;
