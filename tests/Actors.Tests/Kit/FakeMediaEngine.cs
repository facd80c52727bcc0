using System.Collections.Concurrent;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Tests.Kit;

/// <summary>Media without packets: it opens, stops and makes files as the test says, and keeps what it was asked.</summary>
internal sealed class FakeMediaEngine : IMediaEngine
{
    private int nextPort = 26000;

    /// <summary>The ports some media holds; a test puts in what somebody else has.</summary>
    public ConcurrentDictionary<int, bool> PortsTaken { get; } = new();
    public ConcurrentQueue<FakeMedia> Opened { get; } = new();
    public ConcurrentQueue<MediaJob> OpenAsked { get; } = new();
    public ConcurrentQueue<(MediaJob Job, TimeSpan Duration)> Processed { get; } = new();
    public bool IsFull { get; set; }
    public Func<MediaJob, Task> BeforeOpen { get; set; } = _ => Task.CompletedTask;
    public Func<CancellationToken, Task> BeforeStop { get; set; } = _ => Task.CompletedTask;
    public Func<MediaJob, IMediaObserver, CancellationToken, Task> BeforeProcessed { get; set; } = (_, _, _) => Task.CompletedTask;
    public Func<MediaJob, ProcessMediaResult> Result { get; set; } = MixAndTracks;
    public SpeechEngine? Engine { get; init; } = new("fake", "none", "00");

    public bool CanHear { get; set; } = true;
    /// <summary>What a meeting that is over is given when its captions are asked for; true: that is all.</summary>
    public Func<MediaJob, IMediaObserver, Task<bool>> Hear { get; set; } = (_, _) => Task.FromResult(false);
    public ConcurrentQueue<MediaJob> CaptionAsked { get; } = new();

    public Task<bool> CaptionAsync(MediaJob job, TimeSpan duration, IMediaObserver observer, CancellationToken ct)
    {
        CaptionAsked.Enqueue(job);
        return Hear(job, observer);
    }

    public bool CanRefine { get; set; }
    /// <summary>What a second pass hears, of the utterances that are wanted; null: the engine went away.</summary>
    public Func<MediaJob, Func<HeardSpan, bool>, Task<RefinedSpeech?>> Refine { get; set; } = (_, _) => Task.FromResult<RefinedSpeech?>(new RefinedSpeech([], []));
    public ConcurrentQueue<(MediaJob Job, IReadOnlyList<HeardSpan> Apart)> RefineAsked { get; } = new();

    public Task<RefinedSpeech?> RefineAsync(
        MediaJob job, TimeSpan duration, IReadOnlyList<HeardSpan> apart, Func<HeardSpan, bool> isWanted, CancellationToken ct)
    {
        RefineAsked.Enqueue((job, apart));
        return Refine(job, isWanted);
    }

    public Stream OpenFile(MeetingId meeting, string path) => throw new FileNotFoundException(path);

    public LiveMix? FindLiveMix(MeetingId meeting) => null;

    public FakeMedia Newest => Opened.Last();

    /// <summary>The meetings that have a key and no media, as far as the engine knows.</summary>
    public ConcurrentDictionary<MeetingId, bool> KeysAlone { get; } = new();
    public Exception? SealFails { get; set; }

    /// <summary>Turned around: good enough to see whether the key itself goes further.</summary>
    public SealedSrtp Seal(MeetingId meeting, SrtpParameters srtp, bool isNew)
    {
        if (isNew) KeysAlone[meeting] = true;
        if (SealFails is { } e) throw e;
        return new(srtp.Suite.Name, [.. srtp.Master.ToArray().Reverse()], srtp.RollOver);
    }

    public byte[] SealSecret(MeetingId meeting, ReadOnlySpan<byte> secret, bool isNew)
    {
        if (isNew) KeysAlone[meeting] = true;
        if (SealFails is { } e) throw e;
        return [.. secret.ToArray().Reverse()];
    }

