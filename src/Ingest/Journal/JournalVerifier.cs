using System.Security.Cryptography;

namespace Pipeline.Ingest.Journal;

/// <summary>
/// Compares a meeting's journal with what a writer leaves: numbers, headers, the chain, the order of blocks and, with keys, every seal.
/// Changes nothing, and reads a journal that is being written. Never throws for what the files hold.
/// </summary>
/// <param name="folder">The meeting's `journal` folder.</param>
/// <param name="keys">Null: the chain and the headers only.</param>
public sealed class JournalVerifier(string folder, Guid meeting, MeetingKeys? keys)
{
    private readonly JournalBlock block = new();
    private byte[] plain = new byte[4096];

    /// <summary>Whether the meeting's end is in the journal, as far as it was read; null without keys.</summary>
    public bool? Closed { get; private set; }
    /// <summary>The segment after the last, of which there is only the key: it was being opened. Null where there is none.</summary>
    public int? Opening { get; private set; }

    /// <summary>The meeting that the journal's headers name; null where none is whole.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Guid? MeetingOf(string folder)
    {
        var bytes = new byte[JournalFormat.SegmentHeaderLength];
        foreach (int number in JournalTail.Segments(folder))
        {
            using var file = File.OpenHandle(Path.Combine(folder, JournalFormat.SegmentName(number)));
            int length = RandomAccess.Read(file, bytes, 0);
            if (JournalFormat.TryReadSegmentHeader(bytes.AsSpan(0, length), out var header)) return header.Meeting;
        }
        return null;
    }

    /// <summary>Segment after segment, the missing ones too; several that are missing in a row are one state.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public IEnumerable<SegmentState> Verify()
    {
        (Closed, Opening) = (keys is null ? null : false, null);
        string? previous = new('0', 64);                                             // null: what stood before is not known
        var numbers = JournalTail.Segments(folder);
        int expected = 1;
        foreach (int number in numbers)
        {
            if (expected < number)
            {
                previous = null;
                yield return Missing(expected, number - 1);
            }
            expected = number + 1;

            byte[] file = File.ReadAllBytes(Path.Combine(folder, JournalFormat.SegmentName(number)));
            var state = new SegmentState(number) { Bytes = file.Length };
            bool inPlace = CheckSegment(file, state, previous, isLast: number == numbers[^1]);
            previous = inPlace ? Convert.ToHexString(SHA256.HashData(file)) : null;
            yield return state;
        }
        if (LastKey() is var last && last == expected && Closed != true) Opening = last;
        else if (last >= expected) yield return Missing(expected, last);
    }

    /// <summary>A key is written just before its segment: one without a segment may be all that was written of the next, others are not.</summary>
    private int LastKey() => !Directory.Exists(folder) ? 0 : Directory.EnumerateFiles(folder, "*.key")
        .Select(path => int.TryParse(Path.GetFileNameWithoutExtension(path), out int number) && Path.GetFileName(path) == JournalFormat.KeyName(number) ? number : 0)
        .DefaultIfEmpty().Max();

    private static SegmentState Missing(int first, int last)
    {
        var state = new SegmentState(first) { Missing = true, Last = last };
        state.Add(0, first == last ? "the segment is missing" : "the segments are missing");
        return state;
    }

    /// <returns>False where the file is not this segment, so that its hash says nothing about the next.</returns>
    private bool CheckSegment(byte[] file, SegmentState state, string? previous, bool isLast)
    {
        if (file.Length < JournalFormat.SegmentHeaderLength)                         // the next one's chain tells whether it always was so short
        {
            state.TornAt = 0;
            return true;
        }
        if (!JournalFormat.TryReadSegmentHeader(file, out var header))
        {
            state.Add(0, "the segment's header is damaged");
            header = new SegmentHeader(meeting, state.Number, 0, default, "");
        }
        else if (header.Meeting != meeting) state.Add(8, "the segment is another meeting's");
        else if (header.Number != state.Number) state.Add(24, $"the file is segment {header.Number}: it was renamed or swapped");
        else if (previous is not null && header.PreviousHash != previous)
            state.Add(40, $"the chain is broken: {(state.Number == 1 ? "the first segment follows another" : $"segment {state.Number - 1} is not as it was when this one was begun")}");

        (state.Run, state.Opened) = (header.Run, header.Opened);
        using var cipher = keys is not null && header.Meeting == meeting ? OpenKey(header.Number, keys, state) : null;
        CheckBlocks(file, cipher, state, isLast);
        return header.Meeting == meeting && header.Number == state.Number;
    }

