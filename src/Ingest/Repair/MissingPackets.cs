namespace Pipeline.Ingest.Repair;

/// <summary>
/// Which packets of a stream to ask for again, and when (RFC 4585 §6.2.1): first when reordering would have brought them, then once a
/// round trip, until their place in the recording is passed. Bounded: where too much is missing at once, what is newer is asked for.
/// Knows no clock and allocates nothing once made.
/// </summary>
public sealed class MissingPackets
{
    /// <summary>Packets waited for: a second of video, and more than any sender keeps for us.</summary>
    public const int Capacity = 256;
    /// <summary>What is asked for in vain so often is asked for no more.</summary>
    public const int MaxTries = 10;
    /// <summary>A packet that others overtook comes within this.</summary>
    public static readonly TimeSpan FirstAfter = TimeSpan.FromMilliseconds(20);
    /// <summary>What comes later finds its place in the recording taken.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromMilliseconds(1800);
    /// <summary>Between two requests for the same packet: one and a half round trips, within these. The second while none is known.</summary>
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(60), Pause = TimeSpan.FromMilliseconds(120), MostPause = TimeSpan.FromMilliseconds(500);

    private readonly Missing[] missing = new Missing[Capacity];                      // by sequence number; from 0, `count` of them
    private int count;
    private long highest = long.MinValue;
    private TimeSpan pause = Pause, lengthened = TimeSpan.MinValue;                  // between two requests by now; when that was last found too short

    public int Count => count;
    /// <summary>From a request to the packet it brought, smoothed (RFC 6298 §2); zero until known.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>A packet came by itself, at its time or late.</summary>
    /// <param name="sequence">Unwrapped, within one run of the sequence.</param>
    public void Received(long sequence, TimeSpan at)
    {
        if (highest == long.MinValue) highest = sequence;
        if (sequence <= highest)
        {
            TryRemove(sequence, out _);
            return;
        }
        long first = Math.Max(highest + 1, sequence - Capacity);
        MakeRoom((int)(sequence - first));
        for (long lost = first; lost < sequence; lost++) missing[count++] = new Missing(lost, at, Tries: 0, Asked: default);
        highest = sequence;
    }

    /// <summary>
    /// A packet came that was asked for. Of one asked for twice nobody knows which request brought it: it tells nothing of the round trip, but that the
    /// pause may be too short to tell (RFC 6298 §5.5, Karn's algorithm).
    /// </summary>
    public void Repaired(long sequence, TimeSpan at)
    {
        if (!TryRemove(sequence, out var one) || one.Tries == 0) return;
        if (one.Tries == 1)
        {
            var took = at - one.Asked;
            RoundTrip = RoundTrip == TimeSpan.Zero ? took : RoundTrip + (took - RoundTrip) / 8;
            pause = Clamp(RoundTrip * 1.5, LeastPause, MostPause);
        }
        else if (lengthened == TimeSpan.MinValue || at - lengthened >= pause)       // once for all that came at once
            (pause, lengthened) = (Clamp(pause * 1.5, LeastPause, MostPause), at);
    }

    /// <summary>What came before is no affair any more: another run of the sequence.</summary>
    public void Restart()
    {
        Forget();
        highest = long.MinValue;
    }

    /// <summary>Nobody wants what is missing.</summary>
    public void Forget() => count = 0;

    /// <summary>What to ask for now.</summary>
    /// <param name="sequences">Takes them, rising; what finds no room is due again the next time.</param>
    /// <returns>How many.</returns>
    public int TakeDue(TimeSpan now, Span<ushort> sequences)
    {
        int due = 0, kept = 0;
        for (int n = 0; n < count; n++)
        {
            var one = missing[n];
            if (now - one.Noticed >= GiveUpAfter || (one.Tries == MaxTries && now - one.Asked >= pause)) continue;
            bool isDue = one.Tries == 0 ? now - one.Noticed >= FirstAfter : now - one.Asked >= pause;
            if (isDue && one.Tries < MaxTries && due < sequences.Length)
            {
                sequences[due++] = (ushort)one.Sequence;
                one = one with { Tries = one.Tries + 1, Asked = now };
            }
            missing[kept++] = one;
        }
        count = kept;
        return due;
    }

    /// <summary>The oldest go, all at once.</summary>
    /// <param name="more">At most <see cref="Capacity"/>.</param>
    private void MakeRoom(int more)
    {
        int excess = count + more - Capacity;
        if (excess <= 0) return;
        missing.AsSpan(excess, count - excess).CopyTo(missing);
        count -= excess;
    }

    private bool TryRemove(long sequence, out Missing removed)
    {
        removed = default;
        for (int n = 0; n < count; n++)
        {
            if (missing[n].Sequence != sequence) continue;
            removed = missing[n];
            missing.AsSpan(n + 1, count - n - 1).CopyTo(missing.AsSpan(n));
            count--;
            return true;
        }
        return false;
    }

    private static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;

    private readonly record struct Missing(long Sequence, TimeSpan Noticed, int Tries, TimeSpan Asked);
}
