using System.Security.Cryptography;
using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Tests.Journal;

public sealed class DecisionFileTests : IDisposable
{
    private static readonly Guid Meeting = Guid.Parse("01934a5e-0000-7000-8000-000000000001");
    private readonly TemporaryFolder folder = new();
    private readonly MeetingKeys keys;

    public DecisionFileTests()
    {
        Directory.CreateDirectory(folder["meeting"]);
        keys = MeetingKeys.OpenOrCreate(folder["meeting"], Meeting, new FileKeyVault(folder["keys"]));
    }

    private string Path => folder["decisions"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_decided_is_read_back_in_order_and_cannot_be_read_without_the_key()
    {
        string[] said = ["one", "two pineapples", new('x', 300_000), ""];
        Write(said);
        Write("and on");

        Assert.Equal([.. said, "and on"], Read().Said);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.DoesNotContain("pineapples", System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(Path)));
        Directory.CreateDirectory(folder["other"]);
        var others = MeetingKeys.OpenOrCreate(folder["other"], Guid.NewGuid(), new FileKeyVault(folder["keys"]));
        var reader = new DecisionReader(Path, others);
        Assert.Empty(reader.Read());
        Assert.NotEmpty(reader.Damage);
    }

    [Fact]
    public void Cut_anywhere_it_is_gone_on_with_behind_the_last_whole_block()
    {
        Write("zero", "one", "two", "three");
        byte[] file = File.ReadAllBytes(Path);
        var ends = Blocks(file).Select(b => b.End).ToList();
        for (int length = 0; length <= file.Length; length++)
        {
            File.WriteAllBytes(Path, file[..length]);
            int whole = ends.Count(end => end <= length);
            var (said, damage, torn) = Read();
            Assert.Equal(new[] { "zero", "one", "two", "three" }.Take(whole), said);
            Assert.Empty(damage);
            Assert.Equal(length != DecisionFormat.FileHeaderLength && !ends.Contains(length), torn is not null);

            Write("next");
            Assert.Equal([.. new[] { "zero", "one", "two", "three" }.Take(whole), "next"], Read().Said);
            Assert.Empty(Read().Damage);
        }
    }

    [Fact]
    public void A_tail_that_was_never_filled_is_cut_and_a_last_block_that_is_damaged_is_told_and_stays()
    {
        Write("zero", "one");
        byte[] file = File.ReadAllBytes(Path);
        int last = Blocks(file)[^1].Start;

        byte[] unfilled = [.. file[..(last + 30)], .. new byte[file.Length - last - 30 + 4000]];
        File.WriteAllBytes(Path, unfilled);
        Assert.Equal(["zero"], Read().Said);
        Assert.Equal(last, Read().Torn);
        Write("next");
        Assert.Equal(["zero", "next"], Read().Said);
        Assert.Empty(Read().Damage);

        byte[] flipped = [.. file];
        flipped[last + 40] ^= 1;
        File.WriteAllBytes(Path, flipped);
        Write("next");
        Assert.Equal(["zero", "next"], Read().Said);
        Assert.Equal(new DecisionDamage(last, "block 1 is damaged"), Assert.Single(Read().Damage));
    }

    [Fact]
    public void However_it_is_damaged_exactly_the_whole_blocks_are_read_and_it_can_be_gone_on_with()
    {
        Write([.. Enumerable.Range(0, 25).Select(n => $"decision {n} {new string('x', 7 * n)}")]);
        byte[] file = File.ReadAllBytes(Path);
        var blocks = Blocks(file);
        string[] all = Read().Said;
        int hurt = 0;
        for (int seed = 0; seed < 1200; seed++)
        {
            var damage = new Damage(seed);
            byte[] damaged = damage.Do(file);
            File.WriteAllBytes(Path, damaged);
            string[] whole = [.. blocks.Where(b => damaged.AsSpan().IndexOf(file.AsSpan(b.Start, b.End - b.Start)) >= 0).Select(b => all[b.Index])];
            if (damaged.Length < DecisionFormat.FileHeaderLength) whole = [];

            var (said, told, torn) = Read();
            Assert.True(whole.SequenceEqual(said.Order(Comparer<string>.Create((a, b) => Array.IndexOf(all, a) - Array.IndexOf(all, b)))), $"{damage}: {said.Length} of {whole.Length} blocks");
            // Blocks cut off the end, and they alone, nobody can miss.
            bool seen = whole.Length == all.Length || whole.SequenceEqual(all.Take(whole.Length)) || told.Count > 0 || torn is not null;
            Assert.True(seen, $"{damage}: nobody tells");
            hurt += whole.Length < all.Length ? 1 : 0;

            Write("next");
            Assert.True(Read().Said is [.. var before, "next"] && before.SequenceEqual(said), $"{damage}: what was whole was cut, or the next not read");
        }
        Assert.True(hurt > 400, $"only {hurt} of the damages cost anything");
    }

    [Fact]
    public void What_could_not_be_written_does_not_count_and_the_next_goes_to_its_place()
    {
        Write("zero");
        var file = DecisionFile.Open(Path, keys);
        File.SetUnixFileMode(Path, UnixFileMode.None);
        if (Environment.UserName == "root") File.Delete(Path);                       // nothing is forbidden to root
        else Assert.Throws<UnauthorizedAccessException>(() => file.Append("lost"u8));
        if (File.Exists(Path)) File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        file.Append("next"u8);
        Assert.Equal("next", Read().Said[^1]);
        Assert.Empty(Read().Damage);
    }

    [Fact]
    public void Many_files_are_made_durable_together()
    {
        var files = Enumerable.Range(0, 12).Select(n => DecisionFile.Open(folder[$"decisions-{n}"], keys)).ToList();
        foreach (var file in files) file.Append(RandomNumberGenerator.GetBytes(100));
        DecisionFile.Sync(files, folder.Path);
        DecisionFile.Sync(files[..3], folder.Path);
        Assert.All(Enumerable.Range(0, 12), n => Assert.Single(new DecisionReader(folder[$"decisions-{n}"], keys).Read()));
    }

    private void Write(params string[] said)
    {
        var file = DecisionFile.Open(Path, keys);
        foreach (string one in said) file.Append(System.Text.Encoding.UTF8.GetBytes(one));
    }

    private (string[] Said, IReadOnlyList<DecisionDamage> Damage, long? Torn) Read()
    {
        var reader = new DecisionReader(Path, keys);
        string[] said = [.. reader.Read().Select(System.Text.Encoding.UTF8.GetString)];
        return (said, reader.Damage, reader.TornAt);
    }

    private static List<(int Index, int Start, int End)> Blocks(byte[] file)
    {
        List<(int, int, int)> blocks = [];
        for (int at = DecisionFormat.FileHeaderLength; at < file.Length;)
        {
            Assert.True(DecisionFormat.TryReadHeader(file.AsSpan(at), out int total, out int index));
            blocks.Add((index, at, at + total));
            at += total;
        }
        return blocks;
    }
}
