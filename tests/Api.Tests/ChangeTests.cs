using System.Net;
using System.Text;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Tests;

public sealed class ChangeTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Alice = """{"tracks":[{"participant":{"id":"alice"},"payload_type":111}]}""";
    private const string TooMany = "/metadata";

    [Theory]
    [InlineData("""{"participant":{"name":"Alice B.","consent":"denied"},"ssrc":7}""", "Alice B.", "denied", "7")]
    [InlineData("""{"participant":{"consent":"granted"}}""", null, "granted", "-")]
    [InlineData("""{"participant":{"name":null}}""", "", null, "-")]
    [InlineData("""{"ssrc":null}""", null, null, "")]
    [InlineData("{}", null, null, "-")]
    public async Task A_change_of_a_track_is_passed_on_as_it_was_asked(string body, string? name, string? consent, string ssrc)
    {
        var alone = await ApiServer.StartAsync();
        var (path, _) = await TrackAsync(alone);
        var answer = await PatchAsync(alone, path, body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("alice", (await answer.JsonAsync()).GetProperty("participant").Text("id"));
        var patch = alone.Meetings.LastTrackPatch!;
        Assert.Equal((name, consent, ssrc), (patch.Name, patch.Consent, patch.Ssrc is null ? "-" : $"{patch.Ssrc.Ssrc}"));
        await alone.DisposeAsync();
    }

    [Theory]
    [InlineData("""{"participant":{"id":"bob","consent":"maybe","age":7},"ssrc":-1,"codec":"opus"}""", 422, "validation_failed", "/participant/id /participant/consent /participant/age /ssrc /codec")]
    [InlineData("""{"participant":null}""", 422, "validation_failed", "/participant")]
    [InlineData("""{"participant":{"consent":null}}""", 422, "validation_failed", "/participant/consent")]
    [InlineData("[]", 422, "validation_failed", "")]
    [InlineData("""{"own_port":true,"layers":[{"rid":"h","ssrc":5}]}""", 422, "validation_failed", "/own_port /layers")]
    [InlineData("{", 400, "malformed_json", null)]
    public async Task A_change_of_a_track_that_cannot_be_is_refused_whole(string body, int status, string code, string? pointers)
    {
        var (path, _) = await TrackAsync(server);
        var named = await (await PatchAsync(server, path, body)).IsProblemAsync(status, code);
        Assert.Equal((pointers?.Split(' ') ?? []).Order(), named.Order());
    }

    [Fact]
    public async Task What_the_rules_refuse_of_a_track_has_its_status()
    {
        var alone = await ApiServer.StartAsync();
        var (path, track) = await TrackAsync(alone);
        foreach (var (refusal, status, code, pointer) in new (PatchTrackResult, int, string, string?)[]
        {
            (new PatchTrackResult.InvalidState(MeetingStatus.Completed), 409, "invalid_state", null),
            (new PatchTrackResult.TrackIsOver(), 409, "invalid_state", null),
            (new PatchTrackResult.NoSuchTrack(), 404, "not_found", null),
            (new PatchTrackResult.AmbiguousTrack(track.Spec with { Ssrc = 7 }), 422, "ambiguous_track", "/ssrc"),
            (new PatchTrackResult.AmbiguousTrack(track.Spec), 422, "ambiguous_track", "/payload_type"),
        })
        {
            alone.Meetings.TrackRefusal = refusal;
            Assert.Equal(pointer is null ? [] : [pointer], await (await PatchAsync(alone, path, "{}")).IsProblemAsync(status, code));
        }
        await (await PatchAsync(alone, "/v1/meetings/mtg_00000000000000000000000000/tracks/" + track.Id, "{}")).IsProblemAsync(404, "not_found");
        await alone.DisposeAsync();
    }

    [Fact]
    public async Task A_meeting_is_changed_by_a_merge_patch_also_when_it_is_over()
    {
        string id = await server.CreateAsync("""{"title":"Old","metadata":{"case":"A-17","room":"4"}}""");
        server.Meetings.Complete(id);
        var answer = await PatchAsync(server, $"/v1/meetings/{id}", """{"title":"New","metadata":{"room":null,"floor":"2"},"retention_days":null,"vocabulary":[]}""", "application/merge-patch+json");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var meeting = await answer.JsonAsync();
        Assert.Equal(("New", "completed"), (meeting.Text("title"), meeting.Text("status")));
        Assert.Equal("""{"case":"A-17","floor":"2"}""", meeting.GetProperty("metadata").GetRawText());
        Assert.Equal(answer.Headers.ETag, (await server.Client.GetAsync($"/v1/meetings/{id}")).Headers.ETag);

        meeting = await (await PatchAsync(server, $"/v1/meetings/{id}", """{"title":null,"metadata":null}""")).JsonAsync();
        Assert.Equal(("", "{}"), (meeting.Text("title"), meeting.GetProperty("metadata").GetRawText()));
    }

    [Theory]
    [InlineData("""{"title":7,"metadata":{"a":7,"":"x"},"status":"completed"}""", 422, "validation_failed", "/title /metadata/a /metadata/ /status")]
    [InlineData("""{"metadata":[]}""", 422, "validation_failed", "/metadata")]
    [InlineData("""{"retention_days":30}""", 501, "not_implemented", "/retention_days")]
    [InlineData("""{"vocabulary":[""]}""", 422, "validation_failed", "/vocabulary/0")]
    public async Task A_change_of_a_meeting_that_cannot_be_is_refused_whole(string body, int status, string code, string pointers)
    {
        string id = await server.CreateAsync("""{"title":"Old"}""");
        var named = await (await PatchAsync(server, $"/v1/meetings/{id}", body)).IsProblemAsync(status, code);
        Assert.Equal(pointers.Split(' ').Order(), named.Order());
        Assert.Equal("Old", server.Meetings.View(id).Spec.Title);
    }

    [Fact]
    public async Task Words_to_expect_are_told_at_creation_and_changed_later()
    {
        string id = await server.CreateAsync("""{"vocabulary":["Kubernetes","CI/CD"],"translate_to":"en"}""");
        Assert.Equal(["Kubernetes", "CI/CD"], server.Meetings.LastCreated.Spec.Vocabulary);
        Assert.Equal("en", server.Meetings.LastCreated.Spec.TranslateTo);
        var meeting = await (await PatchAsync(server, $"/v1/meetings/{id}", """{"vocabulary":["Terraform"]}""")).JsonAsync();
        Assert.Equal("""["Terraform"]""", meeting.GetProperty("vocabulary").GetRawText());
        meeting = await (await PatchAsync(server, $"/v1/meetings/{id}", """{"title":"Other"}""")).JsonAsync();
        Assert.Equal("""["Terraform"]""", meeting.GetProperty("vocabulary").GetRawText());
        meeting = await (await PatchAsync(server, $"/v1/meetings/{id}", """{"vocabulary":null}""")).JsonAsync();
        Assert.Equal("[]", meeting.GetProperty("vocabulary").GetRawText());
    }

    [Fact]
    public async Task Metadata_stays_within_its_bound_whatever_is_added()
    {
        string members = string.Join(',', Enumerable.Range(0, 50).Select(n => $"\"k{n}\":\"v\""));
        string id = await server.CreateAsync("{\"metadata\":{" + members + "}}");
        Assert.Equal([TooMany], await (await PatchAsync(server, $"/v1/meetings/{id}", """{"metadata":{"one":"more"}}""")).IsProblemAsync(422, "validation_failed"));
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync(server, $"/v1/meetings/{id}", """{"metadata":{"one":"more","k0":null}}""")).StatusCode);
    }

    [Fact]
    public async Task A_change_is_made_only_of_the_version_that_was_expected()
    {
        string id = await server.CreateAsync("""{"title":"Old"}""");
        string path = $"/v1/meetings/{id}", tag = (await server.Client.GetAsync(path)).Headers.ETag!.Tag;
        foreach (string other in new[] { "\"0-0\"", "W/" + tag })   // compared strongly (RFC 9110 §13.1.1)
            await (await PatchAsync(server, path, """{"title":"Lost"}""", ifMatch: other)).IsProblemAsync(412, "precondition_failed");
        await (await PatchAsync(server, path, """{"title":"Lost"}""", ifMatch: "nonsense")).IsProblemAsync(400, "bad_request");
        Assert.Equal("Old", server.Meetings.View(id).Spec.Title);

        var answer = await PatchAsync(server, path, """{"title":"New"}""", ifMatch: $"\"0-0\", {tag}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.NotEqual(tag, answer.Headers.ETag!.Tag);
        await (await PatchAsync(server, path, """{"title":"Late"}""", ifMatch: tag)).IsProblemAsync(412, "precondition_failed");
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync(server, path, """{"title":"Any"}""", ifMatch: "*")).StatusCode);
    }

    private static async Task<(string Path, Track Track)> TrackAsync(ApiServer server)
    {
        string id = await server.CreateAsync(Alice);
        var track = server.Meetings.View(id).Tracks[0].Track;
        return ($"/v1/meetings/{id}/tracks/{track.Id}", track);
    }

    private static Task<HttpResponseMessage> PatchAsync(ApiServer server, string path, string body, string type = "application/json", string? ifMatch = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = new StringContent(body, Encoding.UTF8, type) };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return server.Client.SendAsync(request);
    }
}