    public byte[] OpenSecret(MeetingId meeting, ReadOnlySpan<byte> sealedSecret) => [.. sealedSecret.ToArray().Reverse()];

    /// <summary>Ports of tracks' own that no media has taken.</summary>
    public ConcurrentDictionary<int, bool> Reserved { get; } = new();

    public int? ReservePort()
    {
        if (IsFull) return null;
        int port = Interlocked.Add(ref nextPort, 2);
        Reserved[port] = true;
        return port;
    }

    public void ReleasePort(int port) => Reserved.TryRemove(port, out _);

    /// <summary>Ports kept from others; each task ends when it is let go of.</summary>
    public ConcurrentDictionary<int, TaskCompletionSource> Held { get; } = new();

    public IDisposable HoldPort(int port)
    {
        Held[port] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new Holding(this, port);
    }

    private sealed class Holding(FakeMediaEngine engine, int port) : IDisposable
    {
        public void Dispose()
        {
            if (engine.Held.TryRemove(port, out var held)) held.SetResult();
        }
    }

    public IReadOnlyList<MeetingId> Unopened() => [.. KeysAlone.Keys];
    public void Discard(MeetingId meeting) => KeysAlone.TryRemove(meeting, out _);

    public async Task<OpenMediaResult> OpenAsync(MediaJob job, IMediaObserver observer, CancellationToken ct)
    {
        OpenAsked.Enqueue(job);
        await BeforeOpen(job);
        if (IsFull) return new OpenMediaResult.NoCapacity("no port is free");
        int port = job.Port ?? Interlocked.Add(ref nextPort, 2);
        if (!PortsTaken.TryAdd(port, true)) return new OpenMediaResult.NoCapacity($"port {port} is taken");
        var media = new FakeMedia(this, job, observer, port);
        Opened.Enqueue(media);
        return new OpenMediaResult.Opened(media);
    }

    public async Task<ProcessMediaResult> ProcessAsync(MediaJob job, TimeSpan duration, IMediaObserver observer, CancellationToken ct)
    {
        Processed.Enqueue((job, duration));
        await BeforeProcessed(job, observer, ct);
        return Result(job);
    }

    /// <summary>What comes of a render; it may report how far it is.</summary>
    public Func<MediaJob, RenderRequest, RecordingId, IProgress<double>, CancellationToken, Task<RenderMediaResult>> Render { get; set; } =
        (job, request, id, _, _) => Task.FromResult<RenderMediaResult>(new RenderMediaResult.Made(Rendered(job, request, id)));
    public ConcurrentQueue<(RenderRequest Request, RecordingId Id, RenderText Text)> RenderAsked { get; } = new();
    public ConcurrentQueue<RecordingId> Discarded { get; } = new();

    public Task<RenderMediaResult> RenderAsync(
        MediaJob job, TimeSpan duration, RenderRequest request, RenderText text, RecordingId id, IProgress<double> progress, CancellationToken ct)
    {
        RenderAsked.Enqueue((request, id, text));
        return Render(job, request, id, progress, ct);
    }

    public void DiscardRender(MeetingId meeting, RecordingId id) => Discarded.Enqueue(id);

    public static MadeFile Rendered(MediaJob job, RenderRequest request, RecordingId id) =>
        new(request.Layout is null ? "mix" : "video", null, "audio/mp4", "aac", $"/files/{job.Id}/{id}", 512, request.To - request.From, "cc") { Loudness = -16.04, Render = request };

    /// <summary>Everything it held is gone at once, as when the process ends.</summary>
    public void Crash() => PortsTaken.Clear();

    public static ProcessMediaResult MixAndTracks(MediaJob job) => new ProcessMediaResult.Done(
        [
            new MadeFile("mix", null, "audio/mp4", "aac", $"/files/{job.Id}/mix.m4a", 4096, TimeSpan.FromSeconds(60), "aa"),
            .. job.Tracks.Select(t => new MadeFile(
                "track", t.Number, "audio/ogg", "opus", $"/files/{job.Id}/{t.Number}.opus", 1024, TimeSpan.FromSeconds(60), "bb")),
        ],
        Snapshots.Of(MediaHealth.Flowing, TimeSpan.FromSeconds(1), [.. job.Tracks.Select(t => t.Number)]),
        job.Spec.Captions ? CaptionsStatus.Live : CaptionsStatus.Off);
}

