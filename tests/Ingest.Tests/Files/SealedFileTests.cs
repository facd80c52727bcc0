using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Tests.Files;

public sealed class SealedFileTests : IDisposable
{
    private const int Chunk = 64 << 10, Head = 40, Sealed = Chunk + 28;

    private readonly TemporaryFolder folder = new();
    private readonly MeetingKeys keys;
    private readonly string path;

    public SealedFileTests()
    {
        keys = Keys("meeting");
        path = folder["file"];
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(3 * Chunk)]
    [InlineData(5 * Chunk + 12_345)]
    public void What_was_written_is_read_from_any_place(int length)
    {
        byte[] content = Write(length);

        using var file = SealedFile.OpenWhole(path, keys);
        Assert.Equal(length, file.Length);
        Assert.Equal(content, Read(file, 0, length));
        var random = new Random(length);
        for (int n = 0; n < 50 && length > 0; n++)
        {
            int from = random.Next(length), count = random.Next(length - from + 1);
            Assert.True(content.AsSpan(from, count).SequenceEqual(Read(file, from, count)), $"{count} bytes from {from} differ");
        }
        file.Position = length + 10;
        Assert.Equal(0, file.Read(new byte[1]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_place_can_be_written_again_while_the_file_is_made(int seed)
    {
        var random = new Random(seed);
        var expected = new MemoryStream();
        using (var file = SealedFile.Create(path, keys))
        {
            for (int n = 0; n < 300; n++)
            {
                var piece = new byte[random.Next(1, 9000)];
                random.NextBytes(piece);
                long at = random.Next(3) == 0 ? random.NextInt64(expected.Length + 1) : expected.Length;
                foreach (Stream stream in new Stream[] { expected, file })
                {
                    stream.Position = at;
                    stream.Write(piece);
                }
                if (random.Next(20) == 0) file.Flush();
                if (random.Next(20) != 0) continue;
                long from = random.NextInt64(expected.Length);
                int count = (int)Math.Min(5000, expected.Length - from);
                Assert.Equal(expected.ToArray().AsSpan((int)from, count).ToArray(), Read(file, from, count));
            }
            file.Complete();
        }

        using var made = SealedFile.OpenWhole(path, keys);
        Assert.Equal(expected.ToArray(), Read(made, 0, (int)made.Length));
    }

    [Fact]
    public void A_file_that_nobody_completed_is_read_up_to_what_was_flushed_and_is_not_whole()
    {
        byte[] content = Random(2 * Chunk + 500);
        using (var file = SealedFile.Create(path, keys))
        {
            file.Write(content);
            file.Flush();
            file.Write(content);
        }

        using var left = SealedFile.Open(path, keys);
        Assert.False(left.IsWhole);
        Assert.Equal(content, Read(left, 0, content.Length));
        Assert.Throws<InvalidDataException>(() => SealedFile.OpenWhole(path, keys));
    }

    [Fact]
    public void Nothing_of_the_content_is_on_the_disk_and_nobody_else_may_read_it()
    {
        File.WriteAllBytes(path, [1]);
        using (var file = SealedFile.Create(path, keys))
        {
            for (int n = 0; n < 20_000; n++) file.Write("the same words again "u8);
            file.Complete();
        }

        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(-1, bytes.AsSpan().IndexOf("words"u8));
        Assert.InRange(bytes.Distinct().Count(), 256, 256);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_flipped_bit_costs_its_chunk_and_no_other_is_touched()
    {
        byte[] content = Write(4 * Chunk + 100);
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = File.ReadAllBytes(path);
            int at = random.Next(Head, bytes.Length), damaged = (at - Head) / Sealed;
            bytes[at] ^= (byte)(1 << random.Next(8));
            string other = folder["damaged"];
            File.WriteAllBytes(other, bytes);

            using var file = SealedFile.Open(other, keys);
            for (int chunk = 0; chunk < 5; chunk++)
            {
                int from = chunk * Chunk, count = Math.Min(Chunk, content.Length - from);
                if (chunk == damaged) Assert.Throws<InvalidDataException>(() => Read(file, from, count));
                else Assert.True(content.AsSpan(from, count).SequenceEqual(Read(file, from, count)));
            }
        }
    }

    [Fact]
    public void Every_truncation_is_told_or_leaves_a_file_that_is_not_whole()
    {
        Write(2 * Chunk + 700);
        byte[] bytes = File.ReadAllBytes(path);
        string other = folder["cut"];
        foreach (int length in Enumerable.Range(0, 120).Select(n => bytes.Length - 1 - n).Concat([0, 1, Head - 1, Head, Head + 1, Head + 28, Head + Sealed, Head + 2 * Sealed, Head + 2 * Sealed + 28]))
        {
            File.WriteAllBytes(other, bytes[..length]);
            Assert.Throws<InvalidDataException>(() => SealedFile.OpenWhole(other, keys).Dispose());
        }
    }

    [Fact]
    public void Chunks_that_changed_places_and_another_meetings_key_open_nothing()
    {
        Write(3 * Chunk);
        byte[] bytes = File.ReadAllBytes(path);
        (byte[] first, byte[] second) = (bytes[Head..(Head + Sealed)], bytes[(Head + Sealed)..(Head + 2 * Sealed)]);
        second.CopyTo(bytes, Head);
        first.CopyTo(bytes, Head + Sealed);
        File.WriteAllBytes(folder["swapped"], bytes);

        using var swapped = SealedFile.OpenWhole(folder["swapped"], keys);
        Assert.Throws<InvalidDataException>(() => Read(swapped, 0, 1));
        Assert.Throws<InvalidDataException>(() => Read(swapped, Chunk, 1));
        Assert.Single(Read(swapped, 2 * Chunk, 1));
        using var another = SealedFile.Open(path, Keys("another"));
        Assert.Throws<InvalidDataException>(() => Read(another, 0, 1));
    }

    private MeetingKeys Keys(string meeting)
    {
        Directory.CreateDirectory(folder[meeting]);
        return MeetingKeys.OpenOrCreate(folder[meeting], Guid.NewGuid(), new FileKeyVault(folder["keys"]));
    }

    private byte[] Write(int length)
    {
        byte[] content = Random(length);
        using var file = SealedFile.Create(path, keys);
        file.Write(content);
        file.Complete();
        return content;
    }

    private static byte[] Random(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private static byte[] Read(Stream file, long from, int count)
    {
        var read = new byte[count];
        file.Position = from;
        file.ReadExactly(read);
        return read;
    }
}
