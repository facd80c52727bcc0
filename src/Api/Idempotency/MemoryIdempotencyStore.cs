using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Idempotency;

/// <summary>Keeps answers for 24 h in memory: bounded, the oldest go first, and a restart forgets them all.</summary>
internal sealed class MemoryIdempotencyStore(TimeProvider clock) : IIdempotencyStore
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);
    /// <summary>A meeting's answer has about 1 KiB: some 50,000 of them.</summary>
    private const long MaxBytes = 64 << 20;
    /// <summary>What an entry costs beside its answer.</summary>
    private const int Overhead = 512;

    private readonly Lock gate = new();
    private readonly Dictionary<(TenantId, string), Entry> entries = [];
    private readonly Queue<(TenantId Tenant, string Key, Entry Entry)> answered = [];
    private long bytes;

    private sealed class Entry(ReadOnlyMemory<byte> fingerprint)
    {
        public ReadOnlyMemory<byte> Fingerprint => fingerprint;
        public KeptAnswer? Answer;
        public DateTimeOffset Until;
        public int Size => Overhead + Answer!.Body.Length;
    }

    public ValueTask<IdempotencyClaim> ClaimAsync(TenantId tenant, string key, ReadOnlyMemory<byte> fingerprint)
    {
        lock (gate)
        {
            Forget();
            if (entries.TryGetValue((tenant, key), out var entry))
                return ValueTask.FromResult<IdempotencyClaim>(
                    !entry.Fingerprint.Span.SequenceEqual(fingerprint.Span) ? new IdempotencyClaim.OtherRequest()
                    : entry.Answer is { } answer ? new IdempotencyClaim.Answered(answer)
                    : new IdempotencyClaim.InFlight());
            entries.Add((tenant, key), new Entry(fingerprint));
            return ValueTask.FromResult<IdempotencyClaim>(new IdempotencyClaim.First());
        }
    }

    public ValueTask KeepAsync(TenantId tenant, string key, KeptAnswer answer)
    {
        lock (gate)
        {
            var entry = entries[(tenant, key)];
            entry.Answer = answer;
            entry.Until = clock.GetUtcNow() + Kept;
            answered.Enqueue((tenant, key, entry));
            bytes += entry.Size;
            Forget();
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask ReleaseAsync(TenantId tenant, string key)
    {
        lock (gate) entries.Remove((tenant, key));
        return ValueTask.CompletedTask;
    }

    private void Forget()
    {
        while (answered.TryPeek(out var oldest) && (bytes > MaxBytes || oldest.Entry.Until <= clock.GetUtcNow()))
        {
            answered.Dequeue();
            entries.Remove((oldest.Tenant, oldest.Key));
            bytes -= oldest.Entry.Size;
        }
    }
}
