using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Pipeline.Ingest.Journal;

/// <summary>Where a journal is not as it was written.</summary>
/// <param name="Offset">In the segment's file, bytes.</param>
public sealed record JournalDamage(int Segment, long Offset, string What);

/// <summary>One record, read in place.</summary>
public readonly ref struct JournalRecord(RecordKind kind, int track, TimeSpan arrival, ReadOnlySpan<byte> data)
{
    public RecordKind Kind { get; } = kind;
    /// <summary>The track's number; 0 where it belongs to none.</summary>
    public int Track { get; } = track;
    /// <summary>Since the meeting began.</summary>
    public TimeSpan Arrival { get; } = arrival;
    public ReadOnlySpan<byte> Data { get; } = data;
    /// <summary>Null for records of other kinds, and of later versions.</summary>
    public ControlRecord? Control => Kind == RecordKind.Control ? ControlRecord.Read(Data) : null;
}

/// <summary>One block's records, in the order they were written. Valid until the next block is read.</summary>
public sealed class JournalBlock
{
    public int Run { get; internal set; }
    /// <summary>The number of the segment it lies in.</summary>
    public int Segment { get; internal set; }
    /// <summary>Counted from 0 in its segment.</summary>
    public int Index { get; internal set; }
    /// <summary>Meeting time of its first record.</summary>
    public TimeSpan Begins => JournalFormat.FromMicroseconds(BinaryPrimitives.ReadInt64LittleEndian(Records.Span));
    internal ReadOnlyMemory<byte> Records { get; set; }

    public Enumerator GetEnumerator() => new(Records.Span);

    /// <summary>Reads records one by one; ends at the first that does not fit, which an authenticated block never has.</summary>
    public ref struct Enumerator(ReadOnlySpan<byte> records)
    {
        private readonly long baseUs = BinaryPrimitives.ReadInt64LittleEndian(records);
        private ReadOnlySpan<byte> rest = records[JournalFormat.BaseLength..];

        public JournalRecord Current { get; private set; }

        public bool MoveNext()
        {
            if (rest.Length < JournalFormat.RecordHeaderLength) return false;
            int length = BinaryPrimitives.ReadInt32LittleEndian(rest[4..]);
            if (length < 0 || length > rest.Length - JournalFormat.RecordHeaderLength) return false;

            var arrival = JournalFormat.FromMicroseconds(baseUs + BinaryPrimitives.ReadInt32LittleEndian(rest[8..]));
            int track = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            Current = new JournalRecord((RecordKind)rest[0], track, arrival, rest.Slice(JournalFormat.RecordHeaderLength, length));
            rest = rest[(JournalFormat.RecordHeaderLength + length)..];
            return true;
        }
    }
}

/// <summary>
/// Reads a meeting's journal, first block to last. Damage costs what it touches: a flipped bit one block, a lost key one segment;
/// every block that is whole is read. Never throws for what the files hold.
/// </summary>
/// <param name="folder">The meeting's `journal` folder.</param>
public sealed class JournalReader(string folder, MeetingKeys keys)
{
    private readonly List<JournalDamage> damage = [];
    private readonly JournalBlock block = new();
    private byte[] plain = new byte[4096];

    /// <summary>The meeting's.</summary>
    internal MeetingKeys Keys => keys;

    /// <summary>What the reading so far has found.</summary>
    public IReadOnlyList<JournalDamage> Damage => damage;

    /// <summary>When each run began, in order; by the segments' headers, without reading what is in them.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public IReadOnlyList<(int Run, TimeSpan Began)> Runs()
    {
        var runs = new List<(int Run, TimeSpan Began)>();
        var bytes = new byte[JournalFormat.SegmentHeaderLength];
        foreach (int number in JournalTail.Segments(folder))
        {
            using var file = File.OpenHandle(Path.Combine(folder, JournalFormat.SegmentName(number)));
            int length = RandomAccess.Read(file, bytes, 0);
            if (!JournalFormat.TryReadSegmentHeader(bytes.AsSpan(0, length), out var header)) continue;
            if (runs.Count == 0 || runs[^1].Run != header.Run) runs.Add((header.Run, header.Opened));
        }
        return runs;
    }

    /// <summary>The same object each time, with other records.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public IEnumerable<JournalBlock> ReadBlocks() => ReadLastBlocks(int.MaxValue);

    /// <summary>The same from the last segments only, however many there are before.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public IEnumerable<JournalBlock> ReadLastBlocks(int segments)
    {
        damage.Clear();
        var numbers = JournalTail.Segments(folder);
        int skipped = Math.Max(0, numbers.Count - segments);
        string? previous = skipped == 0 ? new('0', 64) : null;                       // null: of a segment that is not read
        int expected = skipped == 0 ? 1 : numbers[skipped];
        foreach (int number in numbers.Skip(skipped))
        {
            for (; expected < number; expected++) damage.Add(new JournalDamage(expected, 0, "segment is missing"));
            expected = number + 1;

            byte[] file = File.ReadAllBytes(Path.Combine(folder, JournalFormat.SegmentName(number)));
            if (!JournalFormat.TryReadSegmentHeader(file, out var header) || header.Number != number)
            {
                damage.Add(new JournalDamage(number, 0, "segment header is damaged"));
                header = default;
            }
            else if (previous is not null && header.PreviousHash != previous) damage.Add(new JournalDamage(number, 40, "the chain is broken: the segment before is not the one that was written"));
            previous = Convert.ToHexString(SHA256.HashData(file));

            using var cipher = OpenKey(number);
            if (cipher is null) continue;
            (block.Run, block.Segment) = (header.Run, number);
            int at = JournalFormat.SegmentHeaderLength;
            while (NextBlock(file, cipher, number, ref at)) yield return block;
        }
    }