internal sealed class FakeMedia(FakeMediaEngine engine, MediaJob job, IMediaObserver observer, int port) : IMeetingMedia
{
    private int disposed;

    public MediaJob Job => job;
    public int Port => port;
    public ConcurrentQueue<Track> Added { get; } = new();
    public ConcurrentQueue<Track> Ended { get; } = new();
    public ConcurrentQueue<string> Told { get; } = new();
    public Task BeforeTold { get; set; } = Task.CompletedTask;
    public Exception? TellFails { get; set; }
    public Exception? AddFails { get; set; }
    public TaskCompletionSource Breaks { get; } = new();
    public Task Broken => Breaks.Task;
    public MediaSnapshot Now { get; set; } = Snapshots.Of(MediaHealth.Waiting, null, [.. job.Tracks.Select(t => t.Number)]);
    public TimeSpan? StoppedAt { get; private set; }
    public bool IsDisposed => disposed > 0;

    public Task AddTrackAsync(Track track, CancellationToken ct)
    {
        if (AddFails is { } e) return Task.FromException(e);
        Added.Enqueue(track);
        return Task.CompletedTask;
    }

    public Task EndTrackAsync(Track track, CancellationToken ct)
    {
        Ended.Enqueue(track);
        return Task.CompletedTask;
    }

    public Task ChangeTrackAsync(Track track, CancellationToken ct) => TellAsync($"track {track.Number} {track.Spec.Participant.Name} {track.Spec.Ssrc}".TrimEnd());
    public Task SetConsentAsync(string participant, string consent, CancellationToken ct) => TellAsync($"{participant} {consent}");
    public Task ExpectAsync(IReadOnlyList<string> vocabulary, CancellationToken ct) => TellAsync($"expect {string.Join(", ", vocabulary)}");
    public Task PauseAsync(CancellationToken ct) => TellAsync("pause");
    public Task ResumeAsync(CancellationToken ct) => TellAsync("resume");

    private async Task TellAsync(string what)
    {
        await BeforeTold;
        if (TellFails is { } e) throw e;
        Told.Enqueue(what);
    }

    public MediaSnapshot Snapshot() => Now;

    public async Task StopAsync(TimeSpan duration, CancellationToken ct)
    {
        StoppedAt = duration;
        await engine.BeforeStop(ct);
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0) engine.PortsTaken.TryRemove(port, out _);
        return ValueTask.CompletedTask;
    }

    public void Say(int track, double startS, double endS, string text) => observer.OnCaption(job.Run, Snapshots.Caption(track, startS, endS, text));
    public void Say(Caption revision) => observer.OnCaption(job.Run, revision);
    public bool IsListenedTo => observer.WantsLevels;
    public void Measure(LevelReading reading) => observer.OnLevels(reading);
    public void Become(CaptionsStatus status) => observer.OnCaptionsStatus(job.Run, status);
}

internal static class Snapshots
{
    public static MediaSnapshot Of(MediaHealth health, TimeSpan? lastPacket, params int[] tracks) => new(
        lastPacket, health,
        [.. tracks.Select(n => new TrackSnapshot(n, (TrackStatus)Math.Min((int)health, (int)TrackStatus.Stalled), Authenticated.Address, TrackQuality.Empty with { PacketsReceived = 50 * n }))],
        new Dictionary<string, long> { ["unknown_ssrc"] = 3 });

    public static Caption Caption(int track, double startS, double endS, string text) => new(
        track, TimeSpan.FromSeconds(startS), TimeSpan.FromSeconds(endS), text, "en",
        [new Word(text, TimeSpan.FromSeconds(startS), TimeSpan.FromSeconds(endS), 0.9)], Late: false);
}
