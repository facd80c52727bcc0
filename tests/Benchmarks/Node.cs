using Pipeline.Ingest;
using Pipeline.Ingest.Journal;

namespace Pipeline.Benchmarks;

/// <summary>A node's meetings as the server sets them up, each with its journal, on a real disk; without mix, captions and archive.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly string folder;
    private readonly JournalDisk disk;
    private readonly MeetingKeys[] keys;

    public Node(string parent)
    {
        folder = Directory.CreateDirectory(Path.Combine(parent, $"pipeline-bench-{Guid.NewGuid():N}")).FullName;
        disk = new JournalDisk(folder);
        var vault = new FileKeyVault(Path.Combine(folder, "keys"));
        keys = new MeetingKeys[Talkers.Meetings];
        Journals = new JournalWriter[Talkers.Meetings];
        Pipelines = new MediaPipeline[Talkers.Meetings];
        for (int m = 0; m < Talkers.Meetings; m++)
        {
            var id = Guid.NewGuid();
            Directory.CreateDirectory(Meeting(m));
            keys[m] = MeetingKeys.OpenOrCreate(Meeting(m), id, vault);
            Journals[m] = new JournalWriter(Journal(m), id, 1, keys[m], disk);
            Pipelines[m] = new MediaPipeline(Journals[m], mix: null, speech: null) { Decodes = false };
            for (int t = 0; t < Talkers.TracksEach; t++) Pipelines[m].AddTrack(Talkers.Track(m * Talkers.TracksEach + t));
        }
    }

    public JournalWriter[] Journals { get; }
    public MediaPipeline[] Pipelines { get; }

    /// <summary>Lets the disk take what waits, so that the loop reuses its blocks as it does when ticks are 20 ms apart.</summary>
    public void AwaitDisk()
    {
        foreach (var journal in Journals)
            while (journal.WaitingBytes > 0) Thread.Sleep(1);
    }

    /// <summary>Ends the meetings and reads their journals back from the files.</summary>
    /// <returns>RTP packets in them.</returns>
    /// <exception cref="InvalidDataException">A journal is not whole.</exception>
    public async Task<long> ReadBackAsync()
    {
        foreach (var journal in Journals) await journal.DisposeAsync();
        long packets = 0;
        for (int m = 0; m < Talkers.Meetings; m++)
        {
            var reader = new JournalReader(Journal(m), keys[m]);
            foreach (var block in reader.ReadBlocks())
                foreach (var record in block)
                    if (record.Kind == RecordKind.Rtp) packets++;
            if (reader.Damage.Count > 0) throw new InvalidDataException($"meeting {m}: {reader.Damage[0]}");
        }
        return packets;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pipeline in Pipelines) pipeline.Dispose();
        foreach (var journal in Journals) await journal.DisposeAsync();
        disk.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private string Meeting(int m) => Path.Combine(folder, $"{m:D2}");
    private string Journal(int m) => Path.Combine(Meeting(m), "journal");
}
