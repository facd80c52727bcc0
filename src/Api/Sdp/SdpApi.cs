using System.Diagnostics;
using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Meetings;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Sdp;

/// <summary>Senders that speak SDP: an offer is tracks, and its answer says where to send.</summary>
internal static class SdpApi
{
    private const string MediaType = "application/sdp";

    public static void MapSdp(this IEndpointRouteBuilder v1) =>
        v1.MapPost("/meetings/{id}/sdp", Offer).RequireScope(Scopes.MeetingsWrite).WithName("offerTracks")
            .WithSummary("Add the tracks of an SDP offer; the answer says where to send them, and their ids as labels")
            .Accepts<string>(MediaType).Produces<string>(StatusCodes.Status201Created, MediaType);

    private static async Task<Results<ContentHttpResult, Problem>> Offer(
        string id, Caller caller, [AsParameters] SdpParameters asked, HttpContext http, RequestBody body, IMeetings meetings, PipelineOptions options, TimeProvider clock)
    {
        if (!MeetingId.TryParse(id, out var meetingId)) return Problem.NoSuchMeeting(id);
        if (SdpParameters.TryRead(http.Request.Query, out var by) is { } badQuery) return badQuery;
        if (TryRead(body, by, options.RtpHost, out var offer, out var offered) is { } refused) return refused;

        List<OfferedTrack> taken = [.. offered.Where(track => track.Spec is not null)];
        var specs = taken.Select(track => track.Spec!).ToList();
        while (true)
        {
            switch (await meetings.AddTracksAsync(caller.Tenant, meetingId, specs, CancellationToken.None))
            {
                case AddTracksResult.NotFound: return Problem.NoSuchMeeting(id);
                case AddTracksResult.InvalidState(var status): return TracksApi.Over(status);
                case AddTracksResult.NoCapacity(var detail): return MeetingsApi.Full(detail);
                case AddTracksResult.TooManyTracks: return TracksApi.TooMany();
                case AddTracksResult.AmbiguousTrack(var index) when specs[index] is { Rtx: not { Ssrc: null } } spec && (spec.Ssrc is not null || spec.Layers.Count > 0):
                    return Ambiguous(taken[index]);
                case AddTracksResult.AmbiguousTrack(var index):
                    specs[index] = specs[index] with { OwnPort = true };             // each m-line can have its own: SDP needs no SSRC to tell them apart, nor a FID for what comes again
                    break;
                case AddTracksResult.Added(var added):
                    var meeting = await meetings.FindAsync(caller.Tenant, meetingId, CancellationToken.None) ?? throw new UnreachableException();
                    var answered = taken.Zip(added, (offer, view) => (offer, view.Track)).ToDictionary(
                        pair => pair.offer, pair => new AnsweredTrack(pair.Track.Id.ToString(), pair.Track.Port ?? meeting.Port, pair.Track.Port is null));
                    http.Response.Headers.CacheControl = "no-store";                 // a key may be in it
                    http.Response.Headers.Location = $"/v1/meetings/{meetingId}";
                    string answer = SdpAnswer.Write(offer, offered, answered, clock.GetUtcNow().ToUnixTimeMilliseconds(), options.RtpHost);
                    return TypedResults.Content(answer, MediaType, contentEncoding: null, StatusCodes.Status201Created);
                case var other: throw new UnreachableException(other.ToString());
            }
        }
    }

    /// <summary>Null when at least one m-line can be taken.</summary>
    private static Problem? TryRead(RequestBody body, OfferedBy by, string host, out SessionDescription offer, out IReadOnlyList<OfferedTrack> tracks)
    {
        (offer, tracks) = (null!, []);
        if (!IsSdp(body)) return new Problem(ProblemKind.UnsupportedMediaType, $"Send the offer as `Content-Type: {MediaType}`, in UTF-8.");
        if (!Utf8.IsValid(body.Bytes.Span)) return new Problem(ProblemKind.BadRequest, "The body is not UTF-8.");
        var findings = new BodyFindings();
        if (SdpReader.Read(Encoding.UTF8.GetString(body.Bytes.Span), findings) is { } read)
        {
            offer = read;
            tracks = new SdpOffer(read, by, host).Read(findings);
            if (findings.Errors.Count == 0 && tracks.Count == 0) findings.Invalid("", "there is no m-line");
            else if (findings.Errors.Count == 0 && tracks.All(track => track.Spec is null))
                return new Problem(ProblemKind.ValidationFailed, "No m-line of the offer can be taken.", [.. tracks.Select(track => new FieldError("", track.Described))]);
        }
        return findings.Refusal();
    }

    private static bool IsSdp(RequestBody body) =>
        MediaTypeHeaderValue.TryParse(body.ContentType, out var type) && type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Value!.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    private static Problem Ambiguous(OfferedTrack track) => new(
        ProblemKind.AmbiguousTrack, "An SSRC belongs to one track of a meeting at a time.",
        [new FieldError("", $"line {track.Media.Line}, m={track.Media.Kind}: its SSRC is an earlier track's")]);
}
