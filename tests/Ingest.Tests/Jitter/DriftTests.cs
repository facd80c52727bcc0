using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Jitter;

/// <summary>A sender whose clock is not ours.</summary>
public class DriftTests
{
    private const int Second = 48000, Ssrc = 7;
    private static readonly TimeSpan Delay = Ms(30), Hours = TimeSpan.FromHours(2);

    private readonly record struct Datagram(TimeSpan At, byte[] Bytes, int Duration)
    {
        public bool IsReport => Duration == 0;
    }

    [Theory]
    [InlineData(200, false)]
    [InlineData(-200, false)]
    [InlineData(200, true)]
    [InlineData(-200, true)]
    public void Each_packet_of_two_hours_lies_where_it_was_said(double ppm, bool reports)
    {
        var sent = new Dictionary<long, Datagram>();                                 // by timestamp, which wraps later than that
        using var track = new SimulatedFile();
        int seen = 0;
        var sender = new SimulatedSender(Ssrc, timestamp: 1000) { DriftPpm = ppm, Now = Ms(100) };
        // Breaths of 300 ms each 8 s, in which packets are short.
        byte[] Next() => Payload(seen, length: sender.Now.TotalSeconds % 8 < 0.3 ? 8 : 60);
        foreach (var (datagram, arrival) in Send(sender, seed: 11, Hours, reports, Next))
        {
            if (!datagram.IsReport)
            {
                Assert.True(RtpPacket.TryParse(datagram.Bytes, out var packet));
                sent[packet.Timestamp] = datagram;
                track.Track.Receive(packet, arrival);
            }
            else track.Track.ReceiveRtcp(datagram.Bytes, arrival);
            if (++seen % 10 != 0) continue;
            track.Place(Samples(arrival - Ms(2000)), (placed, file) =>
            {
                sent.Remove(placed, out var said);
                long truth = Samples(said.At + Delay);
                double atMs = said.At.TotalMilliseconds;
                Assert.True(Math.Abs(file.Start - truth) <= 20 * 48, $"{atMs:0} ms: {(file.Start - truth) / 48.0:0.0} ms away in the mix");
                Assert.True(!file.InFile || Math.Abs(file.FileStart - truth) <= 60 * 48, $"{atMs:0} ms: {(file.FileStart - truth) / 48.0:0.0} ms away in the file");
            });
            if (seen % 1000 == 0 && arrival > TimeSpan.FromMinutes(4)) Assert.Equal(ppm, track.Track.Quality().ClockDriftPpm, tolerance: 15);
        }

        // 1.44 s in two hours were taken up in silence, and nothing was lost for it.
        var (added, removed) = track.Track.FileSilence;
        double expected = Hours.TotalSeconds * ppm * -1e-6;
        Assert.Equal(expected, (added - removed).TotalSeconds, tolerance: 0.1);
        Assert.InRange((added + removed).TotalSeconds, Math.Abs(expected) - 0.1, 2 * Math.Abs(expected));
        Assert.True(track.Placed > 300_000, $"{track.Placed} packets");
    }

    [Theory]
    [InlineData(300, false)]
    [InlineData(-300, false)]
    [InlineData(300, true)]
    [InlineData(-300, true)]
    [InlineData(150, false)]
    [InlineData(-60, true)]
    [InlineData(0, false)]
    public void Nor_does_a_clock_that_is_three_hundred_ppm_wrong_move_it(double ppm, bool reports)
    {
        var sender = new SimulatedSender(Ssrc, timestamp: 1000) { DriftPpm = ppm, Now = Ms(100) };
        int said = 0;
        AssertInPlace(Send(sender, seed: 3, Ms(30 * 60_000), reports, () => Payload(++said, length: 60)), fileMs: 60);
    }

