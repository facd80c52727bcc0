using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Problems;
using Pipeline.Api.Recordings;

namespace Pipeline.Api.Live;

/// <summary>The mix while it is made, for players of HTTP Live Streaming.</summary>
internal static class LiveApi
{
    private const string Playlist = "application/vnd.apple.mpegurl";
    /// <summary>A fragment takes two seconds, and the mix waits two more for packets.</summary>
    private static readonly TimeSpan UntilFirst = TimeSpan.FromSeconds(2);

    public static void MapLive(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/meetings/{id}/live/index.m3u8", Index).RequireScope(Scopes.MeetingsRead).WithName("listenLive")
            .WithSummary("The mix so far and as it goes on, as an HLS playlist").Produces<string>(200, Playlist);
        v1.MapGet("/meetings/{id}/live/{part}", Part).RequireScope(Scopes.MeetingsRead).WithName("getLivePart")
            .WithSummary("What the playlist names: a part of the live mix, whole or a range").Produces<Stream>(200, "audio/mp4").Produces<Stream>(206, "audio/mp4");
    }

    private static async Task<IResult> Index(string id, [FromQuery(Name = "_HLS_skip")] string? skip, Caller caller, HttpResponse response, IMeetings meetings, CancellationToken ct)
    {
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is not { } meeting) return Problem.NoSuchMeeting(id);
        var listening = await meetings.ListenAsync(caller.Tenant, meetingId, ct);
        if (listening is not null && HlsPlaylist.Write(listening, meeting.StartedAt, skip is "YES" or "v2") is { } playlist)
        {
            KeepNowhere(response);
            return TypedResults.Text(playlist, Playlist);
        }
        if (!meeting.Spec.Outputs.Contains("mix")) return new Problem(ProblemKind.NotFound, "No mix was asked for when this meeting was created.");
        return meeting.Status == MeetingStatus.Recording
            ? new Problem(ProblemKind.NotReady, "Nothing can be heard yet.") { RetryAfter = UntilFirst }
            : new Problem(ProblemKind.NotFound, "The meeting is over: its mix is one of its recordings.");
    }

    private static async Task<IResult> Part(string id, string part, Caller caller, HttpResponse response, IMeetings meetings, CancellationToken ct)
    {
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is null) return Problem.NoSuchMeeting(id);
        var listening = await meetings.ListenAsync(caller.Tenant, meetingId, ct);
        if (listening?.Parts.FirstOrDefault(one => FileName(one) == part) is not { } found) return Problem.Missing("part of the live mix", part);
        KeepNowhere(response);
        return new RecordingContent(TypedResults.Stream(found.Open(), "audio/mp4", enableRangeProcessing: true));
    }

    /// <summary>With the ending that players want to see.</summary>
    public static string FileName(LivePartView part) => part.Name + ".mp4";

    /// <summary>What was said is to be on this node's disk, sealed, and on no other.</summary>
    private static void KeepNowhere(HttpResponse response) => response.Headers.CacheControl = "private, no-store";
}
