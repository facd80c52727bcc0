using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.OpenApi;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Meetings;

/// <summary>Tracks: people come and go while a meeting runs.</summary>
internal static class TracksApi
{
    public static void MapTracks(this IEndpointRouteBuilder v1)
    {
        v1.MapPost("/meetings/{id}/tracks", Add).RequireScope(Scopes.MeetingsWrite).WithName("addTracks")
            .WithSummary("Add one track, or an array of them; the answer has the same form")
            .Accepts<NewTrackDto>("application/json").AddOpenApiOperationTransformer(ApiDocument.WithOneOrMany<NewTrackDto, TrackDto>);
        v1.MapPatch("/meetings/{id}/tracks/{track}", Change).RequireScope(Scopes.MeetingsWrite).WithName("changeTrack")
            .WithSummary("Change a participant's name or consent, or the SSRC of their track")
            .Accepts<TrackChangeDto>("application/json", "application/merge-patch+json");
        v1.MapDelete("/meetings/{id}/tracks/{track}", End).RequireScope(Scopes.MeetingsWrite).WithName("endTrack").WithSummary("End a track");
    }

    /// <param name="later">Of the two that cannot be told apart.</param>
    /// <param name="pointer">To it.</param>
    public static Problem Ambiguous(TrackSpec later, string pointer) => later.Ssrc is null && later.Layers.Count == 0
        ? new Problem(
            ProblemKind.AmbiguousTrack, "Tracks without an SSRC that share a port must differ in their payload types, those of `rtx` and RED included.",
            [new FieldError($"{pointer}/payload_type", "is an earlier track's, and neither has an ssrc")])
        : later.Rtx is { Ssrc: null } ? new Problem(
            ProblemKind.AmbiguousTrack, "An SSRC belongs to one track of a meeting at a time, and so does a payload type of `rtx` without one.",
            [new FieldError($"{pointer}/rtx", "without an ssrc it could be an earlier track's, or the track's own ssrc is one")])
        : new Problem(
            ProblemKind.AmbiguousTrack, "An SSRC belongs to one track of a meeting at a time.", [new FieldError($"{pointer}/{(later.Layers.Count == 0 ? "ssrc" : "layers")}", "is an earlier track's")]);

    public static Problem TooMany() => new(ProblemKind.InvalidState, $"A meeting has at most {Meeting.MaxTracks:N0} tracks over its life, those that have ended included.");

    private static async Task<Results<Created<TrackDto>, Created<TrackDto[]>, Problem>> Add(
        string id, Caller caller, RequestBody body, IMeetings meetings, PipelineOptions options)
    {
        if (!MeetingId.TryParse(id, out var meetingId)) return Problem.NoSuchMeeting(id);
        if (NewTrack.TryRead(body, out var tracks, out bool single) is { } refused) return refused;
        switch (await meetings.AddTracksAsync(caller.Tenant, meetingId, tracks, CancellationToken.None))
        {
            case AddTracksResult.NotFound: return Problem.NoSuchMeeting(id);
            case AddTracksResult.InvalidState(var status): return Over(status);
            case AddTracksResult.TooManyTracks: return TooMany();
            case AddTracksResult.AmbiguousTrack(var index): return Ambiguous(tracks[index], single ? "" : $"/{index}");
            case AddTracksResult.NoCapacity(var detail): return MeetingsApi.Full(detail);
            case AddTracksResult.Added(var added):
                // A meeting's port never changes; it is still there since tracks were just added to it.
                var meeting = await meetings.FindAsync(caller.Tenant, meetingId, CancellationToken.None) ?? throw new UnreachableException();
                TrackDto[] dtos = [.. added.Select(track => TrackDto.Of(track, options.RtpHost, meeting.Port))];
                string location = $"/v1/meetings/{meetingId}/tracks";
                return single ? TypedResults.Created($"{location}/{dtos[0].Id}", dtos[0]) : TypedResults.Created(location, dtos);
            case var other: throw new UnreachableException(other.ToString());
        }
    }

    private static async Task<Results<Ok<TrackDto>, Problem>> Change(
        string id, string track, Caller caller, RequestBody body, IMeetings meetings, PipelineOptions options)
    {
        if (!MeetingId.TryParse(id, out var meetingId)) return Problem.NoSuchMeeting(id);
        if (!TrackId.TryParse(track, out var trackId)) return Problem.Missing("track", track);
        if (TrackChange.TryRead(body, out var patch) is { } refused) return refused;
        return await meetings.PatchTrackAsync(caller.Tenant, meetingId, trackId, patch, CancellationToken.None) switch
        {
            PatchTrackResult.Patched(var patched, var port) => TypedResults.Ok(TrackDto.Of(patched, options.RtpHost, port)),
            PatchTrackResult.NoSuchMeeting => Problem.NoSuchMeeting(id),
            PatchTrackResult.NoSuchTrack => Problem.Missing("track", track),
            PatchTrackResult.InvalidState(var status) => new Problem(
                ProblemKind.InvalidState, $"The meeting is {status.ToString().ToLowerInvariant()}: its tracks change no more."),
            PatchTrackResult.TrackIsOver => new Problem(ProblemKind.InvalidState, "The track has ended: it takes no SSRC any more."),
            PatchTrackResult.AmbiguousTrack(var asked) => Ambiguous(asked, ""),
            var other => throw new UnreachableException(other.ToString()),
        };
    }

    private static async Task<Results<NoContent, Problem>> End(string id, string track, Caller caller, IMeetings meetings)
    {
        if (!MeetingId.TryParse(id, out var meetingId)) return Problem.NoSuchMeeting(id);
        if (!TrackId.TryParse(track, out var trackId)) return Problem.Missing("track", track);
        return await meetings.EndTrackAsync(caller.Tenant, meetingId, trackId, CancellationToken.None) switch
        {
            EndTrackResult.Ended => TypedResults.NoContent(),
            EndTrackResult.NoSuchMeeting => Problem.NoSuchMeeting(id),
            EndTrackResult.NoSuchTrack => Problem.Missing("track", track),
            EndTrackResult.InvalidState => Over(null),
            var other => throw new UnreachableException(other.ToString()),
        };
    }

    public static Problem Over(MeetingStatus? status) => new(
        ProblemKind.InvalidState, status is { } known ? $"The meeting is {known.ToString().ToLowerInvariant()}: it takes no tracks any more." : "The meeting is over.");
}
