using System.Security.Cryptography;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.TestKit.Audio;
using static Pipeline.Ingest.Tests.Datagrams;
using static Pipeline.Ingest.Tests.Streams.WaveMeeting;

namespace Pipeline.Ingest.Tests.Streams;

/// <summary>G.711 and G.722 on their way through a meeting: heard, captioned, recorded, and played again from the journal.</summary>
public class WaveformTrackTests
{
    private const int Second = 48000;
    private const byte Comfort = 13;
    private static readonly TimeSpan Delay = Ms(20), Begins = Ms(437);
    private static readonly long[] Chirps = [Second, 3 * Second + 777, 5 * Second + 50, 9 * Second + 31_003];

    /// <summary>Octets a packet: 10, 20, 60 and 128 ms, which is what the ffmpeg program sends unasked.</summary>
    public static readonly TheoryData<string, int> Kinds = new() { { "pcmu", 160 }, { "pcma", 80 }, { "g722", 160 }, { "pcmu", 1024 }, { "g722", 480 } };

    [Theory(Timeout = 180_000)]
    [MemberData(nameof(Kinds))]
    public async Task Every_sound_is_where_it_was_in_captions_mix_and_file(string codec, int octets)
    {
        var sent = await SpeakAsync(codec, octets, Sound.Chirps(11 * Second, Chirps));
        var link = new SimulatedLink<byte[]>(seed: 5) { Delay = Delay, Jitter = Ms(10), Reordering = 0.05, Duplication = 0.05 };

        using var made = await WaveMeeting.RecordAsync(codec, sent, link);

        foreach (long chirp in Chirps)
        {
            long expected = Samples(Begins + Delay) + chirp;
            Finds(made.Mix, expected, $"mix at {expected}");
            Finds(Slow(made.Captions, 3), expected, $"captions at {expected}");
            Finds(made.File, expected, $"file at {expected}");
        }
        Assert.Equal((0, 0, 0), (made.Quality.PacketsLost, made.Quality.PacketsLate, made.Quality.Concealed.Ticks));
        Assert.Equal(Duration.TotalSeconds, made.File.Length / (double)Second, tolerance: 0.001);
        Assert.EndsWith("track-001.flac", made.Path, StringComparison.Ordinal);
        Assert.Equal(["flac", codec == "g722" ? "16000" : "8000", "1"], await Sound.ProbeAsync(made.Path, "codec_name,sample_rate,channels"));
    }

    [Theory(Timeout = 180_000)]
    [InlineData("pcmu")]
    [InlineData("pcma")]
    [InlineData("g722")]
    public async Task The_file_has_each_sample_as_the_decoder_made_it(string codec)
    {
        var sent = await SpeakAsync(codec, 160, Sound.Voice(11 * Second, seed: 3));

        using var made = await WaveMeeting.RecordAsync(codec, sent, new SimulatedLink<byte[]>(1) { Delay = Delay });

        string format = codec switch { "pcmu" => "-f mulaw -ar 8000", "pcma" => "-f alaw -ar 8000", _ => "-f g722" };
        byte[] theirs = await Sound.ConvertAsync([.. sent.SelectMany(s => s.Datagram[12..])], format, "-f s16le");
        byte[] ours = await Sound.SamplesAsync(made.Path);
        int begin = 2 * (int)((Samples(Begins + Delay) - AudioCodec.Find(codec).CreateDecoder(AudioCodec.Find(codec).SampleRate).Delay) * AudioCodec.Find(codec).SampleRate / Second);
        Assert.True(begin % 2 == 0 && ours.AsSpan(begin, theirs.Length).SequenceEqual(theirs), "the samples differ");
        Assert.All(ours[..begin], octet => Assert.Equal(0, octet));
        Assert.Equal(Duration.TotalSeconds, await Sound.DurationAsync(made.Path), tolerance: 0.001);
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        sum.AppendData(ours);
        Assert.Equal(sum.GetHashAndReset(), File.ReadAllBytes(made.Path)[26..42]);    // as the file's own header says (RFC 9639 §8.2)
    }

