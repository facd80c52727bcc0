using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Api.Tests;

/// <summary>Finds what a test says, and keeps what it was asked.</summary>
public sealed class FakeSearch : ISearch
{
    public SearchResult Result { get; set; } = new SearchResult.Found([], null);
    public (TenantId Tenant, SearchQuery Query)? Last { get; private set; }

    public Task<SearchResult> SearchAsync(TenantId tenant, SearchQuery query, CancellationToken ct)
    {
        Last = (tenant, query);
        return Task.FromResult(Result);
    }
}
