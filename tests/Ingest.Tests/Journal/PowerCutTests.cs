using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Pipeline.Ingest.Journal;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Journal;

/// <summary>The power goes while meetings are being journaled, hundreds of times, in simulated time.</summary>
public class PowerCutTests
{
    private const int Seeds = 250, Meetings = 2;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1), Drain = TimeSpan.FromMilliseconds(20), Segment = TimeSpan.FromSeconds(10);
    /// <summary>What was received before is there, as the design has it.</summary>
    private static readonly TimeSpan Safe = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void What_was_answered_and_what_is_older_than_half_a_second_is_there_after_a_power_cut()
    {
        using var folder = new TemporaryFolder();
        var vault = new FileKeyVault(folder["keys"]);
        for (int seed = 0; seed < Seeds; seed++)
        {
            try
            {
                new Node(seed, folder[$"node-{seed}"], vault).RunUntilThePowerGoes();
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
            if (Directory.Exists(folder[$"node-{seed}"])) Directory.Delete(folder[$"node-{seed}"], recursive: true);
        }
    }

    /// <summary>A node with two meetings on one disk, and the two threads between them, whose turns are taken here.</summary>
    [SuppressMessage("Reliability", "CA1001", Justification = "Its disk has no threads.")]
    private sealed class Node
    {
        private readonly int seed;
        private readonly Random random;
        private readonly string left;
        private readonly IKeyVault vault;
        private readonly VolatileDisk files = new("/data");
        private readonly JournalDisk disk;
        private readonly List<Journaled> meetings = [];
        private TimeSpan now, nextSync, syncEnds = TimeSpan.MaxValue;

        public Node(int seed, string left, IKeyVault vault)
        {
            (this.seed, this.left, this.vault) = (seed, left, vault);
            random = new Random(seed);
            disk = new JournalDisk("/data", files);
        }

        public void RunUntilThePowerGoes()
        {
            // Every second time about when the first segments are closed: there it is most intricate.
            var cut = seed % 2 == 0 ? Segment + random.Next(600) * Tick : random.Next(12_000) * Tick;
            for (; now < cut; now += Tick)
            {
                if (meetings.Count < Meetings && random.Next(100) == 0) meetings.Add(Begin(meetings.Count));
                foreach (var meeting in meetings) meeting.Receive(now, random);
                if (random.Next(2) == 0) disk.WriteTurn(now);
                Sync();
            }
            files.Cut(random, left);
            foreach (var meeting in meetings) AssertLeft(meeting);
        }

        private Journaled Begin(int index)
        {
            var id = new Guid(index + 1, 0, 0, new byte[8]);
            string folder = $"/data/meetings/mtg_{index}";
            var keys = MeetingKeys.Create(files, folder, id, vault);
            var writer = new JournalWriter($"{folder}/journal", id, 1, keys, disk);
            files.Complete();
            return new Journaled(id, folder, writer, random.Next(20));
        }

        /// <summary>The syncing thread: while it syncs it does nothing else.</summary>
        private void Sync()
        {
            if (now >= syncEnds)
            {
                files.Complete();
                foreach (var meeting in meetings) meeting.NoteAnswered();
                syncEnds = TimeSpan.MaxValue;
            }
            if (syncEnds != TimeSpan.MaxValue || (now < nextSync && !disk.IsSyncUrgent)) return;
            nextSync = disk.SyncTurn(now);
            syncEnds = now + random.Next(1, random.Next(5) == 0 ? 80 : 15) * Tick;
        }

        private void AssertLeft(Journaled meeting)
        {
            string folder = left + meeting.Folder["/data".Length..];
            if (!meeting.IsPromised(now - Safe)) return;                              // not even a key is owed
            Assert.True(File.Exists(Path.Combine(folder, MeetingKeys.FileName)), $"seed {seed}: the meeting's key is gone");
            var keys = MeetingKeys.Open(folder, meeting.Id, vault);

            var writer = new JournalWriter($"{folder}/journal", meeting.Id, 2, keys, new JournalDisk(left, DiskFiles.Instance));
            writer.AddPacket(RecordKind.Rtp, 1, now, Journaled.Packet(Journaled.AfterTheCut));
            writer.Commit();
            Assert.True(writer.WritePending([]));
            _ = writer.DisposeAsync().AsTask();

            List<int> packets = [], decisions = [];
            foreach (var block in new JournalReader($"{folder}/journal", keys).ReadBlocks())
                foreach (var record in block)
                    (record.Control is TrackEnded decision ? decisions : packets).Add(record.Control is TrackEnded e ? e.Number : Journaled.Number(record.Data));

            Assert.True(packets.Distinct().Count() == packets.Count, $"seed {seed}: a packet came twice");
            Assert.Contains(Journaled.AfterTheCut, packets);
            var gone = meeting.Received.Where(p => p.At <= now - Safe && !packets.Contains(p.Number)).ToList();
            Assert.True(gone.Count == 0, $"seed {seed}: {gone.Count} packets are gone, the newest {(now - gone.LastOrDefault().At).TotalMilliseconds:0} ms old");
            var unmade = meeting.Answered.Except(decisions).ToList();
            Assert.True(unmade.Count == 0, $"seed {seed}: {unmade.Count} decisions were answered and are gone");
        }
    }

    /// <summary>One meeting: what was received, decided and answered.</summary>
    private sealed class Journaled(Guid id, string folder, JournalWriter writer, int phase)
    {
        public const int AfterTheCut = int.MaxValue;

        private readonly List<Task> decided = [];
        private readonly List<(int Number, TimeSpan At)> pending = [];

        public Guid Id => id;
        public string Folder => folder;
        public List<(int Number, TimeSpan At)> Received { get; } = [];
        public HashSet<int> Answered { get; } = [];

        public bool IsPromised(TimeSpan safe) => Answered.Count > 0 || Received.Any(p => p.At <= safe);

        public void Receive(TimeSpan now, Random random)
        {
            if (random.Next(5) == 0) pending.Add((Received.Count + pending.Count, now));
            if (random.Next(50) == 0) decided.Add(writer.AppendAsync(new TrackEnded(decided.Count, 0), now));
            if ((int)now.TotalMilliseconds % (int)Drain.TotalMilliseconds != phase) return;
            foreach (var (number, at) in pending) writer.AddPacket(RecordKind.Rtp, 1, at, Packet(number));
            Received.AddRange(pending);
            pending.Clear();
            writer.Commit();
        }

        public void NoteAnswered()
        {
            for (int n = 0; n < decided.Count; n++)
                if (decided[n].IsCompletedSuccessfully) Answered.Add(n);
        }

        public static byte[] Packet(int number)
        {
            var payload = new byte[4 + (number & 127)];
            BinaryPrimitives.WriteInt32LittleEndian(payload, number);
            return Datagram(7, (ushort)number, 960, payload);
        }

        public static int Number(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadInt32LittleEndian(packet[12..]);
    }
}
