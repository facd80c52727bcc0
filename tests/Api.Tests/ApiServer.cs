using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Search;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

/// <summary>A whole node on a free port of 127.0.0.1, over meetings that are only pretended. Each test has its own, or shares one with its class.</summary>
public sealed class ApiServer : IAsyncLifetime
{
    public const string Key = "test-key-0123456789";

    private readonly string keysFolder = Directory.CreateTempSubdirectory("pipeline-keys-").FullName;
    private WebApplication app = null!;

    public FakeMeetings Meetings { get; } = new();
    public FakeApiKeys Keys { get; } = new();
    public FakeSearch Search { get; } = new();
    public FakeRenders Renders { get; } = new();
    public ManualClock Clock { get; } = new();
    /// <summary>Says who it is.</summary>
    public HttpClient Client { get; private set; } = null!;
    /// <summary>Does not.</summary>
    public HttpClient Stranger { get; private set; } = null!;
    public IServiceProvider Services => app.Services;

    public static async Task<ApiServer> StartAsync(Action<IServiceCollection>? configure = null)
    {
        var server = new ApiServer();
        await server.StartAsync([], configure);
        return server;
    }

    public Task InitializeAsync() => StartAsync([], null);

    public async Task DisposeAsync()
    {
        Client.Dispose();
        Stranger.Dispose();
        await app.DisposeAsync();
        Directory.Delete(keysFolder, recursive: true);
    }

    /// <summary>The same node again: its keys and its meetings outlive it.</summary>
    public async Task RestartAsync()
    {
        Client.Dispose();
        Stranger.Dispose();
        await app.DisposeAsync();
        await StartAsync([], null);
    }

    /// <summary>A key of its own for whoever a test is about.</summary>
    public async Task<(string Key, KeyId Id)> AddKeyAsync(string tenant, params string[] scopes)
    {
        string key = ApiKeys.NewKey();
        var id = KeyId.New(Clock.GetUtcNow());
        await Keys.AddAsync(new StoredApiKey(id, new TenantId(tenant), "test", scopes, Clock.GetUtcNow(), ApiKeys.Hash(key)));
        return (key, id);
    }

    /// <summary>Sends as somebody: a bearer, a session's cookie, both or neither.</summary>
    public Task<HttpResponseMessage> SendAsync(string method, string path, string? bearer = null, string? cookie = null, string? json = null)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = json is null ? null : Json(json) };
        if (bearer is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {bearer}");
        if (cookie is not null) request.Headers.TryAddWithoutValidation("Cookie", $"{Credential.Cookie}={cookie}");
        return Stranger.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public Task StopAsync() => app.StopAsync();

    /// <summary>Posts JSON as it is written, and reads the answer whole.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string json, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(json) };
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        return Client.SendAsync(request);
    }

    /// <summary>The id of a new meeting.</summary>
    public async Task<string> CreateAsync(string json = "{}")
    {
        var answer = await PostAsync("/v1/meetings", json);
        answer.EnsureSuccessStatusCode();
        return (await answer.JsonAsync()).Text("id");
    }

    /// <summary>A token that opens this meeting, made with the admin's key or another.</summary>
    public async Task<string> ViewerTokenAsync(string meeting, string expiresS = "3600", string bearer = Key)
    {
        var answer = await SendAsync("POST", $"/v1/meetings/{meeting}/viewer_tokens", bearer, json: $$"""{"expires_s":{{expiresS}}}""");
        answer.EnsureSuccessStatusCode();
        return (await answer.JsonAsync()).Text("token");
    }

    /// <summary>The cookie of a new session.</summary>
    public async Task<string> SessionAsync(string token)
    {
        var answer = await SendAsync("POST", "/v1/session", json: $$"""{"token":"{{token}}"}""");
        answer.EnsureSuccessStatusCode();
        return answer.SessionCookie();
    }

    public static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private async Task StartAsync(string[] args, Action<IServiceCollection>? configure)
    {
        app = PipelineHost.Build([$"--API_KEY={Key}", "--LISTEN=http://127.0.0.1:0", "--RTP_HOST=192.0.2.7", $"--KEYS={keysFolder}", .. args], (services, _) =>
        {
            services.AddSingleton<IMeetings>(Meetings);
            services.AddSingleton<IApiKeyStore>(Keys);
            services.AddSingleton<ISearch>(Search);
            services.AddSingleton<IRenders>(Renders);
            services.AddSingleton<TimeProvider>(Clock);
            services.AddLogging(logging => logging.ClearProviders());
            configure?.Invoke(services);
        });
        await app.StartAsync();
        var address = new Uri(app.Urls.Single());
        Stranger = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = address };
        Client = new HttpClient { BaseAddress = address };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }
}

internal static class Answers
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage answer) => JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync());

    public static string SessionCookie(this HttpResponseMessage answer) =>
        Assert.Single(answer.Headers.GetValues("Set-Cookie")).Split(';')[0][$"{Credential.Cookie}=".Length..];

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static string[] Names(this JsonElement element) => [.. element.EnumerateObject().Select(member => member.Name)];

    /// <summary>Checks that the answer is a problem, whole and of this kind, and gives the pointers it names.</summary>
    public static async Task<string[]> IsProblemAsync(this HttpResponseMessage answer, int status, string code)
    {
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == (int)answer.StatusCode, $"expected {status} {code}, got {(int)answer.StatusCode}: {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(text);
        Assert.Equal(["type", "title", "status", "detail", "instance", "code", "errors", "request_id"], problem.Names());
        Assert.Equal(code, problem.Text("code"));
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.Equal(answer.RequestMessage!.RequestUri!.AbsolutePath, problem.Text("instance"));
        Assert.NotEmpty(problem.Text("title"));
        Assert.NotEmpty(problem.Text("detail"));
        Assert.DoesNotContain("   at ", text);
        return [.. problem.GetProperty("errors").EnumerateArray().Select(error => error.Text("pointer"))];
    }
}
