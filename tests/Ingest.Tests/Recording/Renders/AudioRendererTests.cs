using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Renders;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Jitter;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Recording.Renders;

/// <summary>A quiet voice and somebody with chirps over it, rendered; what came of it is FFmpeg's opinion.</summary>
public sealed class AudioRendererTests(AudioRendererTests.Meeting meeting, ITestOutputHelper output) : IClassFixture<AudioRendererTests.Meeting>, IDisposable
{
    private const int Second = 48000, Voice = 1, Chirper = 2;
    private static readonly TimeSpan Duration = Ms(30_440), From = Ms(5_500), To = Ms(25_250), Delay = Ms(20);
    private static readonly long[] Chirps = [.. Enumerable.Range(0, 9).Select(n => (long)(3 * n + 1) * Second + 97 * n)];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory(Timeout = 180_000)]
    [InlineData(RenderFormat.M4a, "m4a", "mov", "aac")]
    [InlineData(RenderFormat.Ogg, "ogg", "ogg", "opus")]
    [InlineData(RenderFormat.Wav, "wav", "wav", "pcm_s16le")]
    public async Task A_part_is_as_long_as_asked_as_loud_as_it_should_be_and_in_its_place(RenderFormat format, string extension, string container, string codec)
    {
        var progress = new Steps();
        var made = await RenderAsync(Request(format, From, To), extension, progress: progress);

        Assert.Null(made.Failure);
        string path = PlainFiles.Plain(made.File!.Path, meeting.Journal.Keys);
        Assert.Equal((new FileInfo(path).Length, made.File.Codec), (made.File.Bytes, codec.Split('_')[0]));
        var probed = await Ffprobe.ReadAsync(path);
        Assert.StartsWith(container, probed.Format, StringComparison.Ordinal);
        Assert.Equal((codec, 48000, 1), (probed.Audio.Codec, probed.Audio.SampleRate, probed.Audio.Channels));
        var tags = probed.Tags.Concat(probed.Tags).DistinctBy(tag => tag.Key).ToDictionary(tag => tag.Key, tag => tag.Value, StringComparer.OrdinalIgnoreCase);
        if (format != RenderFormat.Ogg) Assert.Equal(("Weekly = \"sync\"", "Pipeline, ffmpeg"), (tags["title"], tags["comment"]));

        var loudness = await Ebur128.MeasureAsync(path);
        output.WriteLine($"{format}: {loudness.Integrated} LUFS, {loudness.TruePeak:0.00} dBTP, said {made.Loudness} LUFS");
        Assert.InRange(loudness.Integrated, -17, -15);
        Assert.True(loudness.TruePeak <= -1.3, $"{loudness.TruePeak} dBTP");
        Assert.Equal(loudness.Integrated, made.Loudness!.Value, tolerance: 0.3);

        float[] heard = await FfmpegDecode.ToFloatAsync(path);
        Assert.InRange(heard.Length / 48.0, (To - From).TotalMilliseconds - 50, (To - From).TotalMilliseconds + 50);
        foreach (long chirp in Chirps.Where(c => c > Samples(From) && c < Samples(To) - 4800))
        {
            long expected = chirp + Samples(Delay) - Samples(From);
            var (at, correlation) = Sound.FindChirp(heard, expected);
            Assert.True(correlation > 0.5 && Math.Abs(at - expected) <= 960, $"the chirp of {expected / 48.0:0.0} ms lies {(at - expected) / 48.0:0.0} ms away ({correlation:0.00})");
        }
        Assert.Equal([made.File.Path], Directory.GetFiles(folder["made"]));
        Assert.Equal((1, true), (progress.All[^1], progress.All.SequenceEqual(progress.All.Order())));
    }

    [Fact(Timeout = 180_000)]
    public async Task Only_those_who_were_asked_for_are_heard()
    {
        float[] both = await DecodeAsync(await RenderAsync(Request(RenderFormat.Wav, TimeSpan.Zero, Duration), "both"));
        float[] voice = await DecodeAsync(await RenderAsync(Request(RenderFormat.Wav, TimeSpan.Zero, Duration), "voice", t => t.Number == Voice));
        float[] chirper = await DecodeAsync(await RenderAsync(Request(RenderFormat.Wav, TimeSpan.Zero, Duration), "chirper", t => t.Number == Chirper));

        double Likeness(float[] heard) => Chirps.Average(chirp => Sound.FindChirp(heard, chirp + Samples(Delay)).Correlation);
        Assert.InRange(Likeness(both), 0.5, 1);
        Assert.InRange(Likeness(chirper), 0.9, 1);
        Assert.InRange(Likeness(voice), -1, 0.4);
        Assert.True(Sound.Rms(chirper.AsSpan(2 * Second, Second)) < 1e-3, "there is a voice between the chirps");
        Assert.True(Sound.Rms(both.AsSpan(2 * Second, Second)) > 0.01);
    }

    [Theory(Timeout = 180_000)]
    [InlineData(RenderFormat.M4a)]
    [InlineData(RenderFormat.Ogg)]
    public async Task The_same_render_twice_is_the_same_file(RenderFormat format)
    {
        var one = await RenderAsync(Request(format, From, To), "one");
        var two = await RenderAsync(Request(format, From, To), "two");
        Assert.Equal((one.File!.Bytes, one.File.Sha256), (two.File!.Bytes, two.File.Sha256));
    }

    [Fact(Timeout = 180_000)]
    public async Task Silence_stays_silence()
    {
        var made = await RenderAsync(Request(RenderFormat.Wav, From, To), "wav", _ => false);
        Assert.Null(made.Loudness);
        float[] heard = await DecodeAsync(made);
        Assert.Equal(Samples(To - From), heard.Length);
        Assert.All(heard, sample => Assert.Equal(0, sample));
    }

    [Fact(Timeout = 180_000)]
    public async Task What_is_hardly_there_is_made_louder_but_not_by_any_amount()
    {
        var made = await RenderAsync(Request(RenderFormat.Wav, From, Ms(12_000)), "wav", t => t.Number == 3);
        var loudness = await Ebur128.MeasureAsync(PlainFiles.Plain(made.File!.Path, meeting.Journal.Keys));
        output.WriteLine($"{loudness}");
        Assert.InRange(loudness.Integrated, -40, -25);                                // about −62 LUFS at first
    }

    [Theory(Timeout = 180_000)]
    [InlineData(RenderFormat.M4a)]
    [InlineData(RenderFormat.Ogg)]
    [InlineData(RenderFormat.Wav)]
    public async Task What_the_meeting_was_about_is_in_no_argument_and_nothing_that_is_said(RenderFormat format)
    {
        string ffmpeg = ScriptedProgram.Write(folder, "printf '%s\\n' \"$@\" >> \"$0.told\"; ffmpeg \"$@\" 2> \"$0.said\"; status=$?; tee -a \"$0.told\" < \"$0.said\" >&2; exit $status");
        var made = await RenderAsync(Request(format, From, Ms(8_000)), "file", ffmpeg: ffmpeg);
        string told = await File.ReadAllTextAsync(ffmpeg + ".told");
        Assert.Null(made.Failure);
        Assert.Equal((await Ebur128.MeasureAsync(PlainFiles.Plain(made.File!.Path, meeting.Journal.Keys))).Integrated, made.Loudness!.Value, tolerance: 0.3);
        Assert.Contains("lavfi.r128.I=-", told);
        Assert.DoesNotContain("Weekly", told);
    }

    [Fact]
    public void Of_what_is_said_as_it_goes_the_last_counts_and_the_rest_is_why_it_failed()
    {
        const string Said = "ffmpeg ended with status 1: frame:0    pts:0       pts_time:0\nlavfi.r128.I=-70.000\nframe:1    pts:4800    pts_time:0.1\nlavfi.r128.I=-23.456\nno more";
        Assert.Equal(-23.5, Loudness.ReadIntegrated(Said));
        Assert.Equal("ffmpeg ended with status 1: no more", Loudness.Without(Said));
        Assert.Null(Loudness.ReadIntegrated("lavfi.r128.I=-70.000\n"));
        Assert.Null(Loudness.ReadIntegrated("nothing"));
    }

    [Theory(Timeout = 180_000)]
    [InlineData("echo no more >&2; exit 1", "ffmpeg ended with status 1: no more")]
    [InlineData("exec sleep 1000", "ffmpeg did nothing for 2 s")]
    [InlineData("exec cat > /dev/null", "ffmpeg did not say how loud it is")]
    [InlineData(null, "ffmpeg cannot be started")]
    public async Task An_encoder_that_fails_is_stuck_or_missing_leaves_no_file_and_a_sentence(string? script, string sentence)
    {
        string program = script is null ? folder["ffmpeg"] : ScriptedProgram.Write(folder, script);
        var made = await RenderAsync(Request(RenderFormat.Ogg, From, To), "ogg", ffmpeg: program);
        Assert.Null(made.File);
        Assert.Contains(sentence, made.Failure);
        Assert.Empty(Directory.GetFiles(folder["made"]));
    }

    [Theory(Timeout = 180_000)]
    [InlineData(0.1)]
    [InlineData(0.7)]
    public async Task One_that_is_given_up_in_the_middle_leaves_nothing(double at)
    {
        using var enough = new CancellationTokenSource();
        var progress = new Steps { Then = done => { if (done >= at) enough.Cancel(); } };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RenderAsync(Request(RenderFormat.M4a, From, To), "m4a", progress: progress, ct: enough.Token));
        Assert.Empty(Directory.GetFiles(folder["made"]));
    }

    private static RenderRequest Request(RenderFormat format, TimeSpan from, TimeSpan to) => new(null, null, from, to, 0, 0, format);

    private Task<RenderedSound> RenderAsync(
        RenderRequest request, string extension, Func<TrackDescription, bool>? takes = null, IProgress<double>? progress = null, string ffmpeg = "ffmpeg", CancellationToken ct = default)
    {
        Directory.CreateDirectory(folder["made"]);
        var renderer = new AudioRenderer(meeting.Journal.Reader, meeting.Journal.Keys, Duration) { Ffmpeg = ffmpeg, Patience = TimeSpan.FromSeconds(ffmpeg == "ffmpeg" ? 60 : 2) };
        return renderer.RenderAsync(request, takes ?? (_ => true), folder[$"made/rec_1.{extension}"], "Weekly = \"sync\"", "Pipeline, ffmpeg", progress ?? new Steps(), ct);
    }

    private async Task<float[]> DecodeAsync(RenderedSound made) => await FfmpegDecode.ToFloatAsync(PlainFiles.Plain(made.File!.Path, meeting.Journal.Keys));

    /// <summary>The third hums: something a microphone makes of an empty room.</summary>
    public sealed class Meeting : IAsyncLifetime
    {
        internal JournalFolder Journal { get; } = new();

        public async Task InitializeAsync()
        {
            float[][] sounds = [Sound.Voice(30L * Second, seed: 7, amplitude: 0.025f), Sound.Chirps(30L * Second, Chirps, 0.5f), Sound.Voice(30L * Second, seed: 9, amplitude: 0.002f)];
            var sent = new List<SentPacket>();
            for (int track = 1; track <= sounds.Length; track++)
            {
                var sender = new SimulatedSender(ssrc: (uint)(1000 + track), sequence: 65500 + track);
                foreach (byte[] packet in Sound.Encode(sounds[track - 1])) sent.Add(sender.Send(payload: packet));
            }
            await using var writer = Journal.Open();
            using var pipeline = new MediaPipeline(writer, mix: null, speech: null);
            await writer.AppendAsync(new MeetingOpened("mtg_1", 1, DateTimeOffset.UnixEpoch), TimeSpan.Zero);
            for (int track = 1; track <= sounds.Length; track++)
            {
                var description = Track(track, ssrc: (uint)(1000 + track));
                await writer.AppendAsync(JournalFolder.Added(description), TimeSpan.Zero);
                pipeline.AddTrack(description);
            }
            foreach (var packets in sent.OrderBy(s => s.At).Chunk(sounds.Length))
            {
                foreach (var packet in packets) pipeline.Receive(packet.Bytes, Loopback, packet.At + Delay);
                pipeline.Commit();
            }
            await writer.AppendAsync(new MeetingClosed((long)Duration.TotalMicroseconds), Duration);
        }

        public Task DisposeAsync()
        {
            Journal.Dispose();
            return Task.CompletedTask;
        }
    }

    private sealed class Steps : IProgress<double>
    {
        public List<double> All { get; } = [];
        public Action<double> Then { get; init; } = _ => { };

        public void Report(double value)
        {
            All.Add(value);
            Then(value);
        }
    }
}