    [Theory(Timeout = 180_000)]
    [InlineData("pcmu", 0.05)]
    [InlineData("g722", 0.05)]
    [InlineData("pcma", 0.2)]
    public async Task Lost_packets_are_concealed_and_shift_nothing(string codec, double loss)
    {
        float[] voice = Sound.Voice(11 * Second, seed: 8);
        var sent = await SpeakAsync(codec, 160, voice);
        var link = new SimulatedLink<byte[]>(seed: 3) { Delay = Delay, Loss = loss };

        using var made = await WaveMeeting.RecordAsync(codec, sent, link);

        Assert.InRange(made.Quality.PacketsLost, link.Lost.Count - 3, link.Lost.Count);
        Assert.InRange(made.Quality.Concealed.TotalMilliseconds, 0.6 * 20 * link.Lost.Count, 20 * link.Lost.Count);
        long from = Samples(Begins + Delay);
        int alike = 0, seconds = 0;
        for (int at = Second / 2; at < 10 * Second; at += Second / 2, seconds++)
        {
            var said = voice.AsSpan(at, Second / 4);
            if (Sound.Correlation(Band(made.Mix.AsSpan((int)from + at, said.Length)), Band(said)) > 0.8 &&
                Sound.Correlation(Band(made.File.AsSpan((int)from + at, said.Length)), Band(said)) > 0.8) alike++;
        }
        Assert.True(alike >= 0.85 * seconds, $"{alike} of {seconds}");
        float loudest = made.File.Max(Math.Abs) / voice.Max(Math.Abs);
        Assert.True(loudest < 1.5, $"something is {loudest:0.00} times as loud as what was said");
    }

    [Theory(Timeout = 180_000)]
    [InlineData("pcmu", true)]
    [InlineData("pcma", true)]
    [InlineData("pcmu", false)]
    [InlineData("g722", false)]
    public async Task Where_the_sender_says_it_is_silent_or_says_nothing_there_is_silence_and_no_loss(string codec, bool comfort)
    {
        var sent = await SpeakAsync(codec, 160, Sound.Voice(11 * Second, seed: 2));
        // From 4 s to 7 s nothing, but for what the silence is like: at once, and each second.
        var spoken = new List<(TimeSpan At, byte[] Datagram)>();
        ushort sequence = 65_400;
        for (int n = 0; n < sent.Count; n++)
        {
            bool silent = n is >= 200 and < 350;
            if (silent && (!comfort || n % 50 != 0)) continue;
            var payload = silent ? [70, 3, 4] : sent[n].Datagram[12..];
            spoken.Add((sent[n].At, Datagram(Ssrc, sequence++, Timestamp(n * 160), payload, silent ? Comfort : PayloadType(codec))));
        }

        using var made = await WaveMeeting.RecordAsync(codec, spoken, new SimulatedLink<byte[]>(4) { Delay = Delay });

        Assert.Equal((0, 0L), (made.Quality.PacketsLost, made.Quality.Concealed.Ticks));
        Assert.Equal(spoken.Count, made.Quality.PacketsReceived);
        Assert.InRange(made.Quality.Dtx.TotalMilliseconds, 2900, 3000);
        Assert.Empty(made.Quality.Gaps);
        int from = (int)Samples(Begins + Delay + Ms(4000));
        foreach (float[] sound in (float[][])[made.Mix, made.File, Slow(made.Captions, 3)])
        {
            Assert.True(Sound.Rms(sound.AsSpan(from + 960, 3 * Second - 2 * 960)) < 1e-3, "the silence is not silent");
            Assert.True(Sound.Rms(sound.AsSpan(from - Second, Second)) > 0.01 && Sound.Rms(sound.AsSpan(from + 3 * Second, Second)) > 0.01);
        }
    }

