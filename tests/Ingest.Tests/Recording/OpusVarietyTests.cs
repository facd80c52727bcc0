using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Codecs;
using Pipeline.Ingest.Tests.Journal;
using Xunit.Abstractions;
using static Pipeline.Ingest.Tests.Codecs.OpusTool;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Recording;

/// <summary>Every kind of Opus that encoders make, each a track of one meeting: all of them are recorded as they were sent.</summary>
public class OpusVarietyTests(ITestOutputHelper output)
{
    private const int Rate = 48000;
    /// <summary>Heard from the first to the second; before and after it is silent.</summary>
    private static readonly TimeSpan ToneFrom = Ms(1000), ToneTo = Ms(3000), Sent = Ms(4000), Duration = Ms(4321), Delay = Ms(20);
    private const double Left = 400, Right = 1100;                                   // Hz

    /// <param name="Frames">Samples of each packet, by turns.</param>
    /// <param name="Mode">What the packets must be to prove anything: the first configuration and the last, RFC 6716 table 2.</param>
    private sealed record Variety(string Name, int Application, int Channels, int[] Frames, (int First, int Last) Mode)
    {
        public int BitrateBps { get; init; } = 48_000;
        public int MaxBandwidth { get; init; } = FullBand;
        /// <summary>0: the encoder chooses.</summary>
        public int Forced { get; init; }
        /// <summary>Told of each packet before it is encoded: its number and when it is.</summary>
        public Action<OpusTool, TimeSpan>? Change { get; init; }
        /// <summary>What is sent instead of it; nothing: it is not sent.</summary>
        public Func<byte[], byte[]?>? Instead { get; init; }
        /// <summary>How many packets make one.</summary>
        public int Joined { get; init; } = 1;
        public int Code { get; init; } = -1;
    }

    private static readonly Variety[] Varieties =
    [
        new("SILK narrow band, 60 ms", Voip, 1, [2880], (3, 3)) { BitrateBps = 10_000, MaxBandwidth = NarrowBand, Forced = Silk },
        new("SILK wide band stereo, 20 ms", Voip, 2, [960], (9, 9)) { BitrateBps = 28_000, MaxBandwidth = WideBand, Forced = Silk },
        new("hybrid, 10 ms", Voip, 1, [480], (12, 15)) { BitrateBps = 30_000, Forced = Hybrid },
        new("CELT stereo, 2.5 ms", LowDelay, 2, [120], (16, 31)) { BitrateBps = 128_000, Code = 0 },
        new("CELT, 5 ms", LowDelay, 1, [240], (16, 31)) { BitrateBps = 64_000 },
        new("stereo, 120 ms", Audio, 2, [5760], (0, 31)) { BitrateBps = 96_000, Code = 3 },
        new("80 ms, one rate", Voip, 1, [3840], (0, 31)) { Change = (encoder, _) => encoder.Set(Vbr, 0) },
        new("padded to one length", Audio, 2, [960], (0, 31)) { Instead = packet => Pad(packet, 700), Code = 3 },
        new("two frames a packet", Voip, 2, [960], (0, 31)) { Joined = 2, Forced = Hybrid },
        new("six frames a packet", Audio, 1, [960], (0, 31)) { Joined = 6, Forced = Celt, Code = 3 },
        new("mono and stereo by turns", Audio, 2, [960], (0, 31)) { Change = (encoder, at) => encoder.Set(ForceChannels, at.Milliseconds < 300 ? 1 : 2), BitrateBps = 64_000 },
        new("the bandwidth changes", Audio, 2, [960], (0, 31)) { Change = (encoder, at) => encoder.Set(MaxBandwidth, NarrowBand + at.Milliseconds / 200), BitrateBps = 64_000 },
        new("the rate changes", Voip, 2, [960], (0, 31)) { Change = (encoder, at) => encoder.Set(Bitrate, at.Milliseconds < 400 ? 8_000 : 128_000) },
        new("the length changes", Voip, 2, [960, 2880, 480, 1920, 120, 240, 5760, 4800], (0, 31)),
        new("DTX, told", Voip, 1, [960], (0, 15)) { Change = (encoder, _) => encoder.Set(Dtx, 1), BitrateBps = 20_000 },
        new("DTX, nothing sent", Voip, 1, [960], (0, 15)) { Change = (encoder, _) => encoder.Set(Dtx, 1), BitrateBps = 20_000, Instead = packet => packet.Length <= 2 ? null : packet },
    ];

    [Fact(Timeout = 180_000)]
    public async Task Each_kind_of_Opus_is_recorded_whole_with_its_channels_apart()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        var tracks = Varieties.Select((variety, n) => Track(n + 1, ssrc: (uint)(100 + n)) with { Name = variety.Name, Channels = variety.Channels }).ToList();
        await WriteAsync(journal, tracks);

        var made = (await new MeetingRenderer(journal.Reader(), folder.Path, Duration).RenderAsync(mix: false, tracks: true, live: null, CancellationToken.None)).InPlain(journal.Keys);

