using System.Buffers.Binary;
using System.Security.Cryptography;
using Pipeline.Ingest.Journal;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Journal;

public class JournalTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task What_was_written_is_read_in_order()
    {
        using var journal = new JournalFolder();
        ControlRecord[] decided =
        [
            new MeetingOpened("mtg_1", 1, Noon), new ClockAnchor("boot", 1, 2, Noon), JournalFolder.Added(Track(3, ssrc: 9)),
            new SsrcBound(3, 9, 5_000_000), new PacketsMissed("overrun", 1, 2, 3), new TrackEnded(3, 7), new MeetingClosed(8),
        ];
        List<string> written = [.. decided.Select(d => d.ToString())];
        await using (var writer = journal.Open())
        {
            foreach (var record in decided) await writer.AppendAsync(record, Ms(1));
            written.AddRange(JournalFolder.Write(writer, Enumerable.Range(0, 100)));
            writer.AddPacket(RecordKind.Rtcp, 2, Ms(2100), [1, 2]);
            writer.AddPacket(RecordKind.RtpHeader, 2, Ms(1900), [3]);               // held, so older than the one before
            writer.Commit();
        }
        written.AddRange(["Rtcp 2 2100 0102", "RtpHeader 2 1900 03"]);

        var (records, damage) = journal.Read();

        Assert.Equal(written, records);
        Assert.Empty(damage);
    }

    [Fact]
    public async Task Segments_are_ten_seconds_and_chained()
    {
        using var journal = new JournalFolder();
        await using (var writer = journal.Open()) JournalFolder.Write(writer, Enumerable.Range(0, 1600));       // 32 s

        Assert.Equal(4, Directory.GetFiles(journal.Path, "*.seg").Length);
        string previous = new('0', 64);
        for (int n = 1; n <= 4; n++)
        {
            byte[] file = File.ReadAllBytes(journal.Segment(n));
            Assert.Equal(previous, Convert.ToHexString(file[40..72]));
            Assert.Equal(n, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(24)));
            previous = Convert.ToHexString(SHA256.HashData(file));
        }
        var (records, damage) = journal.Read();
        Assert.Equal(3200, records.Count);
        Assert.Empty(damage);
    }

    [Fact]
    public async Task A_second_run_goes_on_in_a_segment_of_its_own()
    {
        using var journal = new JournalFolder();
        List<string> written = [];
        for (int run = 1; run <= 3; run++)
            await using (var writer = journal.Open(run)) written.AddRange(JournalFolder.Write(writer, Enumerable.Range(100 * run, 20)));

        var (records, damage) = journal.Read();

        Assert.Equal(written, records);
        Assert.Empty(damage);
        Assert.Equal([1, 2, 3], Enumerable.Range(1, 3).Select(n => BinaryPrimitives.ReadInt32LittleEndian(File.ReadAllBytes(journal.Segment(n)).AsSpan(28))));
    }

    [Fact]
    public async Task No_nonce_is_used_twice_under_one_key()
    {
        using var journal = new JournalFolder();
        for (int run = 1; run <= 3; run++)
            await using (var writer = journal.Open(run)) JournalFolder.Write(writer, Enumerable.Range(600 * run, 600));

        var keys = new HashSet<string>();
        foreach (string path in Directory.GetFiles(journal.Path, "*.seg"))
        {
            int number = int.Parse(Path.GetFileNameWithoutExtension(path));
            Assert.True(keys.Add(Convert.ToHexString(journal.Keys.UnwrapSegmentKey(File.ReadAllBytes(journal.Key(number)), number))), "a key twice");
            var indices = new HashSet<int>();
            byte[] file = File.ReadAllBytes(path);
            for (int at = 80; at < file.Length; at += 20 + BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4)))
                Assert.True(indices.Add(BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 8))), $"{path}: an index twice");
        }
        Assert.Equal(6, keys.Count);
    }

    [Fact]
    public async Task Nothing_of_what_was_said_or_decided_can_be_read_without_the_key()
    {
        using var journal = new JournalFolder();
        byte[] marker = "a sentence nobody else may read"u8.ToArray();
        await using (var writer = journal.Open())
        {
            writer.AddPacket(RecordKind.Rtp, 1, Ms(0), marker);
            writer.Commit();
            await writer.AppendAsync(new MeetingOpened("a sentence nobody else may read", 1, Noon), Ms(0));
        }
        foreach (string path in Directory.GetFiles(journal.Root, "*", SearchOption.AllDirectories))
            Assert.True(File.ReadAllBytes(path).AsSpan().IndexOf(marker) < 0, path);
        Assert.Contains(journal.Read().Records, r => r.EndsWith(Convert.ToHexString(marker), StringComparison.Ordinal));
    }

    [Fact]
    public void The_nodes_key_is_for_its_owner_only_and_of_the_right_form()
    {
        using var folder = new TemporaryFolder();
        _ = new FileKeyVault(folder["keys"]);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder["keys/node.key"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder["keys"]));
        File.WriteAllText(folder["keys/node.key"], "not a key");
        Assert.Contains("64 hexadecimal digits", Assert.Throws<InvalidDataException>(() => new FileKeyVault(folder["keys"])).Message);
    }

    [Fact]
    public void A_key_is_made_for_new_data_only_and_another_than_the_datas_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] wrapped = NodeKey.Open(folder["keys"], folder["data"]).Wrap(new byte[32], "test");
        Assert.Equal(new byte[32], NodeKey.Open(folder["keys"], folder["data"]).Unwrap(wrapped, "test"));

        File.Move(folder["keys/node.key"], folder["node.key"]);
        Assert.Contains("holds no node.key", Assert.Throws<IOException>(() => NodeKey.Open(folder["keys"], folder["data"])).Message);
        Assert.False(File.Exists(folder["keys/node.key"]));
        _ = NodeKey.Open(folder["keys"], folder["other"]);                           // makes one
        Assert.Contains("is not the one", Assert.Throws<IOException>(() => NodeKey.Open(folder["keys"], folder["data"])).Message);

        File.Move(folder["node.key"], folder["keys/node.key"], overwrite: true);
        File.Delete(folder["data/node.check"]);                                      // of a version before there was one
        Directory.CreateDirectory(folder["data/meetings/mtg_1"]);
        Assert.Equal(new byte[32], NodeKey.Open(folder["keys"], folder["data"]).Unwrap(wrapped, "test"));
        Assert.True(File.Exists(folder["data/node.check"]));
    }

    [Fact]
    public void Another_nodes_key_opens_nothing_and_the_error_says_so()
    {
        using var folder = new TemporaryFolder();
        var meeting = Guid.NewGuid();
        MeetingKeys.OpenOrCreate(folder.Path, meeting, new FileKeyVault(folder["keys"]));

        foreach (var open in (Action[])[
            () => MeetingKeys.Open(folder.Path, meeting, new FileKeyVault(folder["others"])),
            () => MeetingKeys.Open(folder.Path, Guid.NewGuid(), new FileKeyVault(folder["keys"]))])
        {
            var error = Assert.ThrowsAny<CryptographicException>(open);
            Assert.Contains("meeting.key", error.Message);
            Assert.Contains("another node", error.Message);
        }
        File.Delete(folder["meeting.key"]);
        Assert.Throws<FileNotFoundException>(() => MeetingKeys.Open(folder.Path, meeting, new FileKeyVault(folder["keys"])));
    }

    [Fact]
    public void Text_is_opened_by_its_own_meeting_only()
    {
        using var one = new JournalFolder();
        using var other = new JournalFolder();

        byte[] sealedText = one.Keys.SealText("hello"u8);

        Assert.Equal("hello"u8.ToArray(), one.Keys.OpenText(sealedText));
        Assert.ThrowsAny<CryptographicException>(() => other.Keys.OpenText(sealedText));
        sealedText[^1] ^= 1;
        Assert.ThrowsAny<CryptographicException>(() => one.Keys.OpenText(sealedText));
    }
}
