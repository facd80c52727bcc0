using System.Buffers.Binary;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Jitter;
using Pipeline.Ingest.Video;
using Xunit.Abstractions;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>Where pictures lie in the meeting, and the sound of the same sender beside them, over networks that are simulated.</summary>
public class VideoTimingTests(ITestOutputHelper output)
{
    private const uint Voice = 7, Camera = 8;

    [Theory]
    [InlineData(0, 5, 0)]
    [InlineData(0, 40, 0.05)]
    [InlineData(200, 20, 0.01)]
    [InlineData(-300, 20, 0)]
    public void Sound_and_picture_of_one_sender_stay_within_40_ms(double ppm, int jitterMs, double reordering)
    {
        var sender = new Sender(ppm);
        sender.Send(TimeSpan.FromMinutes(6));
        var link = new SimulatedLink<Sent>(seed: 21) { Jitter = Ms(jitterMs), Reordering = reordering };
        var meeting = new Meeting();
        meeting.Play(sender, link);

        Assert.Equal(sender.Frames.Count, meeting.Pictures.Count);
        double worst = 0;
        var voice = meeting.Sounds.OrderBy(s => s.Taken).ToList();
        int at = 0;
        foreach (var (id, place) in meeting.Pictures)
        {
            var taken = sender.Frames[id];
            while (at + 1 < voice.Count && voice[at + 1].Taken <= taken) at++;
            double sound = (voice[at].Place - voice[at].Taken).TotalMilliseconds, picture = (place - taken).TotalMilliseconds;
            worst = Math.Max(worst, Math.Abs(sound - picture));
            Assert.InRange(picture, 30 - 15, 30 + 25);
        }
        output.WriteLine($"{ppm} ppm, {jitterMs} ms of jitter: at most {worst:0.0} ms apart");
        Assert.InRange(worst, 0, 40);
    }

    [Fact]
    public void A_browser_that_was_frozen_goes_on_where_its_pictures_arrive()
    {
        var sender = new Sender(0);
        sender.Send(TimeSpan.FromSeconds(20));
        sender.Freeze(TimeSpan.FromSeconds(12));
        sender.Send(TimeSpan.FromSeconds(20));
        sender.Freeze(Ms(300));
        sender.Send(TimeSpan.FromSeconds(20));
        var meeting = new Meeting();
        meeting.Play(sender, new SimulatedLink<Sent>(seed: 4) { Jitter = Ms(10) });

        Assert.Equal(sender.Frames.Count, meeting.Pictures.Count);
        foreach (var (id, place) in meeting.Pictures) Assert.InRange((place - sender.Frames[id]).TotalMilliseconds, 15, 55);
    }

    [Fact]
    public void Packets_that_were_repaired_within_two_seconds_leave_no_hole_and_no_gap_that_a_key_frame_was_not_asked_for()
    {
        var sender = new Sender(0);
        sender.Send(TimeSpan.FromSeconds(30));
        var random = new Random(9);
        var late = sender.Packets.Where(p => p.Bytes[11] == Camera && random.NextDouble() < 0.05).ToDictionary(p => p, _ => Ms(random.Next(30, 390)));
        var link = new SimulatedLink<Sent>(seed: 4);
        var meeting = new Meeting();
        meeting.Play(sender, link, late);

        Assert.Equal(sender.Frames.Count, meeting.Pictures.Count);
        Assert.Empty(meeting.Video.Quality().Gaps);
        Assert.False(meeting.Video.NeedsKeyFrame);
        Assert.Equal(0, meeting.Video.Quality().PacketsLost);
    }

    [Fact]
    public void A_loss_is_a_gap_until_the_next_key_frame_and_the_pictures_of_that_time_are_left_out()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var sender = new Sender(0);
            sender.Send(TimeSpan.FromSeconds(40));
            var link = new SimulatedLink<Sent>(seed) { Loss = 0.003 };
            var meeting = new Meeting();
            meeting.Play(sender, link);