        var errors = new List<string>();
        foreach (var file in made.Files.Where(f => f.Kind == RenderedKind.Track))
        {
            var variety = Varieties[file.Track!.Value - 1];
            Assert.Equal(0, made.Quality[file.Track.Value].PacketsLost);
            var (left, right) = await DecodeAsync(file.Path);
            double seconds = left.Length / (double)Rate;
            output.WriteLine($"{variety.Name}: {seconds:0.000} s; {Describe(left)}; {Describe(right)}");
            if (Math.Abs(seconds - Duration.TotalSeconds) > 0.05) errors.Add($"{variety.Name}: {seconds:0.000} s");
            bool apart = variety.Channels == 2 && variety.Name != "mono and stereo by turns" && variety.Application != Voip;
            if (!Sounds(left, Left, Right, apart) || !Sounds(right, variety.Channels == 2 ? Right : Left, variety.Channels == 2 ? Left : Right, apart))
                errors.Add($"{variety.Name}: {Describe(left)}; {Describe(right)}");
            if (!IsSilent(left) || !IsSilent(right)) errors.Add($"{variety.Name}: not silent where nothing was said");
        }
        Assert.Empty(errors);
    }

    private static async Task WriteAsync(JournalFolder journal, List<TrackDescription> tracks)
    {
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, mix: null, speech: null);
        await writer.AppendAsync(new MeetingOpened("mtg_1", 1, DateTimeOffset.UnixEpoch), Ms(0));
        var sent = new List<(TimeSpan At, byte[] Datagram)>();
        for (int n = 0; n < tracks.Count; n++)
        {
            await writer.AppendAsync(JournalFolder.Added(tracks[n]), Ms(0));
            pipeline.AddTrack(tracks[n]);
            int sequence = 65_500;
            var modes = new HashSet<int>();
            int before = sent.Count;
            foreach (var (at, packet) in Encode(Varieties[n]))
            {
                sent.Add((at, Datagram(tracks[n].Ssrc!.Value, (ushort)sequence++, unchecked(4_294_900_000U + (uint)Samples(at)), packet)));
                modes.Add(packet[0] >> 3);
                if (Varieties[n].Code >= 0) Assert.Equal(Varieties[n].Code, packet[0] & 3);
            }
            int most = (int)(Sent / Ms(20));
            if (Varieties[n].Name == "DTX, nothing sent") Assert.InRange(sent.Count - before, 1, most - 50);
            Assert.All(modes, mode => Assert.InRange(mode, Varieties[n].Mode.First, Varieties[n].Mode.Last));
            if (Varieties[n].Name.Contains("changes")) Assert.True(modes.Count > 1, Varieties[n].Name);
        }
        foreach (var (at, datagram) in sent.OrderBy(s => s.At))
        {
            pipeline.Receive(datagram, Loopback, at + Delay);
            pipeline.Commit();
        }
        await writer.AppendAsync(new MeetingClosed((long)Duration.TotalMicroseconds), Duration);
    }

    private static IEnumerable<(TimeSpan At, byte[] Packet)> Encode(Variety variety)
    {
        using var encoder = new OpusTool(variety.Application, variety.Channels);
        encoder.Set(Bitrate, variety.BitrateBps);
        encoder.Set(MaxBandwidth, variety.MaxBandwidth);
        if (variety.Forced != 0) encoder.Set(ForceMode, variety.Forced);
        if (variety.Joined > 1)                                                      // only what is of one configuration can be
        {
            encoder.Set(Bandwidth, FullBand);
            encoder.Set(ForceChannels, variety.Channels);
        }
        var joining = new List<byte[]>();
        long at = 0, from = 0;
        for (int n = 0; at < Samples(Sent); n++)
        {
            int frame = variety.Frames[n % variety.Frames.Length];
            variety.Change?.Invoke(encoder, TimeSpan.FromSeconds(at / (double)Rate));
            byte[] packet = encoder.Encode(Tone(at, frame, variety.Channels));
            Assert.Equal(frame, OpusPacket.Duration(packet));
            at += frame;
            joining.Add(packet);
            if (joining.Count < variety.Joined) continue;
            packet = variety.Joined > 1 ? Join([.. joining]) : packet;
            joining.Clear();
            if (variety.Instead is { } instead)
            {
                if (instead(packet) is { } other) packet = other;
                else { from = at; continue; }
            }
            yield return (TimeSpan.FromSeconds(from / (double)Rate), packet);
            from = at;
        }
    }

    private static float[] Tone(long at, int length, int channels)
    {
        var pcm = new float[length * channels];
        for (int i = 0; i < length; i++)
        {
            long sample = at + i;
            if (sample < Samples(ToneFrom) || sample >= Samples(ToneTo)) continue;
            pcm[i * channels] = (float)(0.3 * Math.Sin(2 * Math.PI * Left * sample / Rate));
            if (channels == 2) pcm[i * 2 + 1] = (float)(0.3 * Math.Sin(2 * Math.PI * Right * sample / Rate));
        }
        return pcm;
    }

    private static bool Sounds(float[] channel, double hertz, double other, bool apart)
    {
        double own = Amplitude(channel, hertz), strange = Amplitude(channel, other);
        return own > 0.1 && (!apart || strange < 0.2 * own);
    }

    private static bool IsSilent(float[] channel) =>
        Sound.Rms(channel.AsSpan((int)Samples(Ms(100)), (int)Samples(Ms(850)))) < 0.01 && Sound.Rms(channel.AsSpan((int)Samples(Ms(3200)))) < 0.01;

    private static string Describe(float[] channel) => $"{Amplitude(channel, Left):0.000} of {Left} Hz, {Amplitude(channel, Right):0.000} of {Right} Hz";

    private static double Amplitude(float[] channel, double hertz)
    {
        double re = 0, im = 0;
        int from = (int)Samples(ToneFrom + Ms(200)), to = (int)Samples(ToneTo - Ms(200));
        for (int i = from; i < to; i++)
        {
            re += channel[i] * Math.Cos(2 * Math.PI * hertz * i / Rate);
            im += channel[i] * Math.Sin(2 * Math.PI * hertz * i / Rate);
        }
        return 2 * Math.Sqrt(re * re + im * im) / (to - from);
    }

    private static async Task<(float[] Left, float[] Right)> DecodeAsync(string path)
    {
        float[] both = await Sound.DecodeAsync(path, channels: 2);
        return ([.. both.Where((_, i) => i % 2 == 0)], [.. both.Where((_, i) => i % 2 == 1)]);
    }
}
