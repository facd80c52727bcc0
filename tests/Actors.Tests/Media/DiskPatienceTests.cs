using System.Net;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Net;

namespace Pipeline.Actors.Tests.Media;

/// <summary>A meeting whose journal lies on a disk that never answers.</summary>
public sealed class DiskPatienceTests : IDisposable
{
    private static readonly TimeSpan Patience = MediaEngine.DiskPatience, Moment = TimeSpan.FromMilliseconds(1);

    private readonly string folder = Directory.CreateTempSubdirectory("patience-").FullName;
    private readonly SimulatedClock clock = new();
    private readonly MediaScheduler scheduler = new(1);
    private readonly Track alice = new(TrackId.New(DateTimeOffset.UnixEpoch), 1, Tracks.Of("alice", ssrc: 7));
    private readonly Track bob = new(TrackId.New(DateTimeOffset.UnixEpoch), 2, Tracks.Of("bob", ssrc: 8));
    private readonly MediaLoop loop;
    private readonly MeetingMedia media;

    public DiskPatienceTests()
    {
        var id = MeetingId.New(DateTimeOffset.UnixEpoch);
        var meeting = new MeetingFolder(folder, id);
        var keys = meeting.OpenOrCreateKeys(new FileKeyVault(Path.Combine(folder, "keys")));
        var stuck = new JournalDisk(folder);
        stuck.Dispose();                                                             // nobody writes or syncs any more
        var journal = new JournalWriter(meeting.Journal, id.Value, 1, keys, stuck);
        loop = new MediaLoop(UdpReceiver.TryBind(IPAddress.Loopback, 0)!, rtcp: null, new MediaPipeline(journal, mix: null, speech: null), journal, BootClock.Now);
        loop.Pipeline.AddTrack(TrackMapping.ToDescription(alice, keys));
        scheduler.Add(loop);
        var job = new MediaJob(id, 1, DateTimeOffset.UnixEpoch, loop.Port, new MeetingSpec(), [alice], []);
        var options = new MediaEngineOptions { DataFolder = folder, BindAddress = IPAddress.Loopback, Ports = (0, 0) };
        media = new MeetingMedia(job, meeting, new RunParts(loop, scheduler, journal, keys, Recorder: null, Captions: null, new PortPool(IPAddress.Loopback, (0, 0)), clock, options, new IngestMetrics(new Meters())), _ => { });
    }

    public void Dispose()
    {
        scheduler.Dispose();
        loop.Pipeline.Dispose();
        loop.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact(Timeout = 60_000)]
    public async Task It_is_waited_for_ten_seconds_and_what_was_to_be_withheld_is_and_nothing_else()
    {
        Func<Task>[] calls =
        [
            () => media.AddTrackAsync(bob, default), () => media.ChangeTrackAsync(alice, default),
            () => media.SetConsentAsync("alice", "denied", default), () => media.SetConsentAsync("alice", "granted", default),
            () => media.PauseAsync(default), () => media.ResumeAsync(default),
        ];
        foreach (var call in calls)
        {
            var asked = call();
            clock.Advance(Patience - Moment);
            Assert.False(asked.IsCompleted);
            clock.Advance(Moment);
            await Assert.ThrowsAsync<TimeoutException>(() => asked);
        }

        var (paused, denied, tracks) = await loop.InvokeAsync(() => (loop.Pipeline.IsPaused, loop.Pipeline.IsDenied("alice"), loop.Pipeline.Tracks.Count));
        Assert.Equal((true, true, 1), (paused, denied, tracks));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_track_that_ends_takes_nothing_more_all_the_same()
    {
        var asked = media.EndTrackAsync(alice, default);
        clock.Advance(Patience);
        await Assert.ThrowsAsync<TimeoutException>(() => asked);

        Assert.True(await loop.InvokeAsync(() => loop.Pipeline.Tracks[0].Ended));
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_gives_up_before_is_not_told_of_the_disk()
    {
        using var gone = new CancellationTokenSource();
        var asked = media.PauseAsync(gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
    }
}
