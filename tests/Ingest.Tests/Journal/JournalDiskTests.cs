using Pipeline.Ingest.Journal;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Journal;

public class JournalDiskTests
{
    [Fact(Timeout = 60_000)]
    public async Task A_disk_that_refuses_is_noted_and_what_waited_is_written_when_it_is_back()
    {
        using var journal = new JournalFolder();
        await using var writer = journal.Open();
        var written = JournalFolder.Write(writer, Enumerable.Range(0, 10));
        await writer.AppendAsync(new TrackEnded(1, 1), Ms(1));

        Break(journal);
        written.AddRange(JournalFolder.Write(writer, [1000]));                      // 20 s: a new segment is due, and has nowhere to go
        var later = writer.AppendAsync(new TrackEnded(2, 2), Ms(20_000));
        await Until(() => writer.IsFailing);
        Assert.False(later.IsCompleted);
        Mend(journal);
        await later;

        Assert.False(writer.IsFailing);
        await writer.DisposeAsync();
        var (records, damage) = journal.Read();
        Assert.Equal(written, records.Where(r => r.StartsWith("Rtp", StringComparison.Ordinal)));
        Assert.Empty(damage);                                                       // tries that failed leave no hole in the numbers
        Assert.Equal(0, writer.PacketsMissed);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_over_the_bound_is_counted_and_the_journal_says_so_itself()
    {
        using var journal = new JournalFolder();
        await using var writer = journal.Open();
        Break(journal);
        byte[] datagram = new byte[1200];
        for (int n = 0; n < 5000; n++)                                               // 6 MB: more than may wait
        {
            writer.AddPacket(RecordKind.Rtp, 1, Ms(n), datagram);
            if (n % 10 == 9) writer.Commit();
        }
        Assert.True(writer.IsFailing);
        Assert.InRange(writer.PacketsMissed, 1000, 2000);

        Mend(journal);
        await writer.DisposeAsync();

        var (records, damage) = journal.Read();
        Assert.Equal(5000 - writer.PacketsMissed, records.Count(r => r.StartsWith("Rtp", StringComparison.Ordinal)));
        var missed = Assert.Single(ControlRecords(journal).OfType<PacketsMissed>());
        Assert.Equal(("storage", writer.PacketsMissed, 4_999_000L), (missed.Kind, missed.Packets, missed.ToUs));
        Assert.Empty(damage);
    }

    [Fact]
    public void Small_blocks_behind_a_stalled_disk_become_large_ones_and_nothing_changes_its_place()
    {
        using var journal = new JournalFolder();
        using var stalled = new JournalDisk(journal.Root, DiskFiles.Instance);       // nobody takes its turns
        var writer = new JournalWriter(journal.Path, JournalFolder.Meeting, 1, journal.Keys, stalled);
        List<string> written = [];
        for (int n = 0; n < 3000; n++)                                               // a minute
        {
            written.AddRange(JournalFolder.Write(writer, [n]));
            if (n % 500 != 499) continue;
            _ = writer.AppendAsync(new TrackEnded(n, n), Ms(20 * n));
            written.Add(new TrackEnded(n, n).ToString());
        }

        Assert.InRange(writer.WaitingBlocks, 300, 420);
        stalled.WriteTurn(TimeSpan.Zero);
        Assert.NotEqual(0, writer.WaitingBlocks);
        while (writer.WaitingBlocks > 0) stalled.WriteTurn(TimeSpan.Zero);
        Assert.Equal(written, journal.Read().Records);
    }

    [Fact]
    public async Task Decisions_that_a_dead_disk_would_pile_up_are_refused()
    {
        using var journal = new JournalFolder();
        using var dead = new JournalDisk(journal.Root, DiskFiles.Instance);
        var writer = new JournalWriter(journal.Path, JournalFolder.Meeting, 1, journal.Keys, dead);
        var change = new TrackChanged(1, new string('n', 1000), null, 0);
        var asked = Enumerable.Range(0, 10_000).Select(_ => writer.AppendAsync(change, Ms(0))).ToList();

        await Assert.ThrowsAsync<IOException>(() => asked[^1]);
        Assert.False(asked[3000].IsCompleted);
        Assert.InRange(writer.WaitingBytes, 4 << 20, 6 << 20);
    }

    [Fact]
    public async Task A_disk_that_does_not_keep_what_it_took_is_failing_and_the_decision_is_not_answered()
    {
        using var journal = new JournalFolder();
        var files = new ForgetfulFiles();
        using var disk = new JournalDisk(journal.Root, files);
        var writer = new JournalWriter(journal.Path, JournalFolder.Meeting, 1, journal.Keys, disk);
        files.Forgets = true;
        JournalFolder.Write(writer, [0]);
        disk.WriteTurn(TimeSpan.Zero);
        Assert.False(writer.IsFailing);
        disk.SyncTurn(TimeSpan.FromSeconds(1));
        Assert.True(writer.IsFailing);
        var asked = Enumerable.Range(0, 5).Select(n => writer.AppendAsync(new TrackEnded(n, n), Ms(20))).ToList();
        disk.WriteTurn(TimeSpan.FromSeconds(1));
        disk.SyncTurn(TimeSpan.FromSeconds(2));
        foreach (var decision in asked) await Assert.ThrowsAsync<IOException>(() => decision);
        var unkept = disk.SyncAsync();
        Assert.True(disk.IsSyncUrgent);
        disk.SyncTurn(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAsync<IOException>(() => unkept);

        files.Forgets = false;
        var kept = disk.SyncAsync();
        Assert.False(kept.IsCompleted);
        disk.SyncTurn(TimeSpan.FromSeconds(2));                                      // not when it is due: now
        await kept;
        Assert.False(writer.IsFailing);
    }

    /// <summary>Files that can be written and, for a time, not be synced.</summary>
    private sealed class ForgetfulFiles : IJournalFiles
    {
        public bool Forgets { get; set; }

        public void CreateFolder(string path) => DiskFiles.Instance.CreateFolder(path);
        public IJournalFile Create(string path) => new OpenFile(this, DiskFiles.Instance.Create(path));
        public void Rename(string from, string to) => DiskFiles.Instance.Rename(from, to);
        public void SyncFolder(string path) => Sync();
        public void SyncAll(string folder) => Sync();

        private void Sync()
        {
            if (Forgets) throw new IOException("input/output error");
        }

        private sealed class OpenFile(ForgetfulFiles files, IJournalFile file) : IJournalFile
        {
            public void Write(ReadOnlySpan<byte> bytes, long offset) => file.Write(bytes, offset);
            public void Sync() => files.Sync();
            public void Dispose() => file.Dispose();
        }
    }

    [Fact]
    public async Task A_journal_that_is_given_up_leaves_its_place_to_the_next()
    {
        using var journal = new JournalFolder();
        using var disk = new JournalDisk(journal.Root, DiskFiles.Instance);
        var first = new JournalWriter(journal.Path, JournalFolder.Meeting, 1, journal.Keys, disk);
        Break(journal);
        var asked = first.AppendAsync(new TrackEnded(1, 1), Ms(0));
        disk.WriteTurn(TimeSpan.Zero);                                               // refused, and to be tried again
        Assert.False(first.IsWritten);
        first.Abandon();
        await Assert.ThrowsAsync<IOException>(() => asked);
        Mend(journal);

        var second = new JournalWriter(journal.Path, JournalFolder.Meeting, 1, journal.Keys, disk);
        var written = JournalFolder.Write(second, Enumerable.Range(0, 3));
        for (int turn = 1; turn < 5; turn++) disk.WriteTurn(TimeSpan.FromSeconds(turn));

        Assert.True(first.IsWritten && second.IsWritten);
        Assert.Equal(written, journal.Read().Records);
        await Assert.ThrowsAsync<IOException>(() => first.AppendAsync(new TrackEnded(2, 2), Ms(0)));
    }

    [Fact]
    public void A_meeting_writes_so_much_at_a_turn_and_no_more()
    {
        using var journal = new JournalFolder();
        var idle = new JournalDisk(journal.Root);
        idle.Dispose();                                                              // the turns are the test's
        var writer = new JournalWriter(journal.Path, JournalFolder.Meeting, 1, journal.Keys, idle);
        var written = JournalFolder.Write(writer, Enumerable.Range(0, 100));

        Assert.True(writer.WritePending([]));
        Assert.InRange(journal.Read().Records.Count, 1, written.Count / 2);
        for (int n = 0; n < 5; n++) Assert.True(writer.WritePending([]));

        Assert.Equal(written, journal.Read().Records);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_meeting_the_disk_refused_is_tried_again_however_busy_the_others_are()
    {
        using var journal = new JournalFolder();
        using var others = new JournalFolder();
        await using var broken = journal.Open();
        Break(journal);
        var waits = broken.AppendAsync(new TrackEnded(1, 1), Ms(0));
        await Until(() => broken.IsFailing);
        Mend(journal);

        await using var busy = new JournalWriter(others.Path, JournalFolder.Meeting, 1, others.Keys, journal.Disk);
        while (!waits.IsCompleted)                                                   // never half a second without news for the disk
        {
            JournalFolder.Write(busy, [0]);
            await Task.Yield();
        }

        await waits;
        Assert.False(broken.IsFailing);
    }

    private static List<ControlRecord> ControlRecords(JournalFolder journal)
    {
        var found = new List<ControlRecord>();
        foreach (var block in journal.Reader().ReadBlocks())
            foreach (var record in block)
                if (record.Control is { } control) found.Add(control);
        return found;
    }

    /// <summary>A file where the folder was: not even root can make a segment there.</summary>
    private static void Break(JournalFolder journal)
    {
        Directory.Move(journal.Path, journal.Path + ".away");
        File.WriteAllText(journal.Path, "");
    }

    private static void Mend(JournalFolder journal)
    {
        File.Delete(journal.Path);
        Directory.Move(journal.Path + ".away", journal.Path);
    }

    /// <summary>The disk's threads have no news to give of a failure: a test can only look.</summary>
    private static async Task Until(Func<bool> happened)
    {
        while (!happened()) await Task.Yield();
    }
}
