using System.Buffers.Binary;
using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Tests.Journal;

public class JournalDamageTests
{
    private const int Blocks = 6, PacketsEach = 2;

    [Fact]
    public async Task Of_a_journal_cut_anywhere_every_whole_block_is_read_and_the_next_run_goes_on_behind_them()
    {
        using var journal = new JournalFolder();
        List<string> written;
        await using (var writer = journal.Open()) written = JournalFolder.Write(writer, Enumerable.Range(0, Blocks));
        byte[] file = File.ReadAllBytes(journal.Segment(1)), key = File.ReadAllBytes(journal.Key(1));
        var ends = BlockEnds(file);

        for (int length = 0; length <= file.Length; length++)
        {
            Directory.Delete(journal.Path, recursive: true);
            Directory.CreateDirectory(journal.Path);
            File.WriteAllBytes(journal.Segment(1), file[..length]);
            File.WriteAllBytes(journal.Key(1), key);
            int whole = ends.Count(end => end <= length);

            var (records, damage) = journal.Read();
            Assert.Equal(written.Take(PacketsEach * whole), records);
            bool clean = length == 80 || ends.Contains(length);
            Assert.True(clean == (damage.Count == 0), $"cut at {length}: {string.Join("; ", damage)}");

            // What tells where the next run goes on; the run itself is written for a sample of the lengths, as each one syncs the disk.
            var (next, previous) = JournalTail.Recover(journal.Path, journal.Keys);
            Assert.Equal(2, next);
            Assert.Equal(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(journal.Segment(1))), previous);
            if (length % 41 != 0) continue;
            List<string> more;
            await using (var writer = journal.Open(run: 2)) more = JournalFolder.Write(writer, Enumerable.Range(50, 2));
            (records, damage) = journal.Read();
            Assert.Equal(written.Take(PacketsEach * whole).Concat(more), records);
            Assert.True(damage.Count == 0 || length < 80, $"cut at {length}: {string.Join("; ", damage)}");
            Assert.DoesNotContain(damage, d => d.What.Contains("chain"));
        }
    }

    [Fact]
    public async Task A_flipped_bit_costs_the_block_it_is_in_and_is_told_where()
    {
        using var journal = new JournalFolder();
        List<string> written;
        await using (var writer = journal.Open()) written = JournalFolder.Write(writer, Enumerable.Range(0, 60).Select(n => 20 * n));    // 24 s: three segments
        var files = Directory.GetFiles(journal.Path).Order().ToDictionary(p => p, File.ReadAllBytes);
        Assert.Equal(6, files.Count);

        for (int seed = 0; seed < 2500; seed++)
        {
            var random = new Random(seed);
            var (path, good) = files.ElementAt(random.Next(files.Count));
            int at = random.Next(good.Length);
            byte[] bad = [.. good];
            bad[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, bad);
            int segment = int.Parse(Path.GetFileNameWithoutExtension(path));

            var (records, damage) = journal.Read();

            int lost = path.EndsWith(".key", StringComparison.Ordinal) ? BlockEnds(files[journal.Segment(segment)]).Count : at < 80 ? 0 : 1;
            Assert.True(records.Count == written.Count - PacketsEach * lost, $"seed {seed}, {Path.GetFileName(path)} at {at}: {records.Count} of {written.Count} records");
            Assert.True(!records.Except(written).Any(), $"seed {seed}: a record that was never written");
            Assert.True(damage.Any(d => d.Segment == segment && d.Offset <= at), $"seed {seed}, {Path.GetFileName(path)} at {at}: {string.Join("; ", damage)}");
            File.WriteAllBytes(path, good);
        }
    }

    [Fact]
    public async Task Segments_that_are_missing_or_changed_places_are_noticed_and_the_rest_is_read()
    {
        using var journal = new JournalFolder();
        List<string> written;
        await using (var writer = journal.Open()) written = JournalFolder.Write(writer, Enumerable.Range(0, 2000));     // four segments
        byte[] second = File.ReadAllBytes(journal.Segment(2)), third = File.ReadAllBytes(journal.Segment(3));

        File.Delete(journal.Segment(2));
        var (records, damage) = journal.Read();
        Assert.Equal([.. written.Take(1000), .. written.Skip(2000)], records);
        Assert.Contains(damage, d => d.Segment == 2 && d.What.Contains("missing"));
        Assert.Contains(damage, d => d.Segment == 3 && d.What.Contains("chain"));

        File.WriteAllBytes(journal.Segment(2), third);
        File.WriteAllBytes(journal.Segment(3), second);
        (records, damage) = journal.Read();
        Assert.Equal(written, records);
        Assert.Contains(damage, d => d.Segment == 2 && d.What.Contains("swapped"));
        Assert.Contains(damage, d => d.Segment == 3 && d.What.Contains("swapped"));

        File.WriteAllBytes(journal.Segment(2), second);
        File.WriteAllBytes(journal.Segment(3), third);
        File.Delete(journal.Key(3));
        (records, damage) = journal.Read();
        Assert.Equal([.. written.Take(2000), .. written.Skip(3000)], records);
        Assert.Equal(new JournalDamage(3, 0, "segment key is gone or damaged"), Assert.Single(damage));
    }

    [Fact]
    public async Task Reading_twice_tells_the_damage_once()
    {
        using var journal = new JournalFolder();
        await using (var writer = journal.Open()) JournalFolder.Write(writer, Enumerable.Range(0, 5));
        File.Delete(journal.Key(1));
        var reader = journal.Reader();

        Assert.Empty(reader.ReadBlocks());
        Assert.Empty(reader.ReadBlocks());

        Assert.Single(reader.Damage);
    }

    [Fact]
    public async Task Random_bytes_for_a_segment_are_damage_and_nothing_worse()
    {
        using var journal = new JournalFolder();
        await using (var writer = journal.Open()) JournalFolder.Write(writer, Enumerable.Range(0, 5));
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var noise = new byte[random.Next(2000)];
            random.NextBytes(noise);
            if (noise.Length > 100) "PJB1"u8.CopyTo(noise.AsSpan(90));
            File.WriteAllBytes(journal.Segment(1), noise);

            var (records, damage) = journal.Read();

            Assert.Empty(records);
            Assert.NotEmpty(damage);
        }
    }

    private static List<int> BlockEnds(byte[] segment)
    {
        var ends = new List<int>();
        for (int at = 80; at < segment.Length;)
        {
            at += 20 + BinaryPrimitives.ReadInt32LittleEndian(segment.AsSpan(at + 4));
            ends.Add(at);
        }
        return ends;
    }
}
