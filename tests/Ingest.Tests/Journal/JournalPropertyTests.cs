using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Journal;

/// <summary>Whatever becomes of a journal's files: every block that is whole is read, and no other, and nobody throws.</summary>
public class JournalPropertyTests
{
    private const int Seeds = 500;

    [Fact]
    public async Task Of_a_journal_damaged_in_any_way_exactly_the_whole_blocks_are_read_and_the_damage_is_located()
    {
        using var journal = new JournalFolder();
        var written = await WriteAsync(journal);
        int hurt = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            var damage = new Damage(seed);
            var files = damage.Do(written.Files);
            Put(journal, files);
            var whole = Whole(written, files, journal.Keys);

            var reader = journal.Reader();
            var read = reader.ReadBlocks().Select(b => (b.Segment, b.Index)).ToList();
            Assert.True(read.Count == read.Distinct().Count(), $"{damage}: a block was read twice");
            Assert.True(whole.SetEquals(read), $"{damage}: lost {string.Join(' ', whole.Except(read))}, and too many {string.Join(' ', read.Except(whole))}");

            // A lost block is told of in its segment or, where only the chain knows, in the next one; of the last block nobody knows.
            var lost = written.Blocks.Keys.Except(whole).Select(b => b.Segment).Distinct().Where(n => n < written.Last).ToList();
            foreach (int n in lost) Assert.True(reader.Damage.Any(d => NearTo(d, n, files)), $"{damage}: nobody tells of segment {n}: {string.Join("; ", reader.Damage)}");
            Assert.All(reader.Damage, d => Assert.InRange(d.Offset, 0, 1 << 20));
            Assert.InRange(reader.Damage.Count, 0, 400);
            hurt += lost.Count > 0 ? 1 : 0;

            var states = new JournalVerifier(journal.Path, JournalFolder.Meeting, journal.Keys).Verify().ToList();
            Assert.InRange(states.Count, 0, 60);
            if (lost.Count > 0) Assert.True(states.Any(s => !s.IsWhole || s.TornAt is not null), $"{damage}: verify finds nothing");
            _ = new JournalVerifier(journal.Path, JournalFolder.Meeting, keys: null).Verify().Count();
            _ = reader.Runs().Count;
            _ = reader.ReadLastBlocks(2).Count();
        }
        Assert.True(hurt > Seeds / 3, $"only {hurt} of the damages cost anything");
    }

    [Fact]
    public async Task The_next_run_cuts_nothing_that_is_whole_and_can_be_read_behind_it()
    {
        using var journal = new JournalFolder();
        var written = await WriteAsync(journal);
        for (int seed = 0; seed < Seeds; seed++)
        {
            var damage = new Damage(seed);
            var files = damage.Do(written.Files);
            Put(journal, files);
            var before = journal.Reader().ReadBlocks().Select(b => (b.Segment, b.Index)).ToHashSet();

            var (next, _) = JournalTail.Recover(journal.Path, journal.Keys);

            Assert.True(before.SetEquals(journal.Reader().ReadBlocks().Select(b => (b.Segment, b.Index))), $"{damage}: the next run cut a whole block");
            Assert.False(File.Exists(journal.Segment(next)), $"{damage}: the next run would write over segment {next}");
            if (seed % 50 != 0) continue;                                            // each one syncs the disk
            await using (var writer = journal.Open(run: 3)) JournalFolder.Write(writer, Enumerable.Range(5000, 3));
            var after = journal.Reader().ReadBlocks().Select(b => (b.Segment, b.Index)).ToHashSet();
            Assert.True(after.Except(before).SequenceEqual(Enumerable.Range(0, 3).Select(i => (next, i))), $"{damage}: the new run is not read");
        }
    }

    [Fact]
    public async Task Files_are_made_of_whatever_is_left()
    {
        using var journal = new JournalFolder();
        using var output = new TemporaryFolder();
        var written = await WriteAsync(journal);
        for (int seed = 0; seed < 24; seed++)
        {
            Put(journal, new Damage(seed).Do(written.Files));
            var made = await new MeetingRenderer(journal.Reader(), output[$"{seed}"], Ms(27_000)).RenderAsync(mix: false, tracks: true, live: null, CancellationToken.None);
            Assert.Contains(made.Files, f => f.Kind == RenderedKind.Waveform);
            Assert.All(made.Files, f => Assert.True(File.Exists(f.Path)));
        }
    }

    /// <summary>Three tracks in two runs and four segments; every kind of record.</summary>
    private static async Task<Written> WriteAsync(JournalFolder journal)
    {
        await using (var writer = journal.Open(run: 1))
        {
            await BeginAsync(writer, TimeSpan.Zero);
            Talk(writer, 0, 700);
        }
        await using (var writer = journal.Open(run: 2))
        {
            await BeginAsync(writer, Ms(16_000));
            Talk(writer, 800, 1300);
            await writer.AppendAsync(new Paused(26_500_000), Ms(26_500));
            await writer.AppendAsync(new MeetingClosed(27_000_000), Ms(27_000));
        }
        var files = Directory.GetFiles(journal.Path).ToDictionary(p => Path.GetFileName(p)!, File.ReadAllBytes);
        var blocks = new Dictionary<(int Segment, int Index), byte[]>();
        foreach (var (name, bytes) in files.Where(f => f.Key.EndsWith(".seg", StringComparison.Ordinal)))
            for (int at = JournalFormat.SegmentHeaderLength, length; at < bytes.Length; at += length)
            {
                Assert.True(JournalFormat.TryReadBlockHeader(bytes.AsSpan(at), out int body, out int index));
                length = JournalFormat.BlockHeaderLength + body;
                blocks[(Number(name), index)] = bytes[at..(at + length)];
            }
        Assert.Equal(4, blocks.Keys.Select(b => b.Segment).Distinct().Count());
        return new Written(files, blocks, Last: 4);
    }

    private static async Task BeginAsync(JournalWriter writer, TimeSpan at)
    {
        await writer.AppendAsync(new MeetingOpened("mtg_1", writer.Run, DateTimeOffset.UnixEpoch), at);
        await writer.AppendAsync(new ClockAnchor("boot", JournalFormat.ToMicroseconds(at), 1_000_000, DateTimeOffset.UnixEpoch), at);
        for (int track = 1; track <= 3; track++)
            await writer.AppendAsync(new TrackAdded(track, $"p{track}", $"Name {track}", "opus", Opus, 48000, 2, (uint)track, null), at);
    }

    /// <summary>Frames of 20 ms, four to a block of each track; of the third only headers are kept.</summary>
    private static void Talk(JournalWriter writer, int from, int to)
    {
        for (int n = from; n < to; n++)
        {
            for (int track = 1; track <= 3; track++)
                writer.AddPacket(track == 3 ? RecordKind.RtpHeader : RecordKind.Rtp, track, Ms(20 * n + track), Datagram((uint)track, (ushort)n, (uint)(960 * n), [0xF8, (byte)n, (byte)track]));
            if (n % 50 == 0) writer.AddPacket(RecordKind.Rtcp, 1, Ms(20 * n), Report(1, Ms(20 * n), (uint)(960 * n)));
            if (n % 20 == 19) writer.Commit();
        }
    }

    private static void Put(JournalFolder journal, Dictionary<string, byte[]> files)
    {
        Directory.Delete(journal.Path, recursive: true);
        Directory.CreateDirectory(journal.Path);
        foreach (var (name, bytes) in files) File.WriteAllBytes(Path.Combine(journal.Path, name), bytes);
    }

    /// <summary>The blocks whose bytes lie, one behind the other as they were written, in a file that can be told to be their segment, with its key in its place.</summary>
    private static HashSet<(int Segment, int Index)> Whole(Written written, Dictionary<string, byte[]> files, MeetingKeys keys)
    {
        var whole = new HashSet<(int, int)>();
        foreach (var (name, bytes) in files.Where(f => f.Key.EndsWith(".seg", StringComparison.Ordinal) && Number(f.Key) > 0))
        {
            int segment = JournalFormat.TryReadSegmentHeader(bytes, out var header) && header.Meeting == keys.Meeting ? header.Number : Number(name);
            string key = JournalFormat.KeyName(segment);
            if (!files.TryGetValue(key, out byte[]? wrapped) || !written.Files.TryGetValue(key, out byte[]? right) || !wrapped.AsSpan().SequenceEqual(right)) continue;
            foreach (var (place, block) in written.Blocks)
                if (place.Segment == segment && bytes.AsSpan().IndexOf(block) >= 0) whole.Add(place);
        }
        return whole;
    }

    /// <summary>In the segment's own file, in the next one's header, or in the file that was taken for it.</summary>
    private static bool NearTo(JournalDamage damage, int segment, Dictionary<string, byte[]> files) =>
        damage.Segment == segment || damage.Segment == segment + 1 || (damage.Segment < segment && damage.What.Contains("missing", StringComparison.Ordinal))
        || (files.TryGetValue(JournalFormat.SegmentName(damage.Segment), out byte[]? file) && JournalFormat.TryReadSegmentHeader(file, out var header) && header.Number == segment);

    private static int Number(string name) =>
        int.TryParse(Path.GetFileNameWithoutExtension(name), out int number) && number > 0 && JournalFormat.SegmentName(number) == name ? number : 0;

    private sealed record Written(Dictionary<string, byte[]> Files, Dictionary<(int Segment, int Index), byte[]> Blocks, int Last);
}
