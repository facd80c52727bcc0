using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Storage.Embedded.Search;

/// <summary>Searches in the tenants' index files, and in the archive for what they do not hold: the words themselves.</summary>
public sealed class EmbeddedSearch(string folder, ISegmentFeed feed, SearchFollower follower, TimeProvider clock, ActorsMetrics metrics) : ISearch, IDisposable
{
    /// <summary>A search that a person waits for; what takes longer finds everything.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);
    private const int Interrupted = 9, CannotOpen = 14;                              // SQLITE_INTERRUPT, SQLITE_CANTOPEN

    /// <summary>Waiting, so that nobody waits for minutes behind others; who comes then is refused.</summary>
    private const int MaxWaiting = 16;

    /// <summary>They keep a core busy each: the meetings need some too. Those over it wait.</summary>
    private readonly SemaphoreSlim atOnce = new(Math.Max(1, Environment.ProcessorCount / 2));
    private int asking;

    public async Task<SearchResult> SearchAsync(TenantId tenant, SearchQuery query, CancellationToken ct)
    {
        string path = SearchIndex.PathOf(folder, tenant);
        if (!File.Exists(path))
        {
            if ((await feed.TenantsAsync(ct)).All(t => t.Tenant != tenant || t.LastChange == 0)) return new SearchResult.Found([], null);
            follower.LookAfter(tenant, isDamaged: false);
            return new SearchResult.NotReady();
        }
        if (!await TryBeginAsync(ct)) return new SearchResult.Busy();
        using var late = new CancellationTokenSource(MaxTime, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            return await Task.Run(() => SearchAsync(path, tenant, query, either.Token), ct);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return new SearchResult.TooBroad();
        }
        catch (SqliteException e) when (e.SqliteErrorCode == Interrupted)
        {
            ct.ThrowIfCancellationRequested();
            return new SearchResult.TooBroad();
        }
        catch (SqliteException e) when (SearchFollower.IsDamage(e) || e.SqliteErrorCode == CannotOpen)
        {
            follower.LookAfter(tenant, SearchFollower.IsDamage(e));
            return new SearchResult.NotReady();
        }
        finally
        {
            atOnce.Release();
            Interlocked.Decrement(ref asking);
        }
    }

    public void Dispose() => atOnce.Dispose();

    /// <summary>False where too many wait already, or waiting alone took as long as a search may.</summary>
    private async Task<bool> TryBeginAsync(CancellationToken ct)
    {
        bool begun = false;
        try
        {
            if (Interlocked.Increment(ref asking) <= MaxWaiting) begun = await atOnce.WaitAsync(MaxTime, ct);
        }
        finally
        {
            if (!begun) Interlocked.Decrement(ref asking);
        }
        if (!begun) metrics.SearchRefused();
        return begun;
    }

    private async Task<SearchResult> SearchAsync(string path, TenantId tenant, SearchQuery query, CancellationToken ct)
    {
        if (Places(path, query, ct, out bool byTime) is not { } places) return new SearchResult.NotReady();   // it is just being made
        var next = places.Count <= query.Limit ? (SearchPlace?)null
            : byTime ? new SearchPlace(true, places[query.Limit - 1].Place)
            : new SearchPlace(false, (query.After?.Value ?? 0) + query.Limit);
        if (places.Count > query.Limit) places.RemoveAt(query.Limit);

        var found = await feed.FindAsync(tenant, [.. places.Select(place => (place.Meeting, place.Sequence))], ct);
        var bySegment = found.ToDictionary(f => (f.Segment.Meeting, f.Segment.Sequence));
        var shown = places.Where(place => bySegment.ContainsKey((place.Meeting, place.Sequence)))
            .Select(place => (Place: place, Found: bySegment[(place.Meeting, place.Sequence)])).ToList();
        if (shown.Count == 0) return new SearchResult.Found([], next);

        var snippets = Snippets.Of(query.Words, [.. shown.Select(s => s.Found.Segment.Text)], ct);
        return new SearchResult.Found(
            [.. shown.Select((s, i) => new SearchHit(s.Found.Segment, s.Found.Meeting.Spec.Title, s.Found.Meeting.StartedAt, snippets[i], s.Place.Score))], next);
    }

    private static List<FoundPlace>? Places(string path, SearchQuery query, CancellationToken ct, out bool byTime)
    {
        using var connection = new SqliteConnection(SearchReader.ConnectionString(path));
        connection.Open();
        connection.InterruptOn(ct);
        return new SearchReader(connection).Find(query, out byTime);
    }
}