    private SegmentCipher? OpenKey(int segment)
    {
        try
        {
            byte[] wrapped = File.ReadAllBytes(Path.Combine(folder, JournalFormat.KeyName(segment)));
            return new SegmentCipher(keys.UnwrapSegmentKey(wrapped, segment));
        }
        catch (Exception e) when (e is FileNotFoundException or CryptographicException)
        {
            damage.Add(new JournalDamage(segment, 0, "segment key is gone or damaged"));
            return null;
        }
    }

    private bool NextBlock(byte[] file, SegmentCipher cipher, int segment, ref int at)
    {
        while (at < file.Length)
        {
            if (!JournalFormat.TryReadBlockHeader(file.AsSpan(at), out int length, out int index))
            {
                int next = NextHeader(file, at + 1);
                damage.Add(new JournalDamage(segment, at, next < 0 ? "torn tail" : "block header is damaged"));
                if (next < 0) return false;
                at = next;
                continue;
            }
            int total = JournalFormat.BlockHeaderLength + length;
            if (at + total > file.Length)
            {
                damage.Add(new JournalDamage(segment, at, "torn tail"));
                return false;
            }

            int start = at, records = length - JournalFormat.TagLength;
            at += total;
            if (plain.Length < records) plain = new byte[Math.Max(records, 2 * plain.Length)];
            if (cipher.TryOpen(file.AsSpan(start, total), index, plain.AsSpan(0, records)))
            {
                (block.Index, block.Records) = (index, plain.AsMemory(0, records));
                return true;
            }
            damage.Add(new JournalDamage(segment, start, "block is damaged"));
        }
        return false;
    }

    /// <summary>Where the next block header stands that is whole, at or after a place; -1 where none does.</summary>
    internal static int NextHeader(byte[] file, int from)
    {
        ReadOnlySpan<byte> magic = "PJB1"u8;
        while (from < file.Length)
        {
            int found = file.AsSpan(from).IndexOf(magic);
            if (found < 0) return -1;
            from += found;
            if (JournalFormat.TryReadBlockHeader(file.AsSpan(from), out _, out _)) return from;
            from++;
        }
        return -1;
    }
}

/// <summary>The end of a journal that another process was writing.</summary>
internal static class JournalTail
{
    /// <summary>Numbers of the segments there are, ascending.</summary>
    public static IReadOnlyList<int> Segments(string folder) =>
        !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateFiles(folder, "*.seg")
            .Select(path => int.TryParse(Path.GetFileNameWithoutExtension(path), out int number) ? number : 0)
            .Where(number => number > 0)
            .Order()];

    /// <summary>Cuts the last segment at its last whole block, and tells where the next run goes on.</summary>
    /// <returns>The next segment's number, and the SHA-256 of the last as it now is.</returns>
    public static (int Next, byte[] PreviousHash) Recover(string folder, MeetingKeys keys)
    {
        var segments = Segments(folder);
        if (segments.Count == 0) return (1, new byte[32]);

        int last = segments[^1];
        string path = Path.Combine(folder, JournalFormat.SegmentName(last));
        byte[] file = File.ReadAllBytes(path);
        int whole = WholeLength(file, Path.Combine(folder, JournalFormat.KeyName(last)), last, keys);
        if (whole < file.Length)
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.SetLength(handle, whole);
            RandomAccess.FlushToDisk(handle);
        }
        return (last + 1, SHA256.HashData(file.AsSpan(0, whole)));
    }

    /// <summary>
    /// Only a tail is cut: from the first block on after which no whole one follows. Damage before a whole block stays for the reader to report.
    /// </summary>
    private static int WholeLength(byte[] file, string keyPath, int segment, MeetingKeys keys)
    {
        SegmentCipher cipher;
        try { cipher = new SegmentCipher(keys.UnwrapSegmentKey(File.ReadAllBytes(keyPath), segment)); }
        catch (Exception e) when (e is FileNotFoundException or CryptographicException) { return file.Length; }

        using (cipher)
        {
            int whole = Math.Min(file.Length, JournalFormat.SegmentHeaderLength);
            var plain = new byte[file.Length];
            for (int at = whole; at < file.Length;)
            {
                if (!JournalFormat.TryReadBlockHeader(file.AsSpan(at), out int length, out int index)) { at++; continue; }
                int total = JournalFormat.BlockHeaderLength + length;
                if (at + total > file.Length || !cipher.TryOpen(file.AsSpan(at, total), index, plain.AsSpan(0, length - JournalFormat.TagLength))) { at++; continue; }
                at += total;
                whole = at;
            }
            return whole;
        }
    }
}
