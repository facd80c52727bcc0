using Microsoft.AspNetCore.Http.HttpResults;
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

    /// <summary>Without ids: who comes back wants what is now.</summary>
    private static async Task<Results<EventStream<MeetingLevels, LevelsDto>, Problem>> Live(string id, Caller caller, IMeetings meetings, CancellationToken ct) =>
        MeetingId.TryParse(id, out var meetingId) && await meetings.FindAsync(caller.Tenant, meetingId, ct) is not null
            ? new EventStream<MeetingLevels, LevelsDto>(
                "levels", meetingId, stopping => meetings.LevelsAsync(caller.Tenant, meetingId, stopping),
                levels => (null, LevelsDto.Of(levels)), ApiJson.Default.LevelsDto)
            : Problem.NoSuchMeeting(id);
}
