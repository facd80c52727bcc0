using System.Net;
using System.Text.Json;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

public sealed class KeyTests : IAsyncLifetime
{
    private ApiServer server = null!;

    public async Task InitializeAsync() => server = await ApiServer.StartAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_key_is_shown_once_works_at_once_and_is_gone_at_once()
    {
        var answer = await server.PostAsync("/v1/keys", """{"name":"Bot","scopes":["meetings:read","meetings:write"]}""");
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        var made = await answer.JsonAsync();
        Assert.Equal(["id", "name", "tenant", "scopes", "created_at", "key"], made.Names());
        Assert.StartsWith("key_", made.Text("id"));
        Assert.Equal(("Bot", "default"), (made.Text("name"), made.Text("tenant")));
        Assert.Equal($"/v1/keys/{made.Text("id")}", answer.Headers.Location!.ToString());
        string key = made.Text("key");
        Assert.Matches("^pk_[A-Za-z0-9_-]{43}$", key);

        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("GET", "/v1/meetings", key)).StatusCode);
        await (await server.SendAsync("GET", "/v1/keys", key)).IsProblemAsync(403, "forbidden");

        string list = await (await server.Client.GetAsync("/v1/keys")).Content.ReadAsStringAsync();
        Assert.DoesNotContain(key, list);
        var listed = Assert.Single(JsonElement.Parse(list).GetProperty("data").EnumerateArray());
        Assert.Equal(["id", "name", "tenant", "scopes", "created_at"], listed.Names());

        Assert.Equal(HttpStatusCode.NoContent, (await server.Client.DeleteAsync($"/v1/keys/{made.Text("id")}")).StatusCode);
        await (await server.SendAsync("GET", "/v1/meetings", key)).IsProblemAsync(401, "unauthenticated");
        await (await server.Client.DeleteAsync($"/v1/keys/{made.Text("id")}")).IsProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task The_first_admin_key_is_in_no_list_and_cannot_be_deleted()
    {
        await (await server.Client.DeleteAsync($"/v1/keys/{ApiKeys.First}")).IsProblemAsync(404, "not_found");
        Assert.Equal(0, (await (await server.Client.GetAsync("/v1/keys")).JsonAsync()).GetProperty("data").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v1/meetings")).StatusCode);
    }

    [Fact]
    public async Task The_first_admin_key_makes_tenants_and_their_admins_stay_among_themselves()
    {
        var acme = await (await server.PostAsync("/v1/keys", """{"name":"Acme","scopes":["admin"],"tenant":"acme"}""")).JsonAsync();
        string admin = acme.Text("key");
        var (_, foreign) = await server.AddKeyAsync("default", Scopes.MeetingsRead);

        var own = await (await server.SendAsync("POST", "/v1/keys", admin, json: """{"name":"Own","scopes":["meetings:read"]}""")).JsonAsync();
        Assert.Equal("acme", own.Text("tenant"));
        await (await server.SendAsync("POST", "/v1/keys", admin, json: """{"name":"Own","scopes":["admin"],"tenant":"default"}""")).IsProblemAsync(403, "forbidden");
        await (await server.SendAsync("GET", "/v1/keys?tenant=default", admin)).IsProblemAsync(403, "forbidden");
        await (await server.SendAsync("DELETE", $"/v1/keys/{foreign}?tenant=default", admin)).IsProblemAsync(403, "forbidden");
        await (await server.SendAsync("DELETE", $"/v1/keys/{foreign}", admin)).IsProblemAsync(404, "not_found");
        Assert.Equal(2, (await (await server.SendAsync("GET", "/v1/keys", admin)).JsonAsync()).GetProperty("data").GetArrayLength());

        Assert.Equal(2, (await (await server.Client.GetAsync("/v1/keys?tenant=acme")).JsonAsync()).GetProperty("data").GetArrayLength());
        await (await server.Client.DeleteAsync($"/v1/keys/{acme.Text("id")}")).IsProblemAsync(404, "not_found");
        Assert.Equal(HttpStatusCode.NoContent, (await server.Client.DeleteAsync($"/v1/keys/{acme.Text("id")}?tenant=acme")).StatusCode);
        await (await server.SendAsync("GET", "/v1/keys", admin)).IsProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task Another_admin_of_the_first_keys_tenant_is_no_first_admin()
    {
        var (admin, _) = await server.AddKeyAsync("default", [.. Scopes.All]);
        await (await server.SendAsync("GET", "/v1/keys?tenant=acme", admin)).IsProblemAsync(403, "forbidden");
    }

    [Theory]
    [InlineData("{}", "/name /scopes")]
    [InlineData("""{"name":"","scopes":[]}""", "/name /scopes")]
    [InlineData("""{"name":"n","scopes":"admin"}""", "/scopes")]
    [InlineData("""{"name":"n","scopes":["admin","root",1,"admin"]}""", "/scopes/1 /scopes/2 /scopes/3")]
    [InlineData("""{"name":"n","scopes":["admin"],"tenant":"a b"}""", "/tenant")]
    [InlineData("""{"name":"n","scopes":["admin"],"tenant":""}""", "/tenant")]
    [InlineData("""{"name":"n","scopes":["admin"],"key":"mine"}""", "/key")]
    public async Task A_body_that_cannot_be_is_refused_with_all_that_is_wrong(string body, string at) =>
        Assert.Equal(at.Split(' '), await (await server.PostAsync("/v1/keys", body)).IsProblemAsync(422, "validation_failed"));

    [Theory]
    [InlineData("limit=0&cursor=x&more=1", "?limit ?cursor ?more")]
    [InlineData("cursor=", "?cursor")]
    public async Task A_query_that_cannot_be_is_refused_with_all_that_is_wrong(string query, string at) =>
        Assert.Equal(at.Split(' '), await (await server.Client.GetAsync("/v1/keys?" + query)).IsProblemAsync(422, "validation_failed"));

    [Fact]
    public async Task The_list_goes_page_by_page_from_the_newest()
    {
        var made = new List<string>();
        for (int i = 0; i < 5; i++)
        {
            server.Clock.Advance(TimeSpan.FromMilliseconds(1));
            made.Add((await server.AddKeyAsync("default", Scopes.MeetingsRead)).Id.ToString());
        }
        var seen = new List<string>();
        string cursor = "";
        do
        {
            var page = await (await server.Client.GetAsync($"/v1/keys?limit=2{cursor}")).JsonAsync();
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(key => key.Text("id")));
            cursor = page.GetProperty("next_cursor").GetString() is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        Assert.Equal(Enumerable.Reverse(made), seen);
    }
}
