using Pipeline.Ingest.Streams;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

public class HostileRepairTests
{
    private const byte Rtx = 112;

    [Fact]
    public void Every_truncation_and_every_bit_flip_in_what_carries_packets_again_leaves_the_good_ones_as_they_are()
    {
        byte[] red = Datagram(7, 30, 960 * 30, Red.Payload([(1920, Payload(28)), (960, Payload(29))], Payload(30)), Red.PayloadType);
        byte[] again = Datagram(8, 5, 960 * 20, [0, 20, .. Payload(20)], Rtx);
        byte[] report = [.. Report(7, Ms(0), 1), 0x81, 203, 0, 1, 0, 0, 0, 7];
        foreach (byte[] good in (byte[][])[red, again, report])
        {
            var bad = Enumerable.Range(0, good.Length).Select(length => good[..length]).ToList();
            for (int bit = 8 * 12; bit < 8 * good.Length; bit++)                     // behind the header: another sequence number is another packet
            {
                byte[] flipped = [.. good];
                flipped[bit / 8] ^= (byte)(1 << bit % 8);
                bad.Add(flipped);
            }
            Play(bad);
        }
    }

    [Fact]
    public void Noise_on_all_its_payload_types_neither_breaks_a_track_nor_fills_its_memory()
    {
        var random = new Random(7);
        var bad = new List<byte[]>();
        for (int n = 0; n < 30_000; n++)
        {
            var payload = new byte[random.Next(60)];
            random.NextBytes(payload);
            byte type = random.Next(3) switch { 0 => Red.PayloadType, 1 => Rtx, _ => Opus };
            bad.Add(Datagram((uint)random.Next(7, 9), (ushort)random.Next(65536), (uint)random.NextInt64(1L << 32), payload, type));
        }
        Play(bad, mayHear: true);
    }

    /// <summary>Good packets, with the bad ones between them, and what came of it.</summary>
    private static void Play(List<byte[]> bad, bool mayHear = false)
    {
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null);
        pipeline.SpeakThrough(new SentFeedback(), new Random(1));
        var track = (AudioTrack)pipeline.AddTrack(Track(ssrc: 7, from: "127.0.0.0/8") with { RedPayloadType = Red.PayloadType, Rtx = new RtxParameters(Rtx, 8) });
        var file = new PlacedPackets();
        track.File = file;
        int next = 0;
        for (int n = 0; n < 100; n++)
        {
            if (n is not (20 or 28 or 29 or 30)) pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)), Loopback, Ms(20 * n));
            if (n >= 40)
                for (int share = bad.Count / 50; share > 0 && next < bad.Count; share--) pipeline.Receive([.. bad[next++]], Loopback, Ms(20 * n + 1));
            pipeline.Advance(Ms(20 * n + 2));
        }
        for (int now = 2000; now < 6000; now += 20) pipeline.Advance(Ms(now));

        Assert.InRange(track.Streams.Count, 1, 4);                                   // of two SSRCs, each with what it sends and sends again
        if (mayHear) return;
        var originals = Enumerable.Range(0, 100).Select(n => Convert.ToHexString(Payload(n))).ToHashSet();
        Assert.InRange(file.Places.Count(place => originals.Contains(place.Payload)), 95, 100);
    }
}
