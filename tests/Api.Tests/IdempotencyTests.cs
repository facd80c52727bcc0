using System.Net;
using System.Text;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Idempotency;

namespace Pipeline.Api.Tests;

public sealed class IdempotencyTests : IAsyncLifetime
{
    private ApiServer server = null!;

    public async Task InitializeAsync() => server = await ApiServer.StartAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task The_same_key_and_body_get_the_first_answer_again()
    {
        var first = await server.PostAsync("/v1/meetings", """{"title":"a"}""", "key-1");
        var second = await server.PostAsync("/v1/meetings", """{"title":"a"}""", "key-1");
        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
        Assert.False(first.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal("true", Assert.Single(second.Headers.GetValues("Idempotent-Replayed")));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.NotEqual(first.Headers.GetValues("X-Request-Id"), second.Headers.GetValues("X-Request-Id"));
        Assert.Equal(1, server.Meetings.Created);
    }

    [Fact]
    public async Task The_same_key_with_another_body_or_path_is_a_mismatch()
    {
        await server.PostAsync("/v1/meetings", """{"title":"a"}""", "key-1");
        await (await server.PostAsync("/v1/meetings", """{"title":"b"}""", "key-1")).IsProblemAsync(422, "idempotency_mismatch");
        string id = await server.CreateAsync();
        await (await server.PostAsync($"/v1/meetings/{id}/stop", """{"title":"a"}""", "key-1")).IsProblemAsync(422, "idempotency_mismatch");
    }

    [Fact]
    public async Task Another_key_is_another_request()
    {
        await server.PostAsync("/v1/meetings", "{}", "key-1");
        await server.PostAsync("/v1/meetings", "{}", "key-2");
        await server.PostAsync("/v1/meetings", "{}");
        Assert.Equal(3, server.Meetings.Created);
    }

    [Fact]
    public async Task While_the_first_still_runs_the_second_is_told_so()
    {
        var begun = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        server.Meetings.BeforeCreate = () =>
        {
            begun.SetResult();
            return finish.Task;
        };
        var first = server.PostAsync("/v1/meetings", "{}", "key-1");
        await begun.Task;
        await (await server.PostAsync("/v1/meetings", "{}", "key-1")).IsProblemAsync(409, "idempotency_in_flight");
        await (await server.PostAsync("/v1/meetings", """{"title":"b"}""", "key-1")).IsProblemAsync(422, "idempotency_mismatch");
        finish.SetResult();
        Assert.Equal(HttpStatusCode.Created, (await first).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/meetings", "{}", "key-1")).StatusCode);
        Assert.Equal(1, server.Meetings.Created);
    }

    [Fact]
    public async Task A_client_that_gave_up_finds_its_answer_when_it_asks_again()
    {
        var begun = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        server.Meetings.BeforeCreate = () =>
        {
            begun.TrySetResult();
            return finish.Task;
        };
        using var impatient = new CancellationTokenSource();
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/meetings") { Content = ApiServer.Json("{}"), Headers = { { "Idempotency-Key", "key-1" } } };
        var first = server.Client.SendAsync(request, impatient.Token);
        await begun.Task;
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        finish.SetResult();

        HttpResponseMessage again;
        do again = await server.PostAsync("/v1/meetings", "{}", "key-1");
        while (again.StatusCode == HttpStatusCode.Conflict);
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        Assert.Equal(1, server.Meetings.Created);
    }

    [Fact]
    public async Task Refusals_are_answers_too()
    {
        var first = await server.PostAsync("/v1/meetings", """{"title":1}""", "key-1");
        var second = await server.PostAsync("/v1/meetings", """{"title":1}""", "key-1");
        await second.IsProblemAsync(422, "validation_failed");
        Assert.Equal("true", Assert.Single(second.Headers.GetValues("Idempotent-Replayed")));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Failures_of_the_node_are_not_kept()
    {
        server.Meetings.Refusal = new CreateMeetingResult.NoCapacity("No port is free.");
        await (await server.PostAsync("/v1/meetings", "{}", "key-1")).IsProblemAsync(503, "no_capacity");
        server.Meetings.Refusal = null;
        server.Meetings.BeforeCreate = () => throw new IOException("full");
        await (await server.PostAsync("/v1/meetings", "{}", "key-1")).IsProblemAsync(503, "unavailable");
        server.Meetings.BeforeCreate = () => throw new InvalidOperationException("broken");
        await (await server.PostAsync("/v1/meetings", "{}", "key-1")).IsProblemAsync(500, "internal_error");
        server.Meetings.BeforeCreate = null;
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/meetings", "{}", "key-1")).StatusCode);
    }

    [Fact]
    public async Task A_key_is_forgotten_after_a_day()
    {
        await server.PostAsync("/v1/meetings", "{}", "key-1");
        server.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        await server.PostAsync("/v1/meetings", "{}", "key-1");
        Assert.Equal(1, server.Meetings.Created);
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        await server.PostAsync("/v1/meetings", "{}", "key-1");
        Assert.Equal(2, server.Meetings.Created);
    }

    [Fact]
    public async Task A_key_has_1_to_255_characters()
    {
        foreach (string key in new[] { "", new string('k', 256) })
            await (await server.PostAsync("/v1/meetings", "{}", key)).IsProblemAsync(400, "bad_request");
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/meetings", "{}", new string('k', 255))).StatusCode);
    }

    [Fact]
    public async Task A_credential_is_given_again_only_to_the_key_it_was_made_for()
    {
        string id = await server.CreateAsync();
        var (reader, _) = await server.AddKeyAsync("default", Scopes.MeetingsRead);
        var first = await server.PostAsync($"/v1/meetings/{id}/viewer_tokens", "{}", "key-1");
        var again = await server.PostAsync($"/v1/meetings/{id}/viewer_tokens", "{}", "key-1");
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        await (await PostAsAsync(reader, $"/v1/meetings/{id}/viewer_tokens", "{}", "key-1")).IsProblemAsync(422, "idempotency_mismatch");

        const string asked = """{"name":"bot","scopes":["meetings:read"]}""";
        var (admin, _) = await server.AddKeyAsync("default", Scopes.Admin);
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/keys", asked, "key-2")).StatusCode);
        await (await PostAsAsync(admin, "/v1/keys", asked, "key-2")).IsProblemAsync(422, "idempotency_mismatch");
    }

    [Fact]
    public async Task What_is_no_credential_is_given_again_to_every_key_of_the_tenant()
    {
        var (writer, _) = await server.AddKeyAsync("default", Scopes.MeetingsWrite);
        await server.PostAsync("/v1/meetings", "{}", "key-1");
        var again = await PostAsAsync(writer, "/v1/meetings", "{}", "key-1");
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        Assert.Equal(1, server.Meetings.Created);
    }

    [Fact]
    public async Task What_no_cache_may_keep_no_cache_may_keep_when_it_is_given_again()
    {
        string id = await server.CreateAsync();
        await server.PostAsync($"/v1/meetings/{id}/viewer_tokens", "{}", "key-1");
        var again = await server.PostAsync($"/v1/meetings/{id}/viewer_tokens", "{}", "key-1");
        Assert.True(again.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal("no-store", again.Headers.CacheControl!.ToString());
    }

    private Task<HttpResponseMessage> PostAsAsync(string bearer, string path, string json, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = ApiServer.Json(json), Headers = { { "Idempotency-Key", key } } };
        request.Headers.Authorization = new("Bearer", bearer);
        return server.Stranger.SendAsync(request);
    }

    [Fact]
    public async Task The_memory_is_bounded_and_the_oldest_are_forgotten_first()
    {
        var store = new MemoryIdempotencyStore(server.Clock);
        var tenant = new TenantId("default");
        var answer = new KeptAnswer(201, [], new byte[1 << 20]);
        for (int i = 0; i < 100; i++)
        {
            Assert.IsType<IdempotencyClaim.First>(await store.ClaimAsync(tenant, $"key-{i}", "x"u8.ToArray()));
            await store.KeepAsync(tenant, $"key-{i}", answer);
        }
        Assert.IsType<IdempotencyClaim.Answered>(await store.ClaimAsync(tenant, "key-99", "x"u8.ToArray()));
        Assert.IsType<IdempotencyClaim.First>(await store.ClaimAsync(tenant, "key-0", "x"u8.ToArray()));
    }

    [Fact]
    public async Task Keys_belong_to_a_tenant()
    {
        var store = new MemoryIdempotencyStore(server.Clock);
        byte[] fingerprint = Encoding.UTF8.GetBytes("x");
        Assert.IsType<IdempotencyClaim.First>(await store.ClaimAsync(new TenantId("a"), "key", fingerprint));
        Assert.IsType<IdempotencyClaim.First>(await store.ClaimAsync(new TenantId("b"), "key", fingerprint));
        Assert.IsType<IdempotencyClaim.InFlight>(await store.ClaimAsync(new TenantId("a"), "key", fingerprint));
    }
}
