using System.Net;
using System.Text;
using System.Threading.Channels;
using Pipeline.Actors.Sources.Janus;

namespace Pipeline.Actors.Tests.Sources;

/// <summary>A connection whose other side says what it likes.</summary>
public sealed class JanusConnectionTests
{
    [Fact]
    public async Task News_that_wait_have_a_bound_in_octets_and_what_nothing_follows_from_does_not_count()
    {
        var janus = new Script();
        await using var connection = await JanusConnection.OpenAsync(janus, null, TimeProvider.System, default);
        for (int n = 0; n < 20; n++) janus.Say(Event("\"videoroom\":\"talking\",\"id\":1"));
        for (int n = 0; n < 7; n++) janus.Say(Event($"\"videoroom\":\"event\",\"leaving\":{n}"));
        await connection.KeepAliveAsync(default);                                    // answered behind them: they are not too much

        for (int n = 0; n < 7; n++)
        {
            Assert.True(connection.TryReadNews(out var told));
            Assert.Equal(JanusId.Of(n), told.Leaving);
        }
        for (int n = 0; n < 7; n++) janus.Say(Event($"\"videoroom\":\"event\",\"leaving\":{n}"));
        await connection.KeepAliveAsync(default);                                    // what was read makes room
        for (int n = 0; n < 2; n++) janus.Say(Event($"\"videoroom\":\"event\",\"leaving\":{n}"));
        Assert.Equal(JanusFault.Overrun, (await Assert.ThrowsAsync<JanusException>(() => connection.KeepAliveAsync(default))).Fault);
    }

    /// <summary>Half a megabyte of it.</summary>
    private static string Event(string members) => "{\"janus\":\"event\",\"plugindata\":{\"data\":{" + members + ",\"why\":\"" + new string('x', 1 << 19) + "\"}}}";

    private sealed class Script : IJanusDoor, IJanusTransport
    {
        private readonly Channel<byte[]> said = Channel.CreateUnbounded<byte[]>();

        public void Say(string message) => said.Writer.TryWrite(Encoding.UTF8.GetBytes(message));

        public Task<JanusLine> ConnectAsync(CancellationToken ct) => Task.FromResult(new JanusLine(this, IPAddress.Loopback));

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken ct)
        {
            string asked = Encoding.UTF8.GetString(message.Span);
            string transaction = asked.Split("\"transaction\":\"")[1].Split('"')[0];
            Say($$$"""{"janus":"{{{(asked.Contains("keepalive") ? "ack" : "success")}}}","transaction":"{{{transaction}}}","data":{"id":1}}""");
            return ValueTask.CompletedTask;
        }

        public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken ct) => await said.Reader.ReadAsync(ct);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
