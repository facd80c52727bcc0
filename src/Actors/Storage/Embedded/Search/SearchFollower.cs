using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Storage.Embedded.Search;

/// <summary>
/// Keeps every tenant's index behind the archive by a moment: the only task that writes indexes. It reads what is new at its own pace,
/// so there is no queue, and nobody who stores something waits for it. An index that is missing, damaged, of another version or ahead
/// of the archive is made anew.
/// </summary>
public sealed partial class SearchFollower(
    string folder, ISegmentFeed feed, TimeProvider clock, ActorsMetrics metrics, ILogger<SearchFollower> log) : BackgroundService
{
    /// <summary>Changes in one transaction: some megabytes of text.</summary>
    private const int Page = 2000;
    /// <summary>After so many at once the index is folded together.</summary>
    private const int Many = 50_000;
    /// <summary>A full disk is seldom free again sooner.</summary>
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly Dictionary<TenantId, SearchIndex> indexes = [];
    private readonly ConcurrentDictionary<TenantId, bool> damaged = new();
    private readonly ChangeSignal asked = new();

    /// <summary>A search found the tenant's index missing, or damaged: it is looked after at once.</summary>
    internal void LookAfter(TenantId tenant, bool isDamaged)
    {
        if (isDamaged) damaged[tenant] = true;
        asked.Pulse();
    }

    /// <summary>Brings every index to where the archive is now.</summary>
    /// <param name="ct">Leaves each index whole, wherever it had come to.</param>
    /// <returns>Changes taken in.</returns>
    public async Task<long> CatchUpAsync(CancellationToken ct)
    {
        long taken = 0;
        foreach (var (tenant, last) in await feed.TenantsAsync(ct)) taken += await CatchUpAsync(tenant, last, ct);
        return taken;
    }

    /// <summary>Deletes every index, to be made anew.</summary>
    public void Forget()
    {
        Close();
        if (!Directory.Exists(folder)) return;
        foreach (string path in Directory.GetFiles(folder, "*.sqlite")) SearchIndex.Delete(path);
    }

    public override void Dispose()
    {
        Close();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();   // the host's start does not wait for it
        while (!stoppingToken.IsCancellationRequested)
        {
            Task changed = feed.Changed.Next, wanted = asked.Next;   // before reading: what comes later is seen by the next round
            try
            {
                await CatchUpAsync(stoppingToken);
                await Task.WhenAny(changed, wanted).WaitAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
            catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
            {
                FellBehind(e);   // searches find less meanwhile; recording and archive do not depend on it
                await Task.Delay(AfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        Close();
    }

    private async Task<long> CatchUpAsync(TenantId tenant, long last, CancellationToken ct)
    {
        try
        {
            return await FollowAsync(tenant, last, ct);
        }
        catch (SqliteException e) when (IsDamage(e))
        {
            Damaged(e, SearchIndex.PathOf(folder, tenant));
            Discard(tenant);
            return await FollowAsync(tenant, last, ct);
        }
    }

    private async Task<long> FollowAsync(TenantId tenant, long last, CancellationToken ct)
    {
        string path = SearchIndex.PathOf(folder, tenant);
        if (damaged.TryRemove(tenant, out _) || (indexes.ContainsKey(tenant) && !File.Exists(path))) Discard(tenant);
        if (last == 0 && !File.Exists(path)) return 0;                               // nothing was ever said
        if (!indexes.TryGetValue(tenant, out var index)) indexes[tenant] = index = SearchIndex.Open(folder, tenant);
        if (index.Read > last)                                                       // an older archive was put back
        {
            Discard(tenant);
            indexes[tenant] = index = SearchIndex.Open(folder, tenant);
        }
        long taken = 0;
        while (index.Read < last)
        {
            ct.ThrowIfCancellationRequested();
            long began = clock.GetTimestamp();
            var changes = await feed.ChangesAsync(tenant, index.Read, Page, ct);
            long upTo = changes.Count == Page ? changes[^1].Number : Math.Max(last, changes.Count > 0 ? changes[^1].Number : 0);
            index.Write(changes, upTo, (meeting, sequence, revision) => feed.Text(tenant, meeting, sequence, revision));
            if (changes.Count(change => change.IsDamaged) is > 0 and var damage) Unreadable(damage);
            metrics.Indexed(changes.Count, clock.GetElapsedTime(began));
            taken += changes.Count;
        }
        if (taken >= Many) index.Optimize();
        return taken;
    }

    private void Discard(TenantId tenant)
    {
        if (indexes.Remove(tenant, out var index)) index.Dispose();
        SearchIndex.Delete(SearchIndex.PathOf(folder, tenant));
    }

    private void Close()
    {
        foreach (var index in indexes.Values) index.Dispose();
        indexes.Clear();
    }

    /// <summary>SQLITE_CORRUPT, SQLITE_NOTADB.</summary>
    internal static bool IsDamage(SqliteException e) => e.SqliteErrorCode is 11 or 26;

    [LoggerMessage(LogLevel.Warning, "The search index {Path} is damaged, and made anew from the archive")]
    private partial void Damaged(Exception exception, string path);

    [LoggerMessage(LogLevel.Warning, "{Count} segments of the archive, or their corrections, cannot be opened with their meetings' keys, and are not found")]
    private partial void Unreadable(int count);

    [LoggerMessage(LogLevel.Error, "A search index cannot be written; it will be tried again")]
    private partial void FellBehind(Exception exception);
}
