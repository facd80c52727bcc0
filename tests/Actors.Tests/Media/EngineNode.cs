using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using Pipeline.Transcribe;
using Pipeline.Transcribe.Captions;
using SpeechEffort = Pipeline.Transcribe.Speech.SpeechEffort;

namespace Pipeline.Actors.Tests.Media;

/// <summary>A media engine with real sockets and journals in a folder of its own, and the meeting it is asked about.</summary>
internal sealed class EngineNode : IMediaObserver, IDisposable
{
    private readonly string folder;
    private readonly bool isGuest;
    private readonly FileKeyVault vault;
    private readonly Meters meters = new();

    /// <param name="firstPort">Of its thousand; a test that frees ports and looks has one of its own.</param>
    /// <param name="diskReserve">Bytes that new work leaves free.</param>
    public EngineNode(int firstPort = 27000, long diskReserve = 0) :
        this(Directory.CreateTempSubdirectory("media-").FullName, MeetingId.New(DateTimeOffset.UtcNow), firstPort, diskReserve)
    { }

    /// <summary>The node that comes after another one, with its data and its meeting.</summary>
    public EngineNode(EngineNode before, int firstPort) : this(before.folder, before.Id, firstPort, 0) => isGuest = true;

    private EngineNode(string folder, MeetingId id, int firstPort, long diskReserve)
    {
        (this.folder, Id) = (folder, id);
        vault = new FileKeyVault(Path.Combine(folder, "keys"));
        var options = new MediaEngineOptions { DataFolder = Path.Combine(folder, "data"), BindAddress = IPAddress.Loopback, Ports = (firstPort, firstPort + 999), DiskReserveBytes = diskReserve };
        var speech = new SpeechServices(Recognizer, new TranscribeMetrics(meters), NullLogger<CaptionPipeline>.Instance);
        Engine = new MediaEngine(options, vault, speech, new IngestMetrics(meters), TimeProvider.System, NullLogger<MediaEngine>.Instance);
        Meeting = new MeetingFolder(options.DataFolder, Id);
    }

    public MeetingId Id { get; }
    public MediaEngine Engine { get; }
    public MeetingFolder Meeting { get; }
    public ScriptedRecognizer Recognizer { get; } = new();
    public ConcurrentQueue<Caption> Captions { get; } = new();
    /// <summary>Files that were there before the others.</summary>
    public ConcurrentQueue<MadeFile> Early { get; } = new();
    public ConcurrentQueue<LevelReading> Levels { get; } = new();
    public Track Alice { get; } = new(TrackId.New(DateTimeOffset.UtcNow), 1, Tracks.Of("alice", ssrc: 7));

    /// <param name="age">How long ago the meeting began.</param>
    public MediaJob Job(int run = 1, TimeSpan age = default, IEnumerable<Caption>? heard = null, int? port = null) => new(
        Id, run, DateTimeOffset.UtcNow - age, port, new MeetingSpec { Outputs = ["tracks"] }, [Alice],
        [.. (heard ?? []).Select(c => new HeardSpan(c.Track, c.Start, c.End))]);

    public async Task<IMeetingMedia> OpenAsync(MediaJob job) =>
        Assert.IsType<OpenMediaResult.Opened>(await Engine.OpenAsync(job, this, default)).Media;

    /// <summary>Writes a run as one that a crash ended: Alice says something for a second at each of the times.</summary>
    public async Task WriteRunAsync(int run, double began, double ended, double[] says, params ControlRecord[] decisions)
    {
        using var disk = new JournalDisk(folder);
        await using var journal = new JournalWriter(Meeting.Journal, Id.Value, run, Meeting.OpenOrCreateKeys(vault), disk);
        var at = TimeSpan.FromSeconds(began);
        _ = journal.AppendAsync(new MeetingOpened(Id.ToString(), run, DateTimeOffset.UnixEpoch), at);
        await journal.AppendAsync(TrackMapping.ToRecord(Alice), at);
        foreach (var decision in decisions) await journal.AppendAsync(decision, at);
        using var encoder = new OpusEncoder(32_000, 0);
        var packet = new byte[1275];
        for (int n = (int)(began * 50); n < ended * 50; n++)
        {
            float[] pcm = Voice(n, says.Any(s => n >= s * 50 && n < s * 50 + 50));
            int length = encoder.Encode(pcm, packet);
            journal.AddPacket(RecordKind.Rtp, 1, TimeSpan.FromMilliseconds(20 * n + 5), Datagram(n, packet.AsSpan(0, length)));
            journal.Commit();
        }
    }

    public byte[] Content(MadeFile file) => PlainFiles.Content(file.Path, Meeting.OpenOrCreateKeys(vault));

    /// <summary>What kinds of records the journal holds, in order.</summary>
    public List<RecordKind> Records()
    {
        var kinds = new List<RecordKind>();
        foreach (var block in new JournalReader(Meeting.Journal, Meeting.OpenOrCreateKeys(vault)).ReadBlocks())
            foreach (var record in block) kinds.Add(record.Kind);
        return kinds;
    }

    /// <summary>What processing alone makes of the journal.</summary>
    public async Task<List<Caption>> ProcessAsync(double duration, IEnumerable<Caption> heard)
    {
        Captions.Clear();
        var result = await Engine.ProcessAsync(Job(run: 9, heard: heard), TimeSpan.FromSeconds(duration), this, default);
        Assert.Equal(Actors.Meetings.CaptionsStatus.Live, Assert.IsType<ProcessMediaResult.Done>(result).Captions);
        return [.. Captions.OrderBy(c => c.Start)];
    }

    public void OnCaption(int run, Caption caption) => Captions.Enqueue(caption);
    public void OnCaptionsStatus(int run, Actors.Meetings.CaptionsStatus status, SpeechEffort effort) { }
    public bool WantsLevels => true;
    public void OnLevels(LevelReading reading) => Levels.Enqueue(reading);
    public void OnMix(int run, MadeFile mix) => Early.Enqueue(mix);

    public void Dispose()
    {
        Engine.Dispose();
        meters.Dispose();
        if (!isGuest) Directory.Delete(folder, recursive: true);
    }

    public static byte[] Datagram(int number, ReadOnlySpan<byte> payload)
    {
        var datagram = new byte[12 + payload.Length];
        (datagram[0], datagram[1]) = (0x80, 111);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), (ushort)number);
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(4), (uint)(960 * number));
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(8), 7);
        payload.CopyTo(datagram.AsSpan(12));
        return datagram;
    }

    /// <summary>20 ms of a tone with overtones, in syllables, or of next to nothing.</summary>
    public static float[] Voice(int frame, bool loud) => [.. Enumerable.Range(960 * frame, 960).Select(i =>
    {
        double t = i / 48000.0, envelope = 0.6 - 0.4 * Math.Cos(2 * Math.PI * 5 * t);
        double tone = Math.Sin(2 * Math.PI * 180 * t) + 0.6 * Math.Sin(2 * Math.PI * 720 * t) + 0.5 * Math.Sin(2 * Math.PI * 1900 * t);
        return (float)((loud ? 0.15 * envelope : 0.0001) * tone);
    })];
}