    [Theory]
    [InlineData(100, 600)]                                                           // ppm, seconds there and back
    [InlineData(300, 1800)]
    public void A_clock_that_changes_its_speed_is_followed(double ppm, double seconds)
    {
        var sender = new SimulatedSender(Ssrc, timestamp: 1000) { Now = Ms(100) };
        int said = 0;
        byte[] Next()
        {
            sender.DriftPpm = ppm * Math.Sin(2 * Math.PI * sender.Now.TotalSeconds / seconds);
            return Payload(++said, length: 60);
        }
        AssertInPlace(Send(sender, seed: 4, Ms(40 * 60_000), reports: false, Next), fileMs: 60);
    }

    [Theory]
    [InlineData(960, 60)]
    [InlineData(1920, 60)]
    [InlineData(2880, 60)]
    [InlineData(5760, 65)]                                                           // a packet of 120 ms is left out whole: half of it, and what its place trembles
    public void A_file_of_somebody_who_never_falls_silent_is_put_right_all_the_same(int duration, double fileMs)
    {
        foreach (double ppm in (double[])[290, -290])
        {
            var sender = new SimulatedSender(Ssrc, timestamp: 1000) { DriftPpm = ppm, Now = Ms(100) };
            int said = 0;
            AssertInPlace(Send(sender, seed: 6, Ms(30 * 60_000), reports: false, () => Payload(++said, duration), duration), fileMs);
        }
    }

    public static TheoryData<string> WrongReports => ["outliers", "set", "set often", "another clock", "fast clock", "timestamps off", "wild timestamps", "hour of the first", "from the future"];

    [Theory]
    [MemberData(nameof(WrongReports))]
    public void Reports_that_are_wrong_move_nothing(string how)
    {
        var random = new Random(8);
        int n = 0;
        byte[] Wrong(TimeSpan now, long timestamp)
        {
            n++;
            var (wall, at) = (now, timestamp);
            switch (how)
            {
                case "outliers": wall += n % 5 == 3 ? Ms(random.Next(-4000, 4000)) : Ms(0); break;
                case "set": wall += now.TotalMinutes > 10 ? TimeSpan.FromHours(-3) : Ms(0); break;
                case "set often": wall += Ms(40 * Math.Floor(now.TotalSeconds / 23)); break;
                case "another clock": wall = Ms(random.NextInt64(1L << 31)); break;
                case "fast clock": wall *= 1 - 180e-6; break;
                case "timestamps off": at += 48000 * 7; break;
                case "wild timestamps": at = random.NextInt64(1L << 32); break;
                case "hour of the first": wall += n == 1 ? TimeSpan.FromHours(1) : Ms(0); break;
                case "from the future": wall += TimeSpan.FromDays(4000) + now * 3; break;
            }
            return Report(Ssrc, wall, (uint)at);
        }
        var sender = new SimulatedSender(Ssrc, timestamp: 1000) { DriftPpm = -140, Now = Ms(100) };
        int said = 0;
        AssertInPlace(Send(sender, seed: 7, Ms(20 * 60_000), reports: true, () => Payload(++said, length: 60), report: Wrong), fileMs: 60);
    }

    private static void AssertInPlace(IEnumerable<(Datagram Datagram, TimeSpan Arrival)> sent, double fileMs)
    {
        var truths = new Dictionary<long, TimeSpan>();
        using var track = new SimulatedFile();
        int seen = 0;
        void Check(long placed, (long Start, long FileStart, bool InFile) file)
        {
            truths.Remove(placed, out var said);
            long truth = Samples(said + Delay);
            Assert.True(Math.Abs(file.Start - truth) <= 20 * 48, $"{said.TotalSeconds:0.0} s: {(file.Start - truth) / 48.0:0.0} ms away in the mix");
            Assert.True(!file.InFile || Math.Abs(file.FileStart - truth) <= fileMs * 48, $"{said.TotalSeconds:0.0} s: {(file.FileStart - truth) / 48.0:0.0} ms away in the file");
        }
        foreach (var (datagram, arrival) in sent)
        {
            if (datagram.IsReport) track.Track.ReceiveRtcp(datagram.Bytes, arrival);
            else
            {
                Assert.True(RtpPacket.TryParse(datagram.Bytes, out var packet));
                truths[packet.Timestamp] = datagram.At;
                track.Track.Receive(packet, arrival);
            }
            if (++seen % 5 == 0) track.Place(Samples(arrival - Ms(2000)), Check);
        }
        Assert.True(track.Placed > 5000, $"{track.Placed} packets");
    }

