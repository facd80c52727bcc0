using System.IO.Pipelines;
using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Json;
using Pipeline.Api.Streams;

namespace Pipeline.Api.Captions;

/// <summary>A meeting's captions, resumable by their sequence.</summary>
internal sealed class CaptionStream(MeetingId meeting, Func<CancellationToken, IAsyncEnumerable<Segment>> read)
    : EventStream<Segment>(meeting, read), IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(CaptionDto), ["text/event-stream"]));

    protected override void Write(PipeWriter body, Segment next) =>
        WriteEvent(body, "caption", next.Sequence, CaptionDto.Of(next), ApiJson.Default.CaptionDto);
}
