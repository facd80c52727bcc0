using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Tests.Rtp;

public class UnwrapperTests
{
    [Theory]
    [InlineData(new[] { 65534, 65535, 0, 1 }, new[] { 65534L, 65535, 65536, 65537 })]
    [InlineData(new[] { 0, 65535, 1 }, new[] { 0L, -1, 1 })]                             // reordered right at the start
    [InlineData(new[] { 65535, 1, 0, 65534, 2 }, new[] { 65535L, 65537, 65536, 65534, 65538 })]
    [InlineData(new[] { 10, 3010, 12 }, new[] { 10L, 3010, 12 })]
    [InlineData(new[] { 60000, 20000, 50000 }, new[] { 60000L, 85536, 115536 })]
    public void Makes_one_line_of_sequence_numbers(int[] wire, long[] line)
    {
        var unwrapper = new SequenceUnwrapper();

        Assert.Equal(line, wire.Select(s => unwrapper.Unwrap((ushort)s)));
    }

    [Theory]
    [InlineData(new[] { 4294967295u, 0u, 960u }, new[] { 4294967295L, 4294967296, 4294968256 })]
    [InlineData(new[] { 0u, 4294966336u, 960u }, new[] { 0L, -960, 960 })]
    public void Makes_one_line_of_timestamps(uint[] wire, long[] line)
    {
        var unwrapper = new TimestampUnwrapper();

        Assert.Equal(line, wire.Select(t => unwrapper.Unwrap(t)));
    }

    [Fact]
    public void Keeps_the_low_bits_and_the_truth_whatever_the_order()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var sequences = new SequenceUnwrapper();
            var timestamps = new TimestampUnwrapper();
            long start = random.Next(65536), at = start;
            for (int n = 0; n < 2000; n++)
            {
                at += random.Next(200);
                long truth = n == 0 ? start : Math.Max(start - 1500, at - random.Next(3000));
                long unwrapped = sequences.Unwrap((ushort)truth), time = timestamps.Unwrap((uint)(truth * 960));
                Assert.True(unwrapped == truth, $"seed {seed}, packet {n}: {unwrapped} is not {truth}");
                Assert.True((ushort)unwrapped == (ushort)truth, $"seed {seed}, packet {n}");
                Assert.True((uint)time == (uint)(truth * 960) && time == truth * 960, $"seed {seed}, packet {n}: {time} is not {truth * 960}");
            }
        }
    }

    [Fact]
    public void Says_what_a_number_would_be_without_taking_it()
    {
        var unwrapper = new SequenceUnwrapper();
        Assert.Equal(40000, unwrapper.Peek(40000));

        unwrapper.Unwrap(65530);

        Assert.Equal(65540, unwrapper.Peek(4));
        Assert.Equal(65500, unwrapper.Peek(65500));
        Assert.Equal(65531, unwrapper.Unwrap(65531));
    }
}
