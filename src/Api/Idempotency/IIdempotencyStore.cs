using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Idempotency;

/// <summary>A first answer as it is given again.</summary>
internal sealed record KeptAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body);

/// <summary>What a key stands for at the moment a request comes with it.</summary>
internal abstract record IdempotencyClaim
{
    /// <summary>The key is new, and now this request's: it must be kept or released.</summary>
    public sealed record First : IdempotencyClaim;
    public sealed record Answered(KeptAnswer Answer) : IdempotencyClaim;
    public sealed record InFlight : IdempotencyClaim;
    public sealed record OtherRequest : IdempotencyClaim;
}

/// <summary>Answers to POSTs by tenant and `Idempotency-Key`, for 24 h.</summary>
internal interface IIdempotencyStore
{
    /// <param name="fingerprint">SHA-256 of what was asked.</param>
    ValueTask<IdempotencyClaim> ClaimAsync(TenantId tenant, string key, ReadOnlyMemory<byte> fingerprint);
    ValueTask KeepAsync(TenantId tenant, string key, KeptAnswer answer);
    /// <summary>The answer was no answer, a failure of ours: the key is new again.</summary>
    ValueTask ReleaseAsync(TenantId tenant, string key);
}
