using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Sources;
using Pipeline.Actors.Sources.Janus;

namespace Pipeline.Actors.Tests.Sources;

/// <summary>The protocol over a real WebSocket.</summary>
public sealed class JanusWebSocketTests : IAsyncLifetime
{
    private static readonly JanusId Room = JanusId.Of("lobby"), Alice = JanusId.Of("alice");
    private readonly FakeJanus janus = new(Room);
    private WebApplication server = null!;
    private Uri url = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        server = builder.Build();
        server.UseWebSockets();
        server.Map("/ws", ServeAsync);
        server.Map("/moved", (HttpContext http) => http.Response.Redirect("/ws"));
        server.Map("/page", () => "no WebSocket");
        server.Map("/huge", async (HttpContext http) =>
        {
            using var socket = await http.WebSockets.AcceptWebSocketAsync("janus-protocol");
            var part = new byte[64 << 10];
            try { while (true) await socket.SendAsync(part, WebSocketMessageType.Text, endOfMessage: false, http.RequestAborted); }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException) { /* the client gave up */ }
        });
        await server.StartAsync();
        url = new Uri(server.Urls.First().Replace("http", "ws"));
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public async Task A_room_is_entered_told_of_forwarded_and_left()
    {
        janus.Publish(Alice, "Alice", new FakeJanus.Stream("0", "opus"));
        await using var room = await OpenAsync("/ws");
        Assert.Equal(IPAddress.Loopback, room.Peer);
        var publisher = Assert.Single(await room.JoinAsync(default))!;
        Assert.Equal((Alice, "Alice", "0"), (publisher.Id!.Value, publisher.Display, publisher.Streams![0]!.Mid));

        var asked = new Forwarding(new FeedStream(Alice, "0"), 4_000_000_000, "Alice", JanusMedia.Of(publisher.Streams[0]!)!);
        var forwarder = Assert.Single((await room.ForwardAsync(asked, new byte[30], default)).Forwarders!)!;
        Assert.Equal((26000, 4_000_000_000L), (forwarder.Port, forwarder.Ssrc!.Value));
        Assert.Equal(Convert.ToBase64String(new byte[30]), janus.Forwards()[0].Crypto);
        Assert.Equal(forwarder, Assert.Single((Assert.Single(await room.ListAsync(default))!).Forwarders!));

        await room.KeepAliveAsync(default);
        janus.Unpublish(Alice, "leaving", times: 1);
        await room.WaitForNewsAsync(default);
        Assert.True(room.TryReadNews(out var told));
        Assert.Equal(Alice, told.Leaving);
        await room.StopAsync(new RoomStep.StopForward(Alice, forwarder.StreamId), default);   // gone already
        await room.LeaveAsync(default);
        Assert.Equal(0, janus.Watchers);
    }

    [Fact]
    public async Task Requests_that_are_under_way_together_get_their_own_answers()
    {
        for (int n = 0; n < 40; n++) janus.Publish(JanusId.Of($"p{n}"), $"p{n}", new FakeJanus.Stream("0", "opus"));
        await using var room = await OpenAsync("/ws");
        var media = JanusMedia.Of(JanusRoomTests.Mic("0"))!;
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(n =>
            room.ForwardAsync(new Forwarding(new FeedStream(JanusId.Of($"p{n}"), "0"), (uint)(n + 1), "", media), null, default)));
        Assert.Equal(Enumerable.Range(1, 40).Select(n => (long)n), answers.Select(a => a.Forwarders![0]!.Ssrc!.Value));
    }

    [Fact]
    public async Task A_long_message_arrives_whole()
    {
        for (int n = 0; n < 900; n++) janus.Publish(JanusId.Of($"participant number {n}"), new string('x', 100), new FakeJanus.Stream("0", "opus"));
        await using var room = await OpenAsync("/ws");
        Assert.Equal(900, (await room.JoinAsync(default)).Count);
    }

    [Fact]
    public async Task A_connection_that_ends_ends_what_waits_for_it()
    {
        await using var room = await OpenAsync("/ws");
        await room.JoinAsync(default);
        janus.IsStuck = true;
        var asking = room.ListAsync(default);
        janus.Drop();
        Assert.Equal(JanusFault.Closed, (await Assert.ThrowsAsync<JanusException>(() => asking)).Fault);
        Assert.Equal(JanusFault.Closed, (await Assert.ThrowsAsync<JanusException>(() => room.WaitForNewsAsync(default))).Fault);
        Assert.Equal(JanusFault.Closed, (await Assert.ThrowsAsync<JanusException>(() => room.ListAsync(default))).Fault);
    }

    [Theory]
    [InlineData("/page", "not_janus")]
    [InlineData("/moved", "not_janus")]
    [InlineData("/huge", "overrun")]
    [InlineData("/absent", "not_janus")]
    public async Task What_is_no_Janus_is_told_from_one(string path, string fault) =>
        Assert.Equal(fault, (await Assert.ThrowsAsync<JanusException>(() => OpenAsync(path))).Fault.Word);

    [Fact]
    public async Task Where_nobody_listens_nothing_can_be_reached()
    {
        await server.StopAsync();
        Assert.Equal(JanusFault.Unreachable, (await Assert.ThrowsAsync<JanusException>(() => OpenAsync("/ws"))).Fault);
    }

    [Theory]
    [InlineData("ws://169.254.169.254/", "forbidden")]
    [InlineData("ws://[fe80::1]/", "forbidden")]
    [InlineData("ws://0.0.0.0/", "forbidden")]
    [InlineData("ws://janus.invalid/", "unresolved")]
    public async Task Where_no_SFU_can_be_nothing_is_sent(string address, string fault) =>
        Assert.Equal(fault, (await Assert.ThrowsAsync<JanusException>(() => new JanusWebSocketDoor(new Uri(address), TimeProvider.System).ConnectAsync(default))).Fault.Word);

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("203.0.113.9", true)]
    [InlineData("::1", true)]
    [InlineData("fd00::2", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("169.254.0.1", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("::169.254.169.254", false)]
    [InlineData("64:ff9b::169.254.169.254", false)]
    [InlineData("64:ff9b::10.1.2.3", true)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("::ffff:100.100.100.200", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("ff02::1", false)]
    [InlineData("fe80::1", false)]
    public void Private_networks_are_allowed_and_what_no_server_has_is_not(string address, bool isAllowed) =>
        Assert.Equal(isAllowed, OutgoingAddress.IsAllowed(IPAddress.Parse(address)));

    private Task<VideoRoom> OpenAsync(string path) => VideoRoom.OpenAsync(
        new JanusWebSocketDoor(new Uri(url, path), TimeProvider.System), new VideoRoomTerms(Room, "127.0.0.1", 26000), new(), TimeProvider.System, default);

    private async Task ServeAsync(HttpContext http)
    {
        if (!http.WebSockets.WebSocketRequestedProtocols.Contains("janus-protocol"))
        {
            http.Response.StatusCode = 403;
            return;
        }
        using var socket = await http.WebSockets.AcceptWebSocketAsync("janus-protocol");
        var client = janus.Connect();
        var sending = SendAsync();
        var buffer = new byte[64 << 10];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), http.RequestAborted);
                if (received.MessageType == WebSocketMessageType.Close) break;
                janus.Receive(client, buffer.AsSpan(0, received.Count));
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException) { /* the client is gone */ }
        janus.Disconnect(client);
        await sending;

        async Task SendAsync()
        {
            await foreach (byte[] message in client.Out.Reader.ReadAllAsync())
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, default);
            http.Abort();
        }
    }
}