    [Theory(Timeout = 180_000)]
    [InlineData("pcmu")]
    [InlineData("g722")]
    public async Task The_journal_gives_the_samples_that_were_heard_live(string codec)
    {
        var sent = await SpeakAsync(codec, 160, Sound.Voice(11 * Second, seed: 6));
        var link = new SimulatedLink<byte[]>(seed: 9) { Delay = Delay, Jitter = Ms(30), Loss = 0.05, Reordering = 0.05 };

        using var made = await WaveMeeting.RecordAsync(codec, sent, link);

        Assert.Equal(made.Mix, made.Replayed);
    }

    [Theory(Timeout = 180_000)]
    [InlineData("pcmu", 200)]
    [InlineData("g722", -200)]
    public async Task A_sender_whose_clock_is_wrong_is_heard_at_its_time_in_mix_and_file(string codec, double ppm)
    {
        // Two minutes: 24 ms of drift. A chirp each ten seconds, a hum between them.
        var duration = TimeSpan.FromMinutes(2.2);
        var loop = (await SpeakAsync(codec, 160, [.. Sound.Chirps(10 * Second, [5 * Second + 77], 0.4f).Select((s, i) => s + 0.01f * MathF.Sin(0.05f * i))])).Select(s => s.Datagram[12..]).ToList();
        var sent = new List<(TimeSpan At, byte[] Datagram)>();
        var chirps = new List<long>();
        for (int n = 0; n < 6_000; n++)
        {
            var at = Begins + Ms(20 * n / (1 + ppm * 1e-6));
            sent.Add((at, Datagram(Ssrc, (ushort)(65_000 + n), Timestamp(160 * n), loop[n % loop.Count], PayloadType(codec))));
            if (n % loop.Count == 250) chirps.Add(Samples(at + Delay) + 77);
        }

        using var made = await WaveMeeting.RecordAsync(codec, sent, new SimulatedLink<byte[]>(7) { Delay = Delay, Jitter = Ms(5) }, duration);

        Assert.Equal(ppm, made.Quality.ClockDriftPpm, tolerance: 30);
        foreach (long chirp in chirps.Where((_, n) => n % 3 == 2))
        {
            Finds(made.Mix, chirp, $"mix at {chirp}", toleranceMs: 20, reach: 1200);
            Finds(made.File, chirp, $"file at {chirp}", toleranceMs: 60, reach: 3000);
        }
        Assert.Equal(duration.TotalSeconds, made.File.Length / (double)Second, tolerance: 0.001);
    }

    [Fact]
    public async Task Without_ffmpeg_there_is_a_sentence_and_no_half_file()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WaveMeeting.WriteAsync(journal, "pcmu", await SpeakAsync("pcmu", 160, Sound.Voice(2 * Second, seed: 1)), new SimulatedLink<byte[]>(1), Duration);

        var made = (await new MeetingRenderer(journal.Reader(), folder.Path, Duration) { Ffmpeg = "ffmpeg-that-is-not-there" }.RenderAsync(mix: false, tracks: true, live: null, default)).InPlain(journal.Keys);

