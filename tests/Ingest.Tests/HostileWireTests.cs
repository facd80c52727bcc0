using System.Buffers.Binary;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Srtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests;

/// <summary>Whatever comes to a meeting's port, the meeting goes on, and holds no more memory for it.</summary>
public sealed class HostileWireTests
{
    private const uint Alice = 0x0A11CE;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_truncation_and_every_flipped_bit_of_good_packets_is_survived(bool paused)
    {
        using var node = new Target();
        if (paused) node.Pipeline.Pause(node.Now);
        int sent = 0;
        foreach (byte[] good in node.GoodPackets())
        {
            for (int length = 0; length <= good.Length; length++) Send(good[..length]);
            for (int bit = 0; bit < 8 * good.Length; bit++)
            {
                byte[] flipped = [.. good];
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                Send(flipped);
            }
        }
        Assert.True(sent > 5000, $"{sent} datagrams");
        if (paused) node.Pipeline.Resume(node.Now);
        node.AssertRecordsOn();

        void Send(byte[] datagram)
        {
            node.Pipeline.Receive(datagram, Loopback, node.Now);
            if (++sent % 20 == 0) node.Turn();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_quarter_of_a_million_random_datagrams_costs_nobody_anything(int seed)
    {
        using var node = new Target();
        var random = new Random(seed);
        var good = node.GoodPackets().ToList();
        var buffer = new byte[1500];
        node.Flood(250_000, n =>
        {
            var datagram = buffer.AsSpan(0, random.Next(20) == 0 ? random.Next(1500) : random.Next(64));
            random.NextBytes(datagram);
            if (n % 4 == 0) return datagram;
            if (datagram.Length < 12) return datagram;
            datagram[0] = (byte)(0x80 | (datagram[0] & 0x3F));
            if (n % 4 == 1) return datagram;
            datagram[1] = (byte)(n % 3 == 0 ? 200 + random.Next(8) : Target.PayloadTypes[random.Next(Target.PayloadTypes.Length)]);
            uint ssrc = Target.Ssrcs[random.Next(Target.Ssrcs.Length)];
            BinaryPrimitives.WriteUInt32BigEndian(datagram[(datagram[1] >= 200 ? 4 : 8)..], ssrc);
            if (n % 4 == 2) return datagram;
            byte[] like = good[random.Next(good.Count)];                             // one that was good but for some octets
            like.CopyTo(buffer, 0);
            for (int changes = random.Next(1, 6); changes > 0; changes--) buffer[random.Next(like.Length)] = (byte)random.Next(256);
            return buffer.AsSpan(0, like.Length);
        });
        node.AssertRecordsOn();
    }

    [Fact]
    public void A_flood_of_SSRCs_makes_no_streams_and_keeps_nobody_out()
    {
        using var node = new Target();
        var random = new Random(7);
        byte[] datagram = Datagram(0, 0, 0, Payload(1), Target.Adopting);
        node.Flood(200_000, _ =>
        {
            BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(8), (uint)random.Next());
            BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), (ushort)random.Next());
            return datagram;
        });
        Assert.Empty(node.Pipeline.Tracks[1].Streams);
        node.AssertRecordsOn();
    }

    [Fact]
    public void An_SSRC_that_changes_each_second_for_a_day_leaves_a_few_streams()
    {
        using var node = new Target();
        const int Changes = 5000;
        for (int n = 0; n < Changes; n++)
        {
            node.Skip(Ms(1100));
            for (int k = 0; k < 3; k++) node.Pipeline.Receive(Datagram((uint)(0x5000 + n), (ushort)k, (uint)(960 * k), Payload(1), Target.Adopting), Loopback, node.Now);
        }
        Assert.Equal(3 * Changes, node.Pipeline.Tracks[1].Quality().PacketsReceived);
        Assert.InRange(node.Pipeline.Tracks[1].Streams.Count, 1, 16);
        node.AssertRecordsOn();
    }

    [Fact]
    public void Timestamps_that_cannot_be_make_neither_hours_of_silence_nor_hours_of_work()
    {
        using var node = new Target();
        var random = new Random(3);
        ushort sequence = 100;
        node.Flood(20_000, n => Datagram(Alice, sequence++, (uint)random.NextInt64(1L << 32), Payload(n)));

        Assert.True(node.LastFileEnd <= Samples(node.Now) + 48 * 120, $"the file ends at {node.LastFileEnd / 48000} s, it is {node.Now.TotalSeconds:0} s");
        var quality = node.Pipeline.Tracks[0].Quality();
        Assert.True(quality.Dtx <= node.Now && quality.Gaps.Sum(g => (g.To - g.From).TotalSeconds) <= node.Now.TotalSeconds, $"{quality.Dtx} of silence");
        node.AssertRecordsOn();
    }

    [Fact]
    public void Sequence_numbers_that_jump_with_each_packet_are_refused_and_the_sender_is_heard_again()
    {
        using var node = new Target();
        var random = new Random(4);
        node.Flood(50_000, n => Datagram(Alice, (ushort)random.Next(65536), (uint)random.NextInt64(1L << 32), Payload(n)));

        node.AssertRecordsOn();
    }

    [Fact]
    public void Nobody_takes_over_a_senders_SSRC_from_another_address()
    {
        using var node = new Target();
        var thief = Loopback with { Port = 6666 };
        for (int n = 0; n < 1000; n++)
        {
            node.Pipeline.Receive(Datagram(Alice, (ushort)(60_000 + n), (uint)(960 * n), Payload(n)), thief, node.Now);
            node.Turn();
        }
        Assert.Equal(1000, node.Pipeline.Refused()["wrong_address"]);
        node.AssertRecordsOn();
    }

    [Fact]
    public async Task The_journal_of_a_flooded_meeting_can_be_played()
    {
        using var folder = new JournalFolder();
        await using (var writer = folder.Open())
        {
            using var node = new Target(writer);
            var random = new Random(9);
            var good = node.GoodPackets().ToList();
            for (int n = 0; n < 5000; n++)
            {
                byte[] one = [.. good[random.Next(good.Count)]];
                one[random.Next(one.Length)] ^= (byte)(1 << random.Next(8));
                node.Pipeline.Receive(one.AsSpan(0, random.Next(4) == 0 ? random.Next(one.Length) : one.Length), Loopback, node.Now);
                if (n % 20 == 0) node.Turn();
            }
            node.AssertRecordsOn();
        }
        var played = folder.Read();
        Assert.Contains(played.Records, r => r.StartsWith("Rtp 1 ", StringComparison.Ordinal));
        Assert.Empty(played.Damage);
    }

    /// <summary>A meeting with tracks of every kind, that alice speaks in before, during and after what is done to it.</summary>
    private sealed class Target : IDisposable
    {
        public const byte Adopting = 100, Protected = 101, Video = 102;
        public static readonly byte[] PayloadTypes = [Opus, Adopting, Protected, Video, 72];
        public static readonly uint[] Ssrcs = [Alice, 0xB0B, 0xCA201, 0xDA4E];

        private static readonly List<byte[]> Voice = Sound.Encode(Sound.Voice(48000, seed: 1));
        private readonly CountedMix mix = new();
        private readonly SrtpSender sender = new(SrtpSenders.Parameters(), 0xCA201);
        private readonly FileEnd file = new();
        private int said, heard;
        private uint ssrc = Alice;

        public Target(Ingest.Journal.JournalWriter? journal = null)
        {
            Pipeline = new MediaPipeline(journal, mix, new NoSpeech());
            ((AudioTrack)Pipeline.AddTrack(Track(1, ssrc: Alice) with { AudioLevelExtension = 1 })).File = file;
            Pipeline.AddTrack(Track(2, payloadType: Adopting));
            Pipeline.AddTrack(Track(3, payloadType: Protected, srtp: SrtpSenders.Parameters()));
            Pipeline.AddTrack(Track(4, ssrc: 0xDA4E, payloadType: Video) with { Kind = MediaKind.Video, Codec = "vp8", ClockRate = 90000 });
            Talk(seconds: 3);
        }

        public MediaPipeline Pipeline { get; }
        public TimeSpan Now { get; private set; } = Ms(100);
        public long LastFileEnd => file.End;

        public void Turn()
        {
            Now += Ms(20);
            Pipeline.Commit();
            Pipeline.Advance(Now);
        }

        /// <summary>Time goes by.</summary>
        public void Skip(TimeSpan length)
        {
            Now += length;
            Pipeline.Advance(Now);
        }

        /// <summary>A hundred a turn; on this thread they cost little memory, freed or not, so none is kept for them.</summary>
        public void Flood(int count, Func<int, Span<byte>> next)
        {
            long before = GC.GetAllocatedBytesForCurrentThread(), own = 0;
            for (int n = 0; n < count; n++)
            {
                long making = GC.GetAllocatedBytesForCurrentThread();
                var datagram = next(n);
                own += GC.GetAllocatedBytesForCurrentThread() - making;
                Pipeline.Receive(datagram, Loopback, Now + Ms(0.2 * (n % 100)));
                if (n % 100 == 99) Turn();
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before - own;
            Assert.True(allocated < (16 << 20) + 700L * count, $"{allocated / count} bytes a datagram");
        }

        /// <summary>What alice says from now on is in her track, and the mix is as long as the meeting.</summary>
        public void AssertRecordsOn()
        {
            ssrc = Alice;
            Skip(Ms(1500));
            said += 5000;                                                            // far from whatever was said in her name
            Talk(seconds: 1);
            long before = Pipeline.Tracks[0].Quality().PacketsReceived;
            Talk(seconds: 3);
            Assert.Equal(150, Pipeline.Tracks[0].Quality().PacketsReceived - before);
            Pipeline.Finish(Now);
            Assert.Equal(Samples(Now), mix.Samples);
            Assert.True(heard > 0 && file.End > Samples(Now - Ms(500)), $"the file ends at {file.End / 48} ms of {Now.TotalMilliseconds:0}");
        }

        public IEnumerable<byte[]> GoodPackets()
        {
            byte[] plain = Datagram(Alice, 7, 1000, Payload(1));
            yield return plain;
            yield return [0x90, Opus, .. plain[2..12], 0xBE, 0xDE, 0, 2, 0x10, 0x9E, 0x31, 1, 2, 0, 0, 0, .. plain[12..]];        // audio level and another extension
            yield return [0xB2, Opus, .. plain[2..12], 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0, 0, 1, 1, 1, 0x80, 0, .. plain[12..], 0, 0, 3];   // two sources, two-byte extension, padding
            yield return [.. Report(Alice, Ms(5000), 1000), 0x81, 202, 0, 2, 0, 0x0A, 0x11, 0xCE, 1, 2, 97, 98];                   // SR and SDES
            yield return [0x81, 201, 0, 7, 0, 0x0A, 0x11, 0xCE, .. new byte[24]];
            yield return Datagram(0xDA4E, 9, 3000, [0x90, 0x80, 0x81, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00, .. new byte[40]], Video);
            yield return Datagram(0xB0B, 1, 5, Payload(3), Adopting);
            yield return sender.Protect(Datagram(0xCA201, 1, 5, Payload(3), Protected));
            yield return [0, 1, 0, 8, 0x21, 0x12, 0xA4, 0x42, .. new byte[20]];                                                      // STUN
            yield return [22, 0xFE, 0xFD, .. new byte[40]];                                                                           // DTLS
        }

        public void Dispose()
        {
            Pipeline.Dispose();
            sender.Dispose();
        }

        private void Talk(int seconds)
        {
            for (int n = 0; n < 50 * seconds; n++, said++, heard++)
            {
                Pipeline.Receive(Datagram(ssrc, (ushort)said, (uint)(960 * said), Voice[said % 50]), Loopback, Now);
                Turn();
            }
        }
    }

    private sealed class CountedMix : IMixSink
    {
        public long Samples { get; private set; }
        public void Write(ReadOnlySpan<float> frame) => Samples += frame.Length;
    }

    private sealed class FileEnd : ITrackSink
    {
        public long End { get; private set; }

        public void Write(in PlacedPacket placed)
        {
            Assert.True(placed.FileStart >= End);
            End = placed.FileStart + placed.Duration;
        }
    }

    private sealed class NoSpeech : ISpeechSink
    {
        public void Write(int track, long firstSample, ReadOnlySpan<float> pcm) { }
        public void Pause(int track) { }
        public void End(int track) { }
    }
}
