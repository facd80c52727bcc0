using System.IO.Pipelines;
using System.Reflection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;
using Pipeline.Api.Problems;
using Pipeline.Api.Streams;

namespace Pipeline.Api.Levels;

/// <param name="LevelDb">dBFS, −127 … 0; −127 is silence.</param>
internal sealed record TrackLevelDto(string TrackId, int LevelDb, bool Speaking);

/// <param name="AtMs">Where in the meeting the sound was.</param>
internal sealed record LevelsDto(long AtMs, IReadOnlyList<TrackLevelDto> Tracks)
{
    public static LevelsDto Of(MeetingLevels levels) =>
        new(Milliseconds.Of(levels.At), [.. levels.Tracks.Select(t => new TrackLevelDto(t.Track.ToString(), t.LevelDb, t.IsSpeaking))]);
}

/// <summary>How loud everybody is, five times a second: server-sent events.</summary>
internal static class LevelsApi
{
    public static void MapLevels(this IEndpointRouteBuilder v1) =>
        v1.MapGet("/meetings/{id}/levels", Live).RequireScope(Scopes.MeetingsRead).WithName("followLevels")
            .WithSummary("How loud everybody is and who speaks, five times a second (server-sent events)");

    private static async Task<Results<LevelStream, Problem>> Live(string id, Caller caller, IMeetings meetings, CancellationToken ct) =>
        MeetingId.TryParse(id, out var meetingId) && await meetings.FindAsync(caller.Tenant, meetingId, ct) is not null
            ? new LevelStream(meetingId, stopping => meetings.LevelsAsync(caller.Tenant, meetingId, stopping))
            : Problem.NoSuchMeeting(id);
}

/// <summary>A meeting's levels. They have no ids: who comes back wants what is now.</summary>
internal sealed class LevelStream(MeetingId meeting, Func<CancellationToken, IAsyncEnumerable<MeetingLevels>> read)
    : EventStream<MeetingLevels>(meeting, read), IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(LevelsDto), ["text/event-stream"]));

    protected override void Write(PipeWriter body, MeetingLevels next) => WriteEvent(body, "levels", null, LevelsDto.Of(next), ApiJson.Default.LevelsDto);
}
