namespace Pipeline.Ingest.Journal;

/// <summary>Where a file of decisions is not as it was written.</summary>
/// <param name="Offset">In the file, bytes.</param>
public sealed record DecisionDamage(long Offset, string What);

/// <summary>
/// Reads what was decided about a meeting, in the order it was written. Damage costs the block it is in; every block that is whole is
/// read. Never throws for what the file holds.
/// </summary>
/// <param name="path">The file; where there is none, nothing was decided.</param>
public sealed class DecisionReader(string path, MeetingKeys keys)
{
    private readonly List<DecisionDamage> damage = [];

    /// <summary>What the reading so far has found.</summary>
    public IReadOnlyList<DecisionDamage> Damage => damage;
    /// <summary>Blocks that are whole, of the reading so far.</summary>
    public int Blocks { get; private set; }
    /// <summary>Where the file ends in the middle of a block; null where it does not.</summary>
    public long? TornAt { get; private set; }

    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    public IEnumerable<byte[]> Read()
    {
        damage.Clear();
        (Blocks, TornAt) = (0, null);
        if (!File.Exists(path)) yield break;
        byte[] file = File.ReadAllBytes(path);
        foreach (var block in Walk(file)) yield return block.Data;
    }

    internal readonly record struct Block(int Index, int End, byte[] Data);

    internal IEnumerable<Block> Walk(byte[] file)
    {
        if (file.Length < DecisionFormat.FileHeaderLength)
        {
            TornAt = 0;
            yield break;
        }
        bool isOurs = DecisionFormat.IsFileHeader(file, keys.Meeting);
        if (!isOurs) damage.Add(new DecisionDamage(0, "the file's header is damaged, or another meeting's"));

        using var aes = keys.DecisionCipher();
        var read = new HashSet<int>();
        int? expected = 0;                                                           // null after damage: the next block says where it stands
        byte[] last = new byte[DecisionFormat.LinkLength], link = new byte[DecisionFormat.LinkLength];
        for (int at = isOurs ? DecisionFormat.FileHeaderLength : DecisionFormat.NextHeader(file, 0); at >= 0 && at < file.Length;)
        {
            bool isHeader = DecisionFormat.TryReadHeader(file.AsSpan(at), out int total, out int index);
            if (isHeader && total <= file.Length - at && DecisionFormat.Open(aes, file.AsSpan(at, total), link) is { } data)
            {
                if (expected is { } number && number != index) damage.Add(new DecisionDamage(at, $"block {index} stands where block {number} belongs"));
                else if (expected is not null && !link.AsSpan().SequenceEqual(last)) damage.Add(new DecisionDamage(at, $"block {index} was written behind another one than stands before it"));
                file.AsSpan(at + total - LinkLength, LinkLength).CopyTo(last);
                (at, expected) = (at + total, index + 1);
                if (!read.Add(index)) continue;                                      // the same block once more
                Blocks++;
                yield return new Block(index, at, data);
                continue;
            }
            int next = DecisionFormat.NextHeader(file, at + 1);
            if (next < 0 && IsTorn(file.AsSpan(at), isHeader, total))
            {
                TornAt = at;
                yield break;
            }
            damage.Add(new DecisionDamage(at, isHeader ? $"block {index} is damaged" : "a block's header is damaged"));
            if (next < 0) yield break;
            (at, expected) = (next, null);
        }
    }

    private const int LinkLength = DecisionFormat.LinkLength;

    /// <summary>What a writer that stopped in the middle leaves: a block without its end, or one that was never filled to its end.</summary>
    private static bool IsTorn(ReadOnlySpan<byte> rest, bool isHeader, int total) =>
        (isHeader && total > rest.Length) || !rest[^Math.Min(rest.Length, LinkLength)..].ContainsAnyExcept((byte)0)
        || (rest.Length < JournalFormat.BlockHeaderLength && rest.StartsWith("PJB1"u8[..Math.Min(rest.Length, 4)]));
}
