using Pipeline.Ingest.Jitter;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Jitter;

public class JitterBufferTests
{
    [Fact]
    public void Gives_packets_in_the_order_they_were_sent_whatever_the_order_they_came_in()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var sent = Enumerable.Range(0, 300).Select(n => (Epoch: n / 100, Sequence: (long)(n % 100) - 50)).ToArray();
            var came = sent.ToArray();
            random.Shuffle(came);
            var buffer = new JitterBuffer();

            foreach (var (epoch, sequence) in came) buffer.Insert(epoch, sequence, 960 * sequence, Ms(1), -1, Payload((int)sequence, length: random.Next(6, 600)));

            foreach (var (epoch, sequence) in sent)
            {
                Assert.True((buffer[0].Epoch, buffer[0].Sequence) == (epoch, sequence), $"seed {seed}: {buffer[0].Epoch}/{buffer[0].Sequence} for {epoch}/{sequence}");
                Assert.Equal((int)sequence, IdOf(buffer[0].Payload));
                buffer.Release();
            }
            Assert.Equal(0, buffer.Count);
        }
    }

    [Fact]
    public void Uses_its_slots_again_and_allocates_nothing_at_its_steady_size()
    {
        var buffer = new JitterBuffer();
        byte[] payload = Payload(1, length: 200);
        Flow(buffer, payload, 0, 2000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Flow(buffer, payload, 2000, 20_000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Says_when_it_is_full()
    {
        var buffer = new JitterBuffer(capacity: 3);
        for (int n = 0; n < 3; n++)
        {
            Assert.False(buffer.IsFull);
            buffer.Insert(0, n, 0, Ms(0), -1, [0xF8]);
        }
        Assert.True(buffer.IsFull);
        buffer.Release();
        Assert.False(buffer.IsFull);
    }

    /// <summary>A hundred packets wait, as two seconds of speech do; every seventh comes after the one behind it.</summary>
    private static void Flow(JitterBuffer buffer, byte[] payload, int from, int packets)
    {
        for (int n = from; n < from + packets; n++)
        {
            int sequence = (n % 7) switch { 5 => n + 1, 6 => n - 1, _ => n };
            buffer.Insert(0, sequence, 960L * sequence, Ms(n), -1, payload);
            while (buffer.Count > 100) buffer.Release();
        }
    }
}