    [Theory]
    [InlineData(-200, false)]
    [InlineData(200, true)]
    public void A_sound_in_the_mix_is_where_it_was_made_for_two_hours(double ppm, bool reports)
    {
        float[] hum = new float[10 * Second];
        for (int i = 0; i < hum.Length; i++) hum[i] = 0.002f * (float)Math.Sin(0.05 * i);
        var packets = Sound.Encode(Sound.Chirps(hum.Length, [5 * Second + 77], amplitude: 0.4f).Zip(hum, (a, b) => a + b).ToArray());
        const int ChirpIn = (5 * Second + 77) / 960, ChirpAt = (5 * Second + 77) % 960;
        var expected = new Queue<long>();
        var sender = new SimulatedSender(Ssrc, timestamp: 1000) { DriftPpm = ppm, Now = Ms(100) };
        var mix = new Listener();
        using var pipeline = new MediaPipeline(journal: null, mix, speech: null);
        pipeline.AddTrack(Track(ssrc: Ssrc));

        int n = 0, found = 0;
        double worst = 0;
        byte[]? Next()
        {
            // Five minutes without a breath, then ten seconds of each minute.
            if (n % packets.Count == 0 && sender.Now > Ms(300_000) && sender.Now.TotalSeconds % 60 > 10) return null;
            if (n % packets.Count == ChirpIn) expected.Enqueue(Samples(sender.Now + Delay) + ChirpAt);
            return packets[n++ % packets.Count];
        }
        var advanced = TimeSpan.Zero;
        foreach (var (datagram, arrival) in Send(sender, seed: 5, Hours, reports, Next))
        {
            pipeline.Receive(datagram.Bytes, Loopback, arrival);
            for (; advanced < arrival; advanced += Ms(20)) pipeline.Advance(advanced);
            if (!expected.TryPeek(out long chirpAt) || mix.Position < chirpAt + Second / 2) continue;
            expected.Dequeue();
            var (at, correlation) = mix.FindChirp(chirpAt);
            if (correlation < 0.6) continue;                                         // one of its packets was lost
            found++;
            worst = Math.Max(worst, Math.Abs(at - chirpAt) / 48.0);
        }

        Assert.True(worst <= 20, $"a chirp lies {worst:0.0} ms away");
        Assert.InRange(found, 120, 150);
        Assert.True(pipeline.MixIsWhole);
        Assert.Equal(ppm, pipeline.Tracks[0].Quality().ClockDriftPpm, tolerance: 15);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_journal_gives_the_mix_that_was_heard_live(bool reports)
    {
        using var journal = new JournalFolder();
        var voice = Sound.Encode(Sound.Voice(20 * Second, seed: 9));
        var live = new CollectingMix();
        var duration = Ms(150_000);
        double drift;
        await using (var writer = journal.Open())
        {
            using var pipeline = new MediaPipeline(writer, live, speech: null);
            await writer.AppendAsync(new MeetingOpened("mtg_1", 1, DateTimeOffset.UnixEpoch), Ms(0));
            await writer.AppendAsync(JournalFolder.Added(Track(ssrc: Ssrc)), Ms(0));
            pipeline.AddTrack(Track(ssrc: Ssrc));
            int n = 0;
            var sender = new SimulatedSender(Ssrc) { DriftPpm = 250, Now = Ms(500) };
            foreach (var (datagram, arrival) in Send(sender, seed: 2, duration - Ms(1000), reports, () => voice[n++ % voice.Count]))
            {
                pipeline.Receive(datagram.Bytes, Loopback, arrival);
                pipeline.Commit();
                pipeline.Advance(arrival);
                if (n % 100 == 0) await writer.AppendAsync(new TrackEnded(99, 0), arrival);   // gives the disk time to write
            }
            pipeline.Finish(duration);
            drift = pipeline.Tracks[0].Quality().ClockDriftPpm;
            await writer.AppendAsync(new MeetingClosed((long)duration.TotalMicroseconds), duration);
        }

        var again = new CollectingMix();
        using var played = new MediaPipeline(journal: null, again, speech: null) { Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(played);
        foreach (var block in journal.Reader().ReadBlocks()) playback.Play(block);
        playback.Finish(duration);

        Assert.Equal(250, drift, tolerance: 25);
        Assert.Equal(drift, played.Tracks[0].Quality().ClockDriftPpm);
        Assert.Equal(live.Samples.Count, again.Samples.Count);
        for (int i = 0; i < live.Samples.Count; i++)
            Assert.True(live.Samples[i] == again.Samples[i], $"sample {i}: {live.Samples[i]} live, {again.Samples[i]} from the journal");
    }

    /// <summary>Over a network with 30 ms of jitter that loses one packet in a hundred.</summary>
    /// <param name="next">What is said; null where nothing is: a packet in 400 ms.</param>
    private static IEnumerable<(Datagram Datagram, TimeSpan Arrival)> Send(
        SimulatedSender sender, int seed, TimeSpan until, bool reports, Func<byte[]?> next, int duration = 960,
        Func<TimeSpan, long, byte[]>? report = null)
    {
        var link = new SimulatedLink<Datagram>(seed) { Delay = Delay, Jitter = Ms(30), Loss = 0.01 };
        var reported = sender.Now;
        while (sender.Now < until)
        {
            byte[]? said = next();
            var packet = sender.Send(duration, said ?? [0xF8]);
            if (said is null) sender.Pause(Ms(380));
            link.Send(new Datagram(packet.At, packet.Bytes, packet.Duration), packet.At);
            sender.Sent.Clear();
            // Half a minute in each ten there are none, and the wall clock is set each half hour.
            bool missing = sender.Now.TotalSeconds % 600 < 30;
            if (reports && !missing && sender.Now - reported >= Ms(5000))
            {
                reported = sender.Now;
                var wall = sender.Now + Math.Floor(sender.Now.TotalMinutes / 30) * Ms(700);
                byte[] bytes = report?.Invoke(sender.Now, sender.Timestamp) ?? Report(Ssrc, wall, (uint)sender.Timestamp);
                link.Send(new Datagram(sender.Now, bytes, 0), sender.Now);
            }
            foreach (var delivered in link.Deliver(sender.Now)) yield return delivered;
        }
        foreach (var delivered in link.DeliverAll()) yield return delivered;
    }

    private sealed class SimulatedFile : IDisposable
    {
        public AudioTrack Track { get; } = new(Datagrams.Track(ssrc: Ssrc), speech: null);
        public int Placed { get; private set; }

        public void Place(long horizon, Action<long, (long Start, long FileStart, bool InFile)> check)
        {
            while (Track.Place(horizon, out var placed))
            {
                Placed++;
                check(placed.Packet.Timestamp, (placed.Start, placed.FileStart, placed.InFile));
            }
        }

        public void Dispose() => Track.Dispose();
    }

    /// <summary>Keeps the last seconds of the mix.</summary>
    private sealed class Listener : IMixSink
    {
        private readonly List<float> last = [];

        public long Position { get; private set; }

        public void Write(ReadOnlySpan<float> frame)
        {
            last.AddRange(frame);
            Position += frame.Length;
            if (last.Count > 20 * Second) last.RemoveRange(0, 10 * Second);
        }

        public (long At, double Correlation) FindChirp(long expected)
        {
            long from = Position - last.Count;
            var (at, correlation) = Sound.FindChirp(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(last), expected - from, reach: 1500);
            return (at + from, correlation);
        }
    }
}
