using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Api.Captions;
using Pipeline.Api.Events;
using Pipeline.Api.Jobs;
using Pipeline.Api.Keys;
using Pipeline.Api.Levels;
using Pipeline.Api.Meetings;
using Pipeline.Api.Minutes;
using Pipeline.Api.Node;
using Pipeline.Api.Problems;
using Pipeline.Api.Recordings;
using Pipeline.Api.Search;
using Pipeline.Api.Sessions;
using Pipeline.Api.Streams;
using Pipeline.Ingest.Recording;

namespace Pipeline.Api.Json;

/// <summary>Everything that goes out as JSON: snake_case, times in UTC with milliseconds, enums as lower-case words.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.Strict,
    Converters =
    [
        typeof(UtcMilliseconds), typeof(Word<MeetingStatus>), typeof(Word<MediaHealth>), typeof(Word<TrackStatus>),
        typeof(Word<CaptionsStatus>), typeof(Word<Authenticated>), typeof(Word<SourceStatus>), typeof(Word<Ingest.Streams.GapKind>),
        typeof(Word<JobStatus>), typeof(Word<RenderLayout>), typeof(RenderFormatWord),
    ])]
[JsonSerializable(typeof(ProblemDto))]
[JsonSerializable(typeof(NewMeetingDto))]
[JsonSerializable(typeof(NewTrackDto))]
[JsonSerializable(typeof(MeetingChangeDto))]
[JsonSerializable(typeof(TrackChangeDto))]
[JsonSerializable(typeof(MeetingDto))]
[JsonSerializable(typeof(MeetingPageDto))]
[JsonSerializable(typeof(TrackDto))]
[JsonSerializable(typeof(TrackDto[]))]
[JsonSerializable(typeof(QualityDto))]
[JsonSerializable(typeof(CaptionDto))]
[JsonSerializable(typeof(LevelsDto))]
[JsonSerializable(typeof(StreamEndDto))]
[JsonSerializable(typeof(EventDto))]
[JsonSerializable(typeof(EventPageDto))]
[JsonSerializable(typeof(TranscriptDto))]
[JsonSerializable(typeof(SegmentDto))]
[JsonSerializable(typeof(CorrectionDto))]
[JsonSerializable(typeof(MinutesDto))]
[JsonSerializable(typeof(RecordingsDto))]
[JsonSerializable(typeof(NewRenderDto))]
[JsonSerializable(typeof(JobDto))]
[JsonSerializable(typeof(NewContentLinkDto))]
[JsonSerializable(typeof(ContentLinkDto))]
[JsonSerializable(typeof(SearchPageDto))]
[JsonSerializable(typeof(NewKeyDto))]
[JsonSerializable(typeof(CreatedKeyDto))]
[JsonSerializable(typeof(KeyPageDto))]
[JsonSerializable(typeof(NewSessionDto))]
[JsonSerializable(typeof(SessionDto))]
[JsonSerializable(typeof(NewViewerTokenDto))]
[JsonSerializable(typeof(ViewerTokenDto))]
[JsonSerializable(typeof(NodeStatusDto))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Makes the framework's own writing and the OpenAPI document's schemas follow the same rules.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.TypeInfoResolverChain.Insert(0, Default);
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;   // never inside HTML: `nosniff`, and no script may run
        foreach (var converter in Default.Options.Converters) options.Converters.Add(converter);
    }
}

/// <summary>`2026-01-02T03:04:05.678Z`. Cut, not rounded: no moment is told before it has come.</summary>
internal sealed class UtcMilliseconds : JsonConverter<DateTimeOffset>
{
    private const string Form = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DateTimeOffset.Parse(reader.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString(Form, CultureInfo.InvariantCulture));
}

/// <summary>An enum as its name in snake_case.</summary>
internal sealed class Word<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) where T : struct, Enum;

/// <summary>Formats as one word each: "webm", and not "web_m".</summary>
internal sealed class RenderFormatWord() : JsonStringEnumConverter<RenderFormat>(new LowerCase(), allowIntegerValues: false)
{
    private sealed class LowerCase : JsonNamingPolicy
    {
        public override string ConvertName(string name) => name.ToLowerInvariant();
    }
}

internal static class Milliseconds
{
    public static long Of(TimeSpan offset) => (long)Math.Round(offset.TotalMilliseconds);
}
