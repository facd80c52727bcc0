using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Journal;

/// <summary>A meeting's journal in a folder of its own, and the node around it.</summary>
internal sealed class JournalFolder : IDisposable
{
    public static readonly Guid Meeting = Guid.Parse("01934a5e-0000-7000-8000-000000000001");

    private readonly TemporaryFolder folder = new();
    private readonly JournalDisk disk;

    public JournalFolder()
    {
        disk = new JournalDisk(folder.Path);
        Directory.CreateDirectory(folder["meeting"]);
        Keys = MeetingKeys.OpenOrCreate(folder["meeting"], Meeting, new FileKeyVault(folder["keys"]));
    }

    public JournalDisk Disk => disk;
    public MeetingKeys Keys { get; }
    public string Root => folder.Path;
    public string Path => folder["meeting/journal"];
    public string Segment(int number) => System.IO.Path.Combine(Path, $"{number:D8}.seg");
    public string Key(int number) => System.IO.Path.Combine(Path, $"{number:D8}.key");

    public JournalWriter Open(int run = 1) => new(Path, Meeting, run, Keys, disk);
    public JournalReader Reader() => new(Path, Keys);

    /// <summary>Every record there is to be read, as text; packets by their first octets.</summary>
    public (List<string> Records, IReadOnlyList<JournalDamage> Damage) Read() => Read(Path);

    public (List<string> Records, IReadOnlyList<JournalDamage> Damage) Read(string path)
    {
        var reader = new JournalReader(path, Keys);
        var records = new List<string>();
        foreach (var block in reader.ReadBlocks())
            foreach (var record in block)
                records.Add(record.Control is { } control ? control.ToString() : $"{record.Kind} {record.Track} {record.Arrival.TotalMilliseconds} {Convert.ToHexString(record.Data)}");
        return (records, reader.Damage);
    }

    /// <summary>One block of packets for each number.</summary>
    public static List<string> Write(JournalWriter writer, IEnumerable<int> numbers, int packets = 2)
    {
        var written = new List<string>();
        foreach (int n in numbers)
        {
            for (int p = 0; p < packets; p++)
            {
                byte[] datagram = Datagram(7, (ushort)(packets * n + p), (uint)(960 * n), [0xF8, (byte)n, (byte)p]);
                writer.AddPacket(RecordKind.Rtp, 1, Ms(20 * n + p), datagram);
                written.Add($"Rtp 1 {20 * n + p} {Convert.ToHexString(datagram)}");
            }
            writer.Commit();
        }
        return written;
    }

    public static TrackAdded Added(TrackDescription track) => new(
        track.Number, track.Participant, track.Name, track.Codec, track.PayloadType, track.ClockRate, track.Channels, track.Ssrc, track.AudioLevelExtension)
    {
        Kind = track.Kind == MediaKind.Video ? "video" : "audio",
        Source = track.Source,
        Fmtp = track.Fmtp,
        Layers = track.Layers.Count == 0 ? null : [.. track.Layers.Select(l => new LayerAdded(l.Rid, l.Ssrc))],
        OrientationExtension = track.OrientationExtension,
    };

    public void Dispose()
    {
        disk.Dispose();
        folder.Dispose();
    }
}
