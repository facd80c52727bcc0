using System.Runtime.CompilerServices;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;

namespace Pipeline.Actors.Local;

/// <summary>What readers follow, at their own pace: the store is read again when a meeting's owner has stored something.</summary>
public sealed partial class LocalMeetings
{
    private const int PageOfFeed = 200;

    public IAsyncEnumerable<LedgerEvent> EventsAsync(TenantId tenant, MeetingId id, long after, CancellationToken ct) => FollowAsync(
        tenant, id, after, (from, token) => store.LedgerAsync(tenant, id, from, PageOfFeed, token), happened => happened.Seq, ct);

    public Task<IReadOnlyList<LedgerEvent>> LedgerAsync(TenantId tenant, long after, int limit, CancellationToken ct) =>
        store.LedgerAsync(tenant, null, after, limit, ct);

    /// <summary>Costs nothing between reads: a reader holds no more than a page, and the sequence it came to.</summary>
    private async IAsyncEnumerable<T> FollowAsync<T>(
        TenantId tenant, MeetingId id, long after, Func<long, CancellationToken, Task<IReadOnlyList<T>>> read, Func<T, long> sequence,
        [EnumeratorCancellation] CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping.Token);
        await started.Task.WaitAsync(either.Token);
        while (true)
        {
            // In this order: the signal, whether it is over, the page. What comes later than one is seen by the next round.
            var changed = owners.TryGetValue(id, out var owner) ? owner.Changes.Next : null;
            if (await store.FindAsync(tenant, id, either.Token) is not { } meeting) yield break;
            var page = await read(after, either.Token);
            foreach (var item in page)
            {
                yield return item;
                after = sequence(item);
            }
            if (page.Count == PageOfFeed) continue;
            if (meeting.IsOver) yield break;
            either.Token.ThrowIfCancellationRequested();
            await (changed ?? throw new InvalidOperationException($"{id} has no owner.")).WaitAsync(either.Token);
        }
    }
}
