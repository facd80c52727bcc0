using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Recording;

namespace Pipeline.Ingest.Tests.Recording;

public class OggOpusWriterTests
{
    private const int Second = 48000, PreSkip = 312;

    [Theory]
    // hole in packets of 20 ms: lost ones; 0.8 s of meeting before the first packet
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(100)]
    public async Task A_player_hears_each_sound_where_it_was_whatever_was_lost_between(int hole)
    {
        const long Start = 38_407;                                                   // no multiple of anything
        long[] chirps = [Second, 2 * Second + 500, 5 * Second, 6 * Second + 700];
        var packets = Sound.Encode(Sound.Chirps(8 * Second, chirps));
        var lost = Enumerable.Range(125, hole).ToHashSet();                          // 2.5 s …
        long duration = 9 * Second + 123;

        using var folder = new TemporaryFolder();
        byte[] file = Write(Sound.Place(packets, Start, lost), duration);
        await File.WriteAllBytesAsync(folder["t.ogg"], file);

        OggFile.Read(file).AssertWhole(duration, PreSkip);
        await AssertDurationAsync(folder["t.ogg"], duration);
        float[] heard = await Sound.DecodeAsync(folder["t.ogg"]);
        Assert.InRange(heard.Length, duration - 48, duration + 48);
        foreach (long chirp in chirps)
        {
            var (at, correlation) = Sound.FindChirp(heard, Start + chirp);
            Assert.True(correlation > 0.7, $"no chirp at {Start + chirp}: {correlation:0.00}");
            Assert.True(Math.Abs(at - Start - chirp) <= 120, $"the chirp of {chirp} lies {(at - Start - chirp) / 48.0:0.00} ms from its place");
        }
        if (hole == 100) Assert.True(Sound.Rms(heard.AsSpan((int)Start + 125 * 960 + 2400, 90 * 960)) < 1e-3, "the hole is not silent");
        Assert.True(heard.Max(Math.Abs) < 0.6, "something is louder than what was sent");
    }

    [Fact]
    public async Task Ten_minutes_without_a_packet_are_ten_minutes_of_silence()
    {
        var packets = Sound.Encode(Sound.Chirps(2 * Second, [Second]));
        long later = 602 * Second, duration = 605 * Second;

        using var folder = new TemporaryFolder();
        byte[] file = WriteParts([Copy(packets, 0), Copy(packets, later)], duration);
        await File.WriteAllBytesAsync(folder["t.ogg"], file);

        OggFile.Read(file).AssertWhole(duration, PreSkip);
        await AssertDurationAsync(folder["t.ogg"], duration);
        float[] heard = await Sound.DecodeAsync(folder["t.ogg"]);
        foreach (long chirp in (long[])[Second, later + Second])
        {
            var (at, correlation) = Sound.FindChirp(heard, chirp);
            Assert.True(correlation > 0.7 && Math.Abs(at - chirp) <= 120, $"{at} for {chirp}, {correlation:0.00}");
        }
        Assert.True(Sound.Rms(heard.AsSpan(3 * Second, 590 * Second)) < 1e-4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(959)]
    [InlineData(48_000)]
    [InlineData(3_600_000)]
    public async Task A_track_nobody_spoke_on_is_a_valid_file_of_silence(long duration)
    {
        using var folder = new TemporaryFolder();
        byte[] file = Write([], duration);
        await File.WriteAllBytesAsync(folder["t.ogg"], file);

        OggFile.Read(file).AssertWhole(duration, PreSkip);
        if (duration < Second) return;
        await AssertDurationAsync(folder["t.ogg"], duration);
        float[] heard = await Sound.DecodeAsync(folder["t.ogg"]);
        Assert.Equal(duration, heard.Length);
        Assert.True(Sound.Rms(heard) < 1e-4);
    }

    [Fact]
    public void Granules_are_the_sum_of_what_was_written_for_any_packets_and_holes()
    {
        int[] durations = [120, 240, 480, 960, 1920, 2880, 5760];
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            long duration = random.Next(20 * Second), at = random.Next(3000);
            var output = new MemoryStream();
            var writer = new OggOpusWriter(output, 1, 1, "A", duration);
            var buffer = new JitterBuffer();
            for (int n = 0; at < duration + Second; n++)
            {
                int length = durations[random.Next(durations.Length)];
                int missing = random.Next(5) == 0 ? random.Next(20_000) : 0, pause = random.Next(7) == 0 ? random.Next(60_000) : 0;
                at += missing + pause;
                buffer.Insert(0, n, at, TimeSpan.Zero, -1, Datagrams.Payload(n, length, length: random.Next(6, 1275)));
                writer.Write(new PlacedPacket(buffer[0], at, length, missing > 0 ? 1 : 0, missing, false));
                Assert.True(writer.Position - length is var start && (start == at || at - start is > 0 and < 120 || at >= duration), $"seed {seed}: {start} for {at}");
                buffer.Release();
                at += length;
            }
            writer.Finish();

            OggFile.Read(output.ToArray()).AssertWhole(duration, PreSkip);
        }
    }

    [Fact]
    public void The_same_packets_make_the_same_bytes()
    {
        var packets = Sound.Encode(Sound.Voice(3 * Second, seed: 1));

        Assert.Equal(Write(Sound.Place(packets), 4 * Second), Write(Sound.Place(packets), 4 * Second));
    }

    [Fact]
    public void A_packet_after_the_end_is_left_out()
    {
        var packets = Sound.Encode(Sound.Voice(3 * Second, seed: 1));

        Assert.Equal(Write(Sound.Place(packets.Take(51).ToList()), Second), Write(Sound.Place(packets), Second));
    }

    [Fact]
    public void Packets_are_written_as_they_were_sent()
    {
        var packets = Sound.Encode(Sound.Voice(3 * Second, seed: 1));

        Assert.Equal(packets, OggFile.Read(Write(Sound.Place(packets), 3 * Second)).Packets.Skip(2).Take(packets.Count));
    }

    /// <summary>ffprobe counts the pre-skip in, of every Opus file, its own too; the decoded samples are counted without.</summary>
    private static async Task AssertDurationAsync(string path, long duration) =>
        Assert.Equal((duration + PreSkip) / 48000.0, await Sound.DurationAsync(path), tolerance: 0.001);

    private static (List<byte[]> Packets, long Start) Copy(List<byte[]> packets, long start) => (packets, start);

    private static byte[] WriteParts(IEnumerable<(List<byte[]> Packets, long Start)> parts, long duration) =>
        Write(parts.SelectMany(p => Sound.Place(p.Packets, p.Start)), duration);

    private static byte[] Write(IEnumerable<PlacedPacket> placed, long duration)
    {
        var output = new MemoryStream();
        var writer = new OggOpusWriter(output, serial: 1, channels: 1, "Alice", duration);
        foreach (var packet in placed) writer.Write(packet);
        writer.Finish();
        return output.ToArray();
    }
}
