using System.Buffers.Binary;

namespace Pipeline.Api.Tests.Journal;

public sealed class JournalVerifyTests
{
    private const int SegmentHeader = 80, BlockHeader = 20;

    [Fact]
    public async Task A_journal_as_it_was_written_is_whole()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        var (exit, output, error) = journal.Run("verify");

        Assert.Equal((0, ""), (exit, error));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"00000001  whole  run 1  from 0.000000 s  {new FileInfo(journal.Segment(1)).Length} bytes  103 blocks  100 packets  3 decisions", lines[0]);
        Assert.StartsWith("00000002  whole  run 1  from 10.000100 s", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("00000003  whole  run 1  from 20.000200 s", lines[2], StringComparison.Ordinal);
        Assert.Equal("3 segments, 0 of them damaged or missing; 254 whole blocks, 250 packets, 4 decisions.", lines[3]);
        Assert.Equal(["The meeting's end is in the journal.", "The journal is whole."], lines[4..]);
    }

    [Fact]
    public async Task A_journal_of_several_runs_is_whole()
    {
        using var journal = new WrittenJournal();
        for (int run = 1; run <= 3; run++)
            await using (var writer = journal.Open(run)) await WrittenJournal.WriteMeetingAsync(writer, close: run == 3);
        var (exit, output, _) = journal.Run("verify");
        Assert.Equal(0, exit);
        Assert.Contains("9 segments, 0 of them", output, StringComparison.Ordinal);
        Assert.Contains("end is in the journal", output, StringComparison.Ordinal);
    }

    /// <summary>Wherever it is: in the segment's header, a block's header, ciphertext, tag, or the last block of all.</summary>
    [Fact]
    public async Task A_flipped_bit_is_located()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        byte[] whole = File.ReadAllBytes(journal.Segment(3));
        var blocks = Blocks(whole);
        (long At, string Says)[] flips =
        [
            (3, "at byte 0: the segment's header is damaged"),
            (50, "at byte 0: the segment's header is damaged"),
            (blocks[0] + 1, $"at byte {blocks[0]}: a block's header is damaged: {blocks[1] - blocks[0]} bytes are lost"),
            (blocks[4] + 9, $"at byte {blocks[4]}: a block's header is damaged"),
            (blocks[5] + BlockHeader, $"at byte {blocks[5]}: block 5 is damaged: its seal does not open"),
            (blocks[6] - 1, $"at byte {blocks[5]}: block 5 is damaged: its seal does not open"),
            (blocks[^1] + 6, $"at byte {blocks[^1]}: a block's header is damaged, and none follows: {whole.Length - blocks[^1]} bytes are lost"),
            (whole.Length - 1, $"at byte {blocks[^1]}: block {blocks.Count - 1} is damaged: its seal does not open"),
        ];
        foreach (var (at, says) in flips)
        {
            WrittenJournal.Flip(journal.Segment(3), at);
            var (exit, output, _) = journal.Run("verify");
            File.WriteAllBytes(journal.Segment(3), whole);
            Assert.Equal(1, exit);
            Assert.Contains("00000003  damaged", output, StringComparison.Ordinal);
            Assert.Contains(says, output, StringComparison.Ordinal);
            Assert.Contains("damaged in one place", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_byte_of_a_journal_counts()
    {
        using var journal = new WrittenJournal();
        await using (var writer = journal.Open()) await writer.AppendAsync(new Ingest.Journal.MeetingClosed(1), TimeSpan.Zero);
        long length = new FileInfo(journal.Segment(1)).Length;
        for (long at = 0; at < length; at++)
        {
            WrittenJournal.Flip(journal.Segment(1), at);
            Assert.True(journal.Run("verify").Exit == 1, $"a bit of byte {at} was flipped and not found");
            WrittenJournal.Flip(journal.Segment(1), at);
        }
    }

    [Fact]
    public async Task Without_keys_the_chain_tells_which_segment_was_changed()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        File.Delete(Path.Combine(journal.Path, "meeting.key"));
        Directory.Delete(journal.Keys, recursive: true);

        var whole = journal.Run("verify", "--chain-only");
        Assert.Equal((0, ""), (whole.Exit, whole.Error));
        Assert.Contains("The chain and the headers are as they were written.", whole.Output, StringComparison.Ordinal);

        WrittenJournal.Flip(journal.Segment(2), SegmentHeader + BlockHeader + 3);
        var changed = journal.Run("verify", "--chain-only");
        Assert.Equal(1, changed.Exit);
        Assert.Contains("00000003  damaged", changed.Output, StringComparison.Ordinal);
        Assert.Contains("at byte 40: the chain is broken: segment 2 is not as it was when this one was begun", changed.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(journal.Keys));                                // looking makes no keys
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_missing_segment_is_named(int number)
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        File.Delete(journal.Segment(number));
        var (exit, output, _) = journal.Run("verify");
        if (number < 3)
        {
            Assert.Equal(1, exit);
            Assert.Contains($"{number:D8}  missing\n", output, StringComparison.Ordinal);
            Assert.Contains("damaged in one place", output, StringComparison.Ordinal);
        }
        else Assert.Contains("Segment 3 has a key and no file: it was being opened, or it is lost.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Segments_lost_at_the_end_are_known_by_their_keys()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        File.Delete(journal.Segment(2));
        File.Delete(journal.Segment(3));
        var (exit, output, _) = journal.Run("verify");
        Assert.Equal(1, exit);
        Assert.Contains("00000002 to 00000003  missing", output, StringComparison.Ordinal);
        Assert.Contains("3 segments, 2 of them damaged or missing", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_decided_is_checked_too()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        string path = journal.Decide("one", "two", "three");
        Assert.Contains("decisions whole  3 blocks", journal.Run("verify").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("decisions whole", journal.Run("verify", "--chain-only").Output, StringComparison.Ordinal);

        WrittenJournal.Flip(path, 80);
        var (exit, output, _) = journal.Run("verify");
        Assert.Equal(1, exit);
        Assert.Contains("decisions damaged  2 blocks", output, StringComparison.Ordinal);
        Assert.Contains("at byte 32: block 0 is damaged", output, StringComparison.Ordinal);
        Assert.Contains("The journal is damaged in one place.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swapped_segments_are_told_apart()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        byte[] first = File.ReadAllBytes(journal.Segment(1));
        File.Copy(journal.Segment(2), journal.Segment(1), overwrite: true);
        File.WriteAllBytes(journal.Segment(2), first);
        var (exit, output, _) = journal.Run("verify");
        Assert.Equal(1, exit);
        Assert.Contains("the file is segment 2: it was renamed or swapped", output, StringComparison.Ordinal);
        Assert.Contains("the file is segment 1: it was renamed or swapped", output, StringComparison.Ordinal);
        Assert.Contains("damaged in 2 places", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_block_that_was_taken_out_or_doubled_is_missed()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        byte[] whole = File.ReadAllBytes(journal.Segment(3));
        var blocks = Blocks(whole);
        int two = (int)blocks[2], three = (int)blocks[3], four = (int)blocks[4];

        File.WriteAllBytes(journal.Segment(3), [.. whole[..two], .. whole[three..]]);
        Assert.Contains($"at byte {two}: block 3 stands where block 2 belongs", journal.Run("verify").Output, StringComparison.Ordinal);
        File.WriteAllBytes(journal.Segment(3), [.. whole[..three], .. whole[two..]]);
        Assert.Contains($"at byte {three}: block 2 stands where block 3 belongs", journal.Run("verify").Output, StringComparison.Ordinal);
        File.WriteAllBytes(journal.Segment(3), [.. whole[..(three + 30)], .. whole[four..]]);
        Assert.Contains($"at byte {three}: block 3 is damaged", journal.Run("verify").Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_cut_anywhere_in_its_last_block_has_a_torn_tail_and_no_damage()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        byte[] whole = File.ReadAllBytes(journal.Segment(3));
        long last = Blocks(whole)[^1];
        for (long length = last; length < whole.Length; length++)
        {
            File.WriteAllBytes(journal.Segment(3), whole[..(int)length]);
            var (exit, output, _) = journal.Run("verify");
            Assert.True(exit == 0, $"cut at {length}:\n{output}");
            Assert.Contains("The meeting's end is not in the journal", output, StringComparison.Ordinal);
            if (length > last) Assert.Contains($"Segment 3 ends in the middle of a block, at byte {last}", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_cut_before_the_last_segment_is_damage()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        byte[] whole = File.ReadAllBytes(journal.Segment(2));
        File.WriteAllBytes(journal.Segment(2), whole[..^1]);
        var (exit, output, _) = journal.Run("verify");
        Assert.Equal(1, exit);
        Assert.Contains($"at byte {Blocks(whole)[^1]}: block 99 is cut short", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_is_being_written_can_be_verified()
    {
        using var journal = new WrittenJournal();
        await using var writer = journal.Open();
        await WrittenJournal.WriteMeetingAsync(writer, close: false);                // its last decision is on disk
        var (exit, output, error) = journal.Run("verify");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("254 whole blocks", output, StringComparison.Ordinal);
        Assert.Contains("The meeting's end is not in the journal: it is being written", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_or_foreign_segment_key_is_located()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        File.Delete(journal.Key(2));
        File.Copy(journal.Key(1), journal.Key(3), overwrite: true);
        var (exit, output, _) = journal.Run("verify");
        Assert.Equal(1, exit);
        Assert.Contains("at byte 0: the segment's key is gone", output, StringComparison.Ordinal);
        Assert.Contains("at byte 0: the segment's key is damaged or another's", output, StringComparison.Ordinal);
        Assert.Contains("damaged in 2 places", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_meetings_segment_is_recognised()
    {
        using WrittenJournal journal = new(), other = new();
        await journal.WriteAsync();
        await other.WriteAsync();
        File.Copy(other.Segment(2), journal.Segment(2), overwrite: true);
        var (exit, output, _) = journal.Run("verify");
        Assert.Equal(1, exit);
        Assert.Contains("at byte 8: the segment is another meeting's", output, StringComparison.Ordinal);
    }

    /// <summary>Where the blocks begin, by the lengths in their headers.</summary>
    private static List<long> Blocks(byte[] segment)
    {
        var starts = new List<long>();
        for (int at = SegmentHeader; at < segment.Length; at += BlockHeader + BinaryPrimitives.ReadInt32LittleEndian(segment.AsSpan(at + 4))) starts.Add(at);
        return starts;
    }
}
