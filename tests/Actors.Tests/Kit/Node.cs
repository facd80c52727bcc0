using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors.Local;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Sources;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Embedded;

namespace Pipeline.Actors.Tests.Kit;

/// <summary>One node's meetings over a real store in a folder of its own, which outlives restarts.</summary>
internal sealed class Node : IAsyncDisposable
{
    public static readonly TenantId Acme = new("acme");
    private readonly string folder = Directory.CreateTempSubdirectory("meetings-").FullName;
    private readonly Func<Node, IMeetingSources>? sources;
    private EmbeddedMeetingStore embedded;

    private Node(Func<Node, IMeetingSources>? sources)
    {
        this.sources = sources;
        embedded = OpenStore();
        Store = new FaultyStore(embedded);
        Meetings = NewMeetings();
        (Jobs, Renders) = NewRenders();
    }

    public SimulatedClock Clock { get; } = new();
    public FakeMediaEngine Engine { get; init; } = new();
    public TestSealer Sealer { get; } = new();
    public Meters Factory { get; } = new();
    public FaultyStore Store { get; private set; }
    public LocalMeetings Meetings { get; private set; }
    public FaultyJobs Jobs { get; private set; }
    public RenderQueue Renders { get; private set; }
    public string Database => Path.Combine(folder, "archive.db");

    /// <param name="sources">Made anew with each start; null: there are none.</param>
    public static async Task<Node> StartAsync(Func<Node, IMeetingSources>? sources = null)
    {
        var node = new Node(sources);
        await node.Meetings.StartAsync(default);
        await node.Renders.StartAsync(default);
        return node;
    }

    /// <summary>As by SIGTERM, and a new start.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await AgainAsync();
    }

    public async Task StopAsync()
    {
        await Renders.StopAsync(CancellationToken.None);
        await Meetings.StopAsync(CancellationToken.None);
        await embedded.DisposeAsync();
    }

    public async Task AgainAsync()
    {
        embedded = OpenStore();
        Store = new FaultyStore(embedded);
        Meetings = NewMeetings();
        (Jobs, Renders) = NewRenders();
        await Meetings.StartAsync(default);
        await Renders.StartAsync(default);
    }

    public async Task<MeetingView> CreateAsync(MeetingSpec? spec = null, params TrackSpec[] tracks)
    {
        var result = await Meetings.CreateAsync(Acme, spec ?? new MeetingSpec { Title = "Weekly" }, tracks, default);
        return Assert.IsType<CreateMeetingResult.Created>(result).Meeting;
    }

    public async Task<MeetingView> FindAsync(MeetingId id) => (await Meetings.FindAsync(Acme, id, default))!;

    public Task UntilAsync(MeetingId id, Func<MeetingView, bool> holds) => Store.UntilAsync(async () => holds(await FindAsync(id)));
    public Task UntilAsync(MeetingId id, MeetingStatus status) => UntilAsync(id, m => m.Status == status);

    public Task UntilHeardAsync(MeetingId id, int segments) => Store.UntilAsync(
        async () => (await Store.SegmentsAsync(Acme, id, 0, 10_000, default)).Count >= segments);

    public async Task<string[]> LedgerAsync(MeetingId id) => [.. (await Store.LedgerAsync(Acme, id, 0, 1000, default)).Select(e => e.Type)];

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>That nobody listens to.</summary>
    public static ActorsMetrics Metrics() => new(new Meters());

    private EmbeddedMeetingStore OpenStore() => EmbeddedMeetingStore.Open(Database, Sealer, Clock, Metrics());
    private LocalMeetings NewMeetings() => new(Engine, Store, Clock, new ActorsMetrics(Factory), NullLoggerFactory.Instance, sources?.Invoke(this));

    private (FaultyJobs, RenderQueue) NewRenders()
    {
        var jobs = new FaultyJobs(embedded);
        return (jobs, new RenderQueue(Engine, Store, jobs, Clock, new ActorsMetrics(Factory), NullLogger<RenderQueue>.Instance));
    }
}

/// <summary>Remembers whose meters they are.</summary>
internal sealed class Meters : IMeterFactory
{
    public ConcurrentBag<Meter> Made { get; } = [];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options);
        Made.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        foreach (var meter in Made) meter.Dispose();
    }
}

internal static class Tracks
{
    public static TrackSpec Of(string participant, byte payloadType = 111, uint? ssrc = null) => new()
    {
        Participant = new Participant(participant, char.ToUpperInvariant(participant[0]) + participant[1..], "granted"),
        PayloadType = payloadType,
        Ssrc = ssrc,
    };
}

/// <summary>AES-GCM under a key for each meeting; nonce, tag, text.</summary>
internal sealed class TestSealer : ITextSealer
{
    private readonly ConcurrentDictionary<MeetingId, byte[]> keys = new();
    private readonly ConcurrentDictionary<MeetingId, bool> destroyed = new();

    public void Destroy(MeetingId meeting) => destroyed[meeting] = true;

    public byte[] Seal(MeetingId meeting, ReadOnlySpan<byte> text)
    {
        using var aes = new AesGcm(keys.GetOrAdd(meeting, _ => RandomNumberGenerator.GetBytes(32)), tagSizeInBytes: 16);
        byte[] result = new byte[28 + text.Length];
        RandomNumberGenerator.Fill(result.AsSpan(0, 12));
        aes.Encrypt(result.AsSpan(0, 12), text, result.AsSpan(28), result.AsSpan(12, 16));
        return result;
    }

    public byte[]? Open(MeetingId meeting, ReadOnlySpan<byte> sealedText)
    {
        if (destroyed.ContainsKey(meeting)) return null;
        using var aes = new AesGcm(keys[meeting], tagSizeInBytes: 16);
        byte[] text = new byte[sealedText.Length - 28];
        aes.Decrypt(sealedText[..12], sealedText[28..], sealedText[12..28], text);
        return text;
    }
}
