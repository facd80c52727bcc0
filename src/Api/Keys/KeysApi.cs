using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Keys;

/// <summary>An API key without the key.</summary>
internal sealed record KeyDto(string Id, string Name, string Tenant, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt)
{
    public static KeyDto Of(StoredApiKey key) => new(key.Id.ToString(), key.Name, key.Tenant.Value, key.Scopes, key.CreatedAt);
}

/// <param name="Key">Shown this once: the node keeps a hash of it.</param>
internal sealed record CreatedKeyDto(string Id, string Name, string Tenant, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string Key);

internal sealed record KeyPageDto(IReadOnlyList<KeyDto> Data, string? NextCursor);

/// <summary>API keys: made, listed, deleted; at once. Those of another tenant by the first admin key alone.</summary>
internal static class KeysApi
{
    public static void MapKeys(this IEndpointRouteBuilder v1)
    {
        v1.MapPost("/keys", Create).RequireScope(Scopes.Admin).AnswersCredential().WithName("createKey").WithSummary("Make an API key; it is shown this once")
            .Accepts<NewKeyDto>("application/json");
        v1.MapGet("/keys", List).RequireScope(Scopes.Admin).WithName("listKeys").WithSummary("List a tenant's API keys, newest first");
        v1.MapDelete("/keys/{key}", Delete).RequireScope(Scopes.Admin).WithName("deleteKey").WithSummary("Delete an API key, and what came from it");
    }

    private static async Task<Results<Created<CreatedKeyDto>, Problem>> Create(Caller caller, RequestBody body, HttpContext http, IApiKeyStore keys, TimeProvider clock)
    {
        if (NewKey.TryRead(body, out var asked) is { } refused) return refused;
        if (TenantOf(caller, asked.Tenant) is not { } tenant) return OtherTenant();

        var now = clock.GetUtcNow();
        string key = ApiKeys.NewKey();
        var made = new StoredApiKey(KeyId.New(now), tenant, asked.Name, asked.Scopes, now, ApiKeys.Hash(key));
        await keys.AddAsync(made);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/v1/keys/{made.Id}", new CreatedKeyDto(made.Id.ToString(), made.Name, tenant.Value, made.Scopes, now, key));
    }

    private static async Task<Results<Ok<KeyPageDto>, Problem>> List(
        [FromQuery, Description("Of another tenant; for the first admin key")] string? tenant, [FromQuery, Description("How many at most")] string? limit,
        [FromQuery, Description("The `next_cursor` of the page before")] string? cursor, Caller caller, HttpRequest request, IApiKeyStore keys, CancellationToken ct)
    {
        var query = new QueryFields(request.Query);
        int most = (int)query.Integer("limit", 50, 1, 200);
        KeyId? before = null;
        if (query.Text("cursor") is { } from)
        {
            if (KeyId.TryParse(from, out var id)) before = id;
            else query.Invalid("cursor", "must be a `next_cursor` of this list");
        }
        query.Text("tenant");
        if (query.Refusal() is { } refused) return refused;
        if (TenantOf(caller, tenant) is not { } whose) return OtherTenant();

        var found = await keys.ListAsync(whose, before, most + 1, ct);
        return TypedResults.Ok(new KeyPageDto([.. found.Take(most).Select(KeyDto.Of)], found.Count > most ? found[most - 1].Id.ToString() : null));
    }

    private static async Task<Results<NoContent, Problem>> Delete(string key, [FromQuery] string? tenant, Caller caller, HttpRequest request, IApiKeyStore keys)
    {
        var query = new QueryFields(request.Query);
        query.Text("tenant");
        if (query.Refusal() is { } refused) return refused;
        if (TenantOf(caller, tenant) is not { } whose) return OtherTenant();
        return KeyId.TryParse(key, out var id) && await keys.DeleteAsync(whose, id)
            ? TypedResults.NoContent()
            : new Problem(ProblemKind.NotFound, "There is no such key.");
    }

    /// <summary>Null where it is not the caller's business.</summary>
    private static TenantId? TenantOf(Caller caller, string? asked) =>
        asked is null || asked == caller.Tenant.Value ? caller.Tenant
        : caller.Key == ApiKeys.First ? new TenantId(asked)
        : null;

    private static Problem OtherTenant() => new(ProblemKind.Forbidden, "Keys of another tenant are the first admin key's business.");
}