            var lost = link.Lost.Where(p => p.Bytes[11] == Camera).ToList();
            var left = new HashSet<int>();
            bool whole = false;
            for (int id = 0; id < sender.Frames.Count; id++)
            {
                whole = (whole || id % Sender.KeyEvery == 0) && lost.All(p => p.Frame != id);
                if (!whole) left.Add(id);
            }
            Assert.Equal(Enumerable.Range(0, sender.Frames.Count).Where(id => !left.Contains(id)), meeting.Pictures.Select(p => p.Id));

            // Each picture that was left out lies in a gap; what shorter holes hide is that they are noticed by the packet behind them.
            var gaps = meeting.Video.Quality().Gaps;
            Assert.All(gaps, gap => Assert.Equal(GapKind.Loss, gap.Kind));
            foreach (int id in left.Where(id => id > Sender.KeyEvery && left.Contains(id - 1) && left.Contains(id + 1)))
                Assert.True(gaps.Any(g => g.From <= sender.Frames[id] + Ms(100) && g.To >= sender.Frames[id]), $"seed {seed}: picture {id} is missing and no gap says so");
            double gone = left.Count(id => id > 0) / 30.0, said = gaps.Sum(g => (g.To - g.From).TotalSeconds);
            Assert.True(Math.Abs(gone - said) < 0.1 * lost.Count + 0.1, $"seed {seed}: {gone:0.00} s are missing, {said:0.00} s are said to be");
        }
    }

    [Fact]
    public void What_was_sent_in_a_pause_is_never_seen_and_the_first_picture_after_it_is_a_key_frame()
    {
        var sender = new Sender(0);
        sender.Send(TimeSpan.FromSeconds(30));
        var meeting = new Meeting { PauseFrom = Ms(9_500), PauseTo = Ms(15_300) };
        meeting.Play(sender, new SimulatedLink<Sent>(seed: 4));

        var gap = Assert.Single(meeting.Video.Quality().Gaps);
        Assert.Equal(GapKind.Pause, gap.Kind);
        foreach (var (id, _) in meeting.Pictures) Assert.False(sender.Frames[id] + Ms(30) > Ms(9_500) && sender.Frames[id] + Ms(30) < Ms(15_300), $"picture {id} was sent in the pause");
        var first = meeting.Pictures.First(p => sender.Frames[p.Id] > Ms(15_000));
        Assert.Equal(0, first.Id % Sender.KeyEvery);
        Assert.Equal(sender.Frames.Count - 1, meeting.Pictures[^1].Id);
    }

    /// <param name="Frame">Of a camera's packet.</param>
    private sealed record Sent(TimeSpan At, byte[] Bytes, int Frame);

    /// <summary>Somebody with a microphone and a camera of 30 pictures a second, both by one clock.</summary>
    private sealed class Sender(double ppm)
    {
        public const int KeyEvery = 60;
        private readonly SimulatedSender voice = new(Voice) { DriftPpm = ppm };
        private readonly Random random = new(3);
        private ushort sequence = 64_000;
        private double ticks = 4_294_000_000;
        private TimeSpan now;

        public List<Sent> Packets { get; } = [];
        /// <summary>When each picture was taken, by the meeting's clock.</summary>
        public List<TimeSpan> Frames { get; } = [];

        public void Send(TimeSpan length)
        {
            voice.Now = now;
            voice.Talk(length);
            Packets.AddRange(voice.Sent.Where(p => p.At >= now).Select(p => new Sent(p.At, p.Bytes, -1)));
            for (var until = now + length; now < until; now += TimeSpan.FromSeconds(1 / 30.0), ticks += 3000 * (1 + 1e-6 * ppm))
            {
                int packets = Frames.Count % KeyEvery == 0 ? 12 : random.Next(1, 4);
                for (int n = 0; n < packets; n++) Packets.Add(new Sent(now + Ms(n), Piece(n, packets), Frames.Count));
                Frames.Add(now);
            }
        }

        /// <summary>Time goes by and the media clocks stand.</summary>
        public void Freeze(TimeSpan length) => now += length;

        private byte[] Piece(int n, int of)
        {
            byte[] payload = new byte[40];
            payload[0] = n == 0 ? (byte)0x10 : (byte)0;
            if (n == 0 && Frames.Count % KeyEvery == 0) ((byte[])[0, 0, 0, 0x9D, 0x01, 0x2A, 64, 0, 64, 0]).CopyTo(payload, 1);
            else payload[1] = 1;
            BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(20), Frames.Count);
            byte[] datagram = Datagram(Camera, sequence++, (uint)(long)ticks, payload, EncodedVideo.PayloadType);
            if (n == of - 1) datagram[1] |= 0x80;
            return datagram;
        }
    }

    /// <summary>A pipeline with both tracks, as it plays a journal.</summary>
    private sealed class Meeting : IFrameSink, ITrackSink
    {
        public VideoTrack Video { get; private set; } = null!;
        public List<(int Id, TimeSpan Place)> Pictures { get; } = [];
        public List<(TimeSpan Taken, TimeSpan Place)> Sounds { get; } = [];
        public TimeSpan PauseFrom { get; init; } = TimeSpan.MaxValue;
        public TimeSpan PauseTo { get; init; } = TimeSpan.MaxValue;
        private Dictionary<int, TimeSpan> taken = [];

        public void Play(Sender sender, SimulatedLink<Sent> link, IReadOnlyDictionary<Sent, TimeSpan>? late = null)
        {
            using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Decodes = false };
            ((AudioTrack)pipeline.AddTrack(Track(1, ssrc: Voice))).File = this;
            Video = (VideoTrack)pipeline.AddTrack(Track(2, ssrc: Camera, payloadType: EncodedVideo.PayloadType) with { Kind = MediaKind.Video, Codec = "vp8", ClockRate = 90_000 });
            Video.Pictures = this;
            taken = sender.Packets.Where(p => p.Frame < 0).ToDictionary(p => IdOf(p.Bytes.AsSpan(12)), p => p.At);
            foreach (var packet in sender.Packets.Where(p => late?.ContainsKey(p) != true).OrderBy(p => p.At)) link.Send(packet, packet.At);

            var arrivals = link.DeliverAll().Select(d => (d.Packet.Bytes, At: d.Arrival)).Concat(late?.Select(l => (l.Key.Bytes, At: l.Key.At + link.Delay + l.Value)) ?? []).OrderBy(a => a.At).ToList();
            var (now, pauseFrom, pauseTo) = (TimeSpan.Zero, PauseFrom, PauseTo);
            foreach (var (bytes, arrival) in arrivals)
            {
                for (; now < arrival; now += Ms(20)) pipeline.Advance(now);
                if (arrival >= pauseFrom) (pauseFrom, _) = (TimeSpan.MaxValue, Pause(pipeline));
                if (arrival >= pauseTo) (pauseTo, _) = (TimeSpan.MaxValue, Resume(pipeline));
                pipeline.Receive((byte[])bytes.Clone(), Loopback, arrival);
            }
            pipeline.Finish(arrivals[^1].At + Ms(1000));
        }

        public void Write(in VideoFrame frame) => Pictures.Add((BinaryPrimitives.ReadInt32LittleEndian(frame.Data[19..]), VideoTimeline.ToTime(frame.Place)));

        public void Write(in PlacedPacket placed) => Sounds.Add((taken[IdOf(placed.Packet.Payload)], TimeSpan.FromSeconds(placed.Start / 48_000.0)));

        private bool Pause(MediaPipeline pipeline)
        {
            pipeline.Pause(PauseFrom);
            return true;
        }

        private bool Resume(MediaPipeline pipeline)
        {
            pipeline.Resume(PauseTo);
            return true;
        }
    }
}