    private SegmentCipher? OpenKey(int segment, MeetingKeys keys, SegmentState state)
    {
        string path = Path.Combine(folder, JournalFormat.KeyName(segment));
        try { return new SegmentCipher(keys.UnwrapSegmentKey(File.ReadAllBytes(path), segment)); }
        catch (FileNotFoundException) { state.Add(0, "the segment's key is gone: nothing in it can be read"); }
        catch (CryptographicException) { state.Add(0, "the segment's key is damaged or another's: nothing in it can be read"); }
        return null;
    }

    private void CheckBlocks(byte[] file, SegmentCipher? cipher, SegmentState state, bool isLast)
    {
        int at = JournalFormat.SegmentHeaderLength;
        int? expected = 0;                                                           // null after damage: the next block says where it stands
        while (at < file.Length)
        {
            var rest = file.AsSpan(at);
            if (!JournalFormat.TryReadBlockHeader(rest, out int length, out int index))
            {
                int next = JournalFormat.NextBlockHeader(file, at + 1);
                if (next < 0)
                {
                    if (isLast && IsTorn(rest)) Torn(at, state);
                    else state.Add(at, $"a block's header is damaged, and none follows: {rest.Length} bytes are lost");
                    return;
                }
                state.Add(at, $"a block's header is damaged: {next - at} bytes are lost");
                (at, expected) = (next, null);
                continue;
            }
            int total = JournalFormat.BlockHeaderLength + length;
            if (total > rest.Length && JournalFormat.NextBlockHeader(file, at + 1) is var inside and >= 0)
            {
                state.Add(at, $"block {index} is damaged: bytes of it are missing");
                (at, expected) = (inside, null);
                continue;
            }
            if (total > rest.Length)
            {
                if (isLast) Torn(at, state);
                else state.Add(at, $"block {index} is cut short");
                return;
            }
            if (expected is { } number && number != index) state.Add(at, $"block {index} stands where block {number} belongs");
            if (cipher is null || TryOpen(rest[..total], cipher, index, state)) state.Blocks++;
            else state.Add(at, $"block {index} is damaged: its seal does not open");
            (at, expected) = (at + total, index + 1);
        }
    }

    /// <summary>A journal that is complete has nothing after its end.</summary>
    private void Torn(long at, SegmentState state)
    {
        state.TornAt = at;
        if (Closed == true) state.Add(at, "the last block is cut short, and the meeting had ended before");
    }

    /// <summary>What a writer that stopped in the middle leaves: the beginning of a header, or a file made longer and never filled.</summary>
    private static bool IsTorn(ReadOnlySpan<byte> rest) =>
        !rest.ContainsAnyExcept((byte)0) || (rest.Length < JournalFormat.BlockHeaderLength && rest.StartsWith("PJB1"u8[..Math.Min(rest.Length, 4)]));

    private bool TryOpen(ReadOnlySpan<byte> bytes, SegmentCipher cipher, int index, SegmentState state)
    {
        int records = bytes.Length - JournalFormat.BlockHeaderLength - JournalFormat.TagLength;
        if (plain.Length < records) plain = new byte[Math.Max(records, 2 * plain.Length)];
        if (!cipher.TryOpen(bytes, index, plain.AsSpan(0, records))) return false;

        block.Records = plain.AsMemory(0, records);
        foreach (var record in block)
        {
            if (record.Kind is RecordKind.Rtp or RecordKind.RtpHeader or RecordKind.Rtcp) state.Packets++;
            if (record.Kind != RecordKind.Control) continue;
            state.Decisions++;
            if (record.Control is MeetingClosed) Closed = true;
            else if (record.Control is MeetingOpened) Closed = false;
        }
        return true;
    }
}
