using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;
using Pipeline.Api.Problems;
using Pipeline.Ingest.Streams;

namespace Pipeline.Api.Meetings;

/// <summary>A span without the original sound.</summary>
internal sealed record GapDto(long FromMs, long ToMs, GapKind Kind);

internal sealed record TrackQualityDto
{
    public required string TrackId { get; init; }
    public required SpeakerDto Participant { get; init; }
    public required long PacketsReceived { get; init; }
    public required long PacketsLost { get; init; }
    /// <summary>Lost, but their sound was restored from redundancy.</summary>
    public required long PacketsRecovered { get; init; }
    public required long PacketsLate { get; init; }
    public required long Duplicates { get; init; }
    public required long JitterMs { get; init; }
    public required long ConcealedMs { get; init; }
    public required long DtxMs { get; init; }
    public required double ClockDriftPpm { get; init; }
    public required IReadOnlyList<GapDto> Gaps { get; init; }
    public required bool GapsTruncated { get; init; }

    public static TrackQualityDto Of(TrackQualityView view) => new()
    {
        TrackId = view.Track.ToString(),
        Participant = SpeakerDto.Of(view.Participant),
        PacketsReceived = view.Quality.PacketsReceived,
        PacketsLost = view.Quality.PacketsLost,
        PacketsRecovered = view.Quality.PacketsRecovered,
        PacketsLate = view.Quality.PacketsLate,
        Duplicates = view.Quality.Duplicates,
        JitterMs = Milliseconds.Of(view.Quality.Jitter),
        ConcealedMs = Milliseconds.Of(view.Quality.Concealed),
        DtxMs = Milliseconds.Of(view.Quality.Dtx),
        ClockDriftPpm = Math.Round(view.Quality.ClockDriftPpm, 2),
        Gaps = [.. view.Quality.Gaps.Select(gap => new GapDto(Milliseconds.Of(gap.From), Milliseconds.Of(gap.To), gap.Kind))],
        GapsTruncated = view.Quality.GapsTruncated,
    };
}

/// <param name="Refused">Reason to number of packets.</param>
internal sealed record QualityDto(string MeetingId, IReadOnlyList<TrackQualityDto> Tracks, IReadOnlyDictionary<string, long> Refused);

/// <summary>What arrived of a meeting, and what is missing.</summary>
internal static class QualityApi
{
    public static void MapQuality(this IEndpointRouteBuilder v1) =>
        v1.MapGet("/meetings/{id}/quality", Find).RequireScope(Scopes.MeetingsRead).WithName("getQuality").WithSummary("What arrived, and what is missing");

    private static async Task<Results<Ok<QualityDto>, Problem>> Find(string id, Caller caller, IMeetings meetings, CancellationToken ct) =>
        MeetingId.TryParse(id, out var meetingId) && await meetings.QualityAsync(caller.Tenant, meetingId, ct) is { } report
            ? TypedResults.Ok(new QualityDto(report.Meeting.ToString(), [.. report.Tracks.Select(TrackQualityDto.Of)], report.Refused))
            : Problem.NoSuchMeeting(id);
}
