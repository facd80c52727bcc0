using System.Net;
using System.Net.Sockets;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Net;

namespace Pipeline.Actors.Tests.Media;

public sealed class OwnPortTests : IDisposable
{
    private readonly EngineNode node = new(firstPort: 29000);

    public void Dispose() => node.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task A_track_keeps_its_port_over_a_restart_and_gives_it_back_when_it_ends()
    {
        int port = node.Engine.ReservePort()!.Value;
        var bob = new Track(TrackId.New(DateTimeOffset.UtcNow), 2, Tracks.Of("bob") with { OwnPort = true }, Port: port);
        var first = await node.OpenAsync(node.Job());
        await first.AddTrackAsync(bob, default);
        Assert.NotEqual(port, first.Port);
        await first.DisposeAsync();                                                  // the run ends, the meeting does not

        var job = node.Job(run: 2, age: TimeSpan.FromSeconds(1), port: first.Port);
        var second = await node.OpenAsync(job with { Tracks = [.. job.Tracks, bob] });

        Assert.Null(UdpReceiver.TryBind(IPAddress.Loopback, port));
        await SendAsync(port, until: () => second.Snapshot().Tracks.Any(t => t.Number == 2 && t.Quality.PacketsReceived > 0));
        await second.EndTrackAsync(bob with { EndedAt = DateTimeOffset.UtcNow }, default);
        Assert.True(IsFree(port));
        await second.DisposeAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_meeting_is_not_gone_on_with_while_another_program_has_a_tracks_port()
    {
        int port = node.Engine.ReservePort()!.Value;
        node.Engine.ReleasePort(port);
        var bob = new Track(TrackId.New(DateTimeOffset.UtcNow), 2, Tracks.Of("bob") with { OwnPort = true }, Port: port);
        using (UdpReceiver.TryBind(IPAddress.Loopback, port))
        {
            var refused = Assert.IsType<OpenMediaResult.NoCapacity>(await node.Engine.OpenAsync(node.Job() with { Tracks = [node.Alice, bob] }, node, default));
            Assert.Contains(port.ToString(), refused.Detail, StringComparison.Ordinal);
        }
        var media = await node.OpenAsync(node.Job() with { Tracks = [node.Alice, bob] });
        Assert.False(IsFree(port));
        await media.DisposeAsync();
        Assert.True(IsFree(port));
    }

    [Fact]
    public void A_port_that_is_reserved_is_taken_once_or_released()
    {
        using var pool = new PortPool(IPAddress.Loopback, (28_996, 28_999));
        int first = pool.Reserve()!.Value, second = pool.Reserve()!.Value;
        Assert.NotEqual(first, second);
        Assert.Null(pool.Reserve());

        using (var taken = pool.TryTake(first))
        {
            Assert.Equal(first, taken!.Rtp.Port);
            pool.Release(first);                                                     // somebody has it: nothing happens
            Assert.False(IsFree(first));
        }
        pool.Release(second);
        Assert.True(IsFree(first) && IsFree(second));
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_a_meeting_that_ends_before_its_media_was_told_of_a_track_the_port_is_free()
    {
        int port = node.Engine.ReservePort()!.Value;
        var bob = new Track(TrackId.New(DateTimeOffset.UtcNow), 2, Tracks.Of("bob") with { OwnPort = true }, DateTimeOffset.UtcNow, port);
        var media = await node.OpenAsync(node.Job());
        await media.StopAsync(TimeSpan.FromMilliseconds(100), default);
        await node.Engine.ProcessAsync(node.Job() with { Tracks = [node.Alice, bob] }, TimeSpan.FromMilliseconds(100), node, default);
        Assert.True(IsFree(port));
    }

    private static bool IsFree(int port)
    {
        using var bound = UdpReceiver.TryBind(IPAddress.Loopback, port);
        return bound is not null;
    }

    private static async Task SendAsync(int port, Func<bool> until)
    {
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (int n = 0; !until(); n++)
        {
            sender.SendTo([0x80, 111, (byte)(n >> 8), (byte)n, 0, 0, (byte)(n * 960 >> 8), (byte)(n * 960), 0, 0, 0, 9, 0xF8, 0xFF, 0xFE], new IPEndPoint(IPAddress.Loopback, port));
            await pace.WaitForNextTickAsync();
        }
    }
}
