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
    private readonly HashSet<int> read = [];                                         // blocks of the segment
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
        var names = JournalTail.Segments(folder);
        int skipped = Math.Max(0, names.Count - segments);
        string? previous = skipped == 0 ? new('0', 64) : null;                       // null: of a segment that is not read
        int expected = skipped == 0 ? 1 : names[skipped];
        foreach (var (number, name) in Ordered([.. names.Skip(skipped)]))
        {
            if (expected < number) damage.Add(new JournalDamage(expected, 0, expected == number - 1 ? "segment is missing" : $"segments {expected} to {number - 1} are missing"));
            if (expected <= number) read.Clear();                                    // else it is another file of the same segment
            else previous = null;
            expected = number + 1;

            byte[] file = File.ReadAllBytes(Path.Combine(folder, JournalFormat.SegmentName(name)));
            bool isHeader = JournalFormat.TryReadSegmentHeader(file, out var header);
            if (!isHeader) damage.Add(new JournalDamage(name, 0, "segment header is damaged"));
            else if (header.Meeting != keys.Meeting)
            {
                damage.Add(new JournalDamage(name, 8, "the segment is another meeting's"));
                continue;
            }
            else if (header.Number != name) damage.Add(new JournalDamage(name, 24, $"the file is segment {header.Number}: it was renamed or swapped"));
            else if (previous is not null && header.PreviousHash != previous) damage.Add(new JournalDamage(name, 40, "the chain is broken: the segment before is not the one that was written"));
            previous = Convert.ToHexString(SHA256.HashData(file));

            using var cipher = OpenKey(number, name);
            if (cipher is null) continue;
            (block.Run, block.Segment) = (header.Run, number);
            int at = isHeader ? JournalFormat.SegmentHeaderLength : JournalFormat.NextBlockHeader(file, 0);
            while (at >= 0 && NextBlock(file, cipher, name, ref at)) yield return block;
        }
    }

    /// <summary>Files in the order of what is in them: by their headers, and by their names where those do not say.</summary>
    private List<(int Number, int Name)> Ordered(IReadOnlyList<int> names)
    {
        var bytes = new byte[JournalFormat.SegmentHeaderLength];
        var found = new List<(int Number, int Name)>();
        foreach (int name in names)
        {
            using var file = File.OpenHandle(Path.Combine(folder, JournalFormat.SegmentName(name)));
            int length = RandomAccess.Read(file, bytes, 0);
            bool ours = JournalFormat.TryReadSegmentHeader(bytes.AsSpan(0, length), out var header) && header.Meeting == keys.Meeting && header.Number > 0;
            found.Add((ours ? header.Number : name, name));
        }
        found.Sort((a, b) => (a.Number, a.Number != a.Name, a.Name).CompareTo((b.Number, b.Number != b.Name, b.Name)));
        return found;
    }

    private SegmentCipher? OpenKey(int segment, int name)
    {
        try
        {
            byte[] wrapped = File.ReadAllBytes(Path.Combine(folder, JournalFormat.KeyName(segment)));
            return new SegmentCipher(keys.UnwrapSegmentKey(wrapped, segment));
        }
        catch (Exception e) when (e is FileNotFoundException or CryptographicException)
        {
            damage.Add(new JournalDamage(name, 0, "segment key is gone or damaged"));
            return null;
        }
    }

    /// <summary>After damage the next header is looked for behind the place, and not behind the length that a damaged block claims.</summary>
    private bool NextBlock(byte[] file, SegmentCipher cipher, int name, ref int at)
    {
        while (at < file.Length)
        {
            int start = at;
            bool isHeader = JournalFormat.TryReadBlockHeader(file.AsSpan(at), out int length, out int index);
            int total = JournalFormat.BlockHeaderLength + length, records = length - JournalFormat.TagLength;
            if (isHeader && total <= file.Length - at)
            {
                if (plain.Length < records) plain = new byte[Math.Max(records, 2 * plain.Length)];
                if (cipher.TryOpen(file.AsSpan(at, total), index, plain.AsSpan(0, records)))
                {
                    at += total;
                    if (!read.Add(index)) continue;                                  // the same block once more
                    (block.Index, block.Records) = (index, plain.AsMemory(0, records));
                    return true;
                }
            }
            int next = JournalFormat.NextBlockHeader(file, start + 1);
            bool torn = next < 0 && !(isHeader && total <= file.Length - start);
            damage.Add(new JournalDamage(name, start, torn ? "torn tail" : isHeader ? "block is damaged" : "block header is damaged"));
            if (next < 0) return false;
            at = next;
        }
        return false;
    }
}
