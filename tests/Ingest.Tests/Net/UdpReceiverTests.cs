using System.Net;
using System.Net.Sockets;
using Pipeline.Ingest.Net;

namespace Pipeline.Ingest.Tests.Net;

public sealed class UdpReceiverTests : IDisposable
{
    private readonly UdpReceiver receiver = UdpReceiver.TryBind(IPAddress.Loopback, 0)!;
    private readonly DatagramBatch batch = new();
    private readonly Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public UdpReceiverTests() => sender.Connect(IPAddress.Loopback, receiver.Port);

    public void Dispose()
    {
        receiver.Dispose();
        batch.Dispose();
        sender.Dispose();
    }

    [Fact]
    public void Takes_in_every_datagram_as_it_was_sent_with_its_sender_and_when_it_came()
    {
        var random = new Random(1);
        var sent = Enumerable.Range(0, 1000).Select(_ => new byte[random.Next(DatagramBatch.MaxDatagram + 1)]).ToList();
        var before = BootClock.Now;
        foreach (byte[] datagram in sent)
        {
            random.NextBytes(datagram);
            sender.Send(datagram);
        }
        var local = (IPEndPoint)sender.LocalEndPoint!;

        var last = before;
        int received = 0;
        for (receiver.Drain(batch); batch.Count > 0; receiver.Drain(batch))
        {
            TimeSpan boot = BootClock.Now, wall = BootClock.Wall;
            for (int i = 0; i < batch.Count; i++)
            {
                Assert.True(batch.Bytes(i).SequenceEqual(sent[received]), $"datagram {received}");
                Assert.Equal(Datagrams.Peer("127.0.0.1", (ushort)local.Port), batch.Peer(i));
                Assert.True(batch.Peer(i) is { IsIPv4: true, IsLoopback: true });
                var arrival = receiver.Arrival(batch, i, boot, wall);
                // Two clocks are read one after the other: a microsecond of order may be lost between two batches, no more than a few.
                Assert.True(arrival >= last - TimeSpan.FromMilliseconds(1) && arrival <= boot, $"datagram {received} came at {arrival}, the one before at {last}");
                last = arrival;
                received++;
            }
        }
        Assert.Equal(sent.Count, received);
        Assert.Equal(0u, receiver.TakeDropped());
    }

    [Fact]
    public void A_datagram_that_is_too_long_is_no_packet()
    {
        sender.Send(new byte[DatagramBatch.MaxDatagram + 1]);
        sender.Send(new byte[1]);

        receiver.Drain(batch);

        Assert.Equal((2, 0, 1), (batch.Count, batch.Bytes(0).Length, batch.Bytes(1).Length));
        using var pipeline = new MediaPipeline(null, null, null);
        for (int i = 0; i < batch.Count; i++) pipeline.Receive(batch.Bytes(i), batch.Peer(i), TimeSpan.Zero);
        Assert.Equal(2, pipeline.Refused()["malformed"]);
    }

    [Fact]
    public void What_the_kernel_dropped_is_counted()
    {
        var datagram = new byte[1400];
        const int Sent = 12_000;                                                     // more than any buffer the kernel gives holds
        for (int n = 0; n < Sent; n++) sender.Send(datagram);
        int received = DrainAll();
        sender.Send(datagram);                                                       // the count comes beside the next that gets in
        received += DrainAll();

        uint dropped = receiver.TakeDropped();
        Assert.True(dropped > 0, "nothing was dropped");
        Assert.Equal(Sent + 1, received + dropped);
        Assert.Equal(0u, receiver.TakeDropped());
    }

    [Fact]
    public void A_port_another_has_is_not_bound_twice() => Assert.Null(UdpReceiver.TryBind(IPAddress.Loopback, receiver.Port));

    [Fact]
    public void A_sender_over_IPv6_has_its_address()
    {
        using var v6 = UdpReceiver.TryBind(IPAddress.IPv6Loopback, 0)!;
        using var from = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        from.Connect(IPAddress.IPv6Loopback, v6.Port);
        from.Send([1]);

        v6.Drain(batch);

        Assert.Equal(1, batch.Count);
        Assert.True(batch.Peer(0) is { IsIPv4: false, IsLoopback: true });
        Assert.Equal(((IPEndPoint)from.LocalEndPoint!).Port, batch.Peer(0).Port);
    }

    private int DrainAll()
    {
        int received = 0;
        for (receiver.Drain(batch); batch.Count > 0; receiver.Drain(batch))
        {
            received += batch.Count;
            for (int i = 0; i < batch.Count; i++) receiver.Arrival(batch, i, BootClock.Now, BootClock.Wall);
        }
        return received;
    }
}