        Assert.StartsWith("ffmpeg cannot be started", made.TrackFailure, StringComparison.Ordinal);
        Assert.Equal(["waveform.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    [Fact(Timeout = 60_000)]
    public async Task Whose_track_it_is_stands_in_the_file_and_in_no_argument()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WaveMeeting.WriteAsync(journal, "pcmu", await SpeakAsync("pcmu", 160, Sound.Voice(2 * Second, seed: 1)), new SimulatedLink<byte[]>(1), Duration);
        string ffmpeg = ScriptedProgram.Write(folder, "printf '%s\\n' \"$@\" > \"$0.told\"; exec ffmpeg \"$@\"");
        const string Name = "Grace = \"Hopper\"; # \\ ü";

        var made = (await new MeetingRenderer(journal.Reader(), folder["made"], Duration) { Ffmpeg = ffmpeg, Names = new Dictionary<int, string> { [1] = Name } }
            .RenderAsync(mix: false, tracks: true, live: null, default)).InPlain(journal.Keys);

        Assert.Null(made.TrackFailure);
        string told = await File.ReadAllTextAsync(ffmpeg + ".told");
        Assert.Contains("pipe:0", told);
        Assert.DoesNotContain("Hopper", told);
        Assert.Equal(Name, (await Ffprobe.ReadAsync(made.Files[0].Path)).Tags.Single(tag => tag.Key.Equals("title", StringComparison.OrdinalIgnoreCase)).Value);
    }

    [Fact]
    public async Task Nothing_is_allocated_for_a_packet()
    {
        foreach (string codec in (string[])["pcmu", "g722"])
        {
            var sent = await SpeakAsync(codec, 160, Sound.Voice(11 * Second, seed: 6));
            var sink = new Nowhere();
            using var decoder = new ConcealingDecoder(AudioCodec.Find(codec), 48000, sink);
            var placed = Sound.Place([.. sent.Select(s => s.Datagram[12..])], lost: new HashSet<int> { 300, 301, 400, 420 }).GetEnumerator();
            long allocated = 0;
            for (int n = 0; placed.MoveNext(); n++)
            {
                var packet = placed.Current;
                long before = GC.GetAllocatedBytesForCurrentThread();
                decoder.Write(packet);
                if (n > 100) allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            }
            Assert.Equal(0, allocated);
            Assert.True(sink.Samples > 10 * Second);
        }
    }

    private static void Finds(float[] sound, long expected, string what, double toleranceMs = 15, int reach = 1000)
    {
        var (at, correlation) = Sound.FindChirp(sound, expected, reach);
        Assert.True(correlation > 0.7, $"no chirp in the {what}: {correlation:0.00}");
        Assert.True(Math.Abs(at - expected) <= toleranceMs * 48, $"{what}: {(at - expected) / 48.0:0.0} ms away");
    }

    /// <summary>16 kHz → 48 kHz, each sample thrice: enough to find a chirp in.</summary>
    private static float[] Slow(float[] pcm, int factor) => [.. pcm.SelectMany(s => Enumerable.Repeat(s, factor))];

    /// <summary>What of it is in the lowest band, where all of a voice's pitch is and concealment keeps it.</summary>
    private static float[] Band(ReadOnlySpan<float> pcm)
    {
        var low = new float[pcm.Length];
        float state = 0;
        for (int i = 0; i < pcm.Length; i++) low[i] = state += 0.1f * (pcm[i] - state);
        return low;
    }

    private static uint Timestamp(int octet) => unchecked(4_294_960_000U + (uint)octet);

    /// <summary>The sound as datagrams, each at the time it was made; sequence and timestamp wrap soon.</summary>
    /// <param name="sound">48 kHz.</param>
    private static async Task<List<(TimeSpan At, byte[] Datagram)>> SpeakAsync(string codec, int octets, float[] sound)
    {
        var packets = await Sound.EncodeWaveAsync(codec, Lower(sound, codec == "g722" ? 3 : 6), octets);
        return [.. packets.Select((p, n) => (Begins + Ms(n * octets / 8.0), Datagram(Ssrc, (ushort)(65_400 + n), Timestamp(n * octets), p, PayloadType(codec))))];
    }

    /// <summary>Every n-th sample of the sound without what that rate cannot hold.</summary>
    private static float[] Lower(float[] pcm, int factor)
    {
        const int Reach = 60;
        var lowered = new float[pcm.Length / factor];
        for (int n = 0; n < lowered.Length; n++)
        {
            double sum = 0;
            for (int k = -Reach; k <= Reach; k++)
            {
                int i = n * factor + k;
                if (i < 0 || i >= pcm.Length) continue;
                double x = 0.9 * k / factor, window = 0.5 + 0.5 * Math.Cos(Math.PI * k / (Reach + 1));
                sum += pcm[i] * window * 0.9 / factor * (k == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x));
            }
            lowered[n] = (float)sum;
        }
        return lowered;
    }

    private sealed class Nowhere : IPcmStore
    {
        public long Samples { get; private set; }
        public void Store(long start, ReadOnlySpan<float> pcm) => Samples += pcm.Length;
    }
}
