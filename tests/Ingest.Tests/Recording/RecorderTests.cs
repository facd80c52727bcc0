using System.Diagnostics;
using System.Runtime.InteropServices;
using Pipeline.Ingest.Recording;

namespace Pipeline.Ingest.Tests.Recording;

public class RecorderTests
{
    private const int Second = 48000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact(Timeout = 120_000)]
    public async Task Every_sample_reaches_the_encoder_in_order()
    {
        var encoder = new FakeEncoder();
        await using var recorder = new Recorder(encoder);
        float[] ramp = [.. Enumerable.Range(0, 9 * Second).Select(i => i % 30000 / 32767f)];

        for (int at = 0; at < ramp.Length; at += 960) recorder.Write(ramp.AsSpan(at, 960));
        recorder.Write([1.5f, -1.5f]);                                               // beyond full scale
        var outcome = await recorder.FinishAsync(Patience);

        Assert.True(outcome.Succeeded && recorder.IsWhole);
        var pcm = MemoryMarshal.Cast<byte, short>(encoder.Pcm.ToArray());
        Assert.Equal(ramp.Length + 2, pcm.Length);
        for (int i = 0; i < ramp.Length; i++) Assert.Equal(i % 30000, pcm[i]);
        Assert.Equal((short.MaxValue, -short.MaxValue), (pcm[^2], pcm[^1]));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_encoder_that_is_stuck_never_holds_the_loop_and_the_recording_is_not_whole()
    {
        var encoder = new FakeEncoder { Stuck = true };
        await using var recorder = new Recorder(encoder);

        WriteSilence(recorder, seconds: 9);
        Assert.True(recorder.IsWhole);
        WriteSilence(recorder, seconds: 6);                                          // would wait for ever if it waited at all
        Assert.False(recorder.IsWhole);
        encoder.Unstick();
        var outcome = await recorder.FinishAsync(Patience);

        Assert.False(outcome.Succeeded);
        Assert.Contains("did not keep up", outcome.Detail);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_encoder_that_is_slow_for_a_while_loses_nothing()
    {
        var encoder = new FakeEncoder { Stuck = true };
        await using var recorder = new Recorder(encoder);
        WriteSilence(recorder, seconds: 8);
        encoder.Unstick();
        var outcome = await recorder.FinishAsync(Patience);

        Assert.True(outcome.Succeeded);
        Assert.Equal(2 * 8 * Second, encoder.Pcm.Length);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_encoder_that_dies_is_told_by_its_own_words()
    {
        var encoder = new FakeEncoder { DiesAfter = 100_000 };
        await using var recorder = new Recorder(encoder);

        WriteSilence(recorder, seconds: 5);
        var outcome = await recorder.FinishAsync(Patience);
        WriteSilence(recorder, seconds: 20);                                         // the loop may not know yet

        Assert.Equal((false, false, "it died"), (recorder.IsWhole, outcome.Succeeded, outcome.Detail));
    }

    [Fact(Timeout = 120_000)]
    public async Task Frames_after_the_recorder_is_gone_are_ignored()
    {
        var recorder = new Recorder(new FakeEncoder());
        WriteSilence(recorder, seconds: 1);
        await recorder.DisposeAsync();

        WriteSilence(recorder, seconds: 1);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_live_file_is_as_long_as_what_was_written()
    {
        using var folder = new TemporaryFolder();
        var (ffmpeg, detail) = FfmpegProcess.TryStart(FfmpegArguments.LiveMix(folder["live.mp4"]));
        Assert.True(ffmpeg is not null, detail);
        await using var recorder = new Recorder(ffmpeg);
        float[] sound = Sound.Chirps(7 * Second, [Second, 5 * Second]);
        for (int at = 0; at < sound.Length; at += 960) recorder.Write(sound.AsSpan(at, 960));

        var outcome = await recorder.FinishAsync(Patience);

        Assert.True(outcome.Succeeded, outcome.Detail);
        Assert.Equal(7, await Sound.DurationAsync(folder["live.mp4"]), tolerance: 0.05);
        float[] heard = await Sound.DecodeAsync(folder["live.mp4"]);                 // with the encoder's first 1024 samples, which only an index in front tells of
        foreach (int chirp in (int[])[Second, 5 * Second])
        {
            var (at, correlation) = Sound.FindChirp(heard, chirp);
            Assert.True(correlation > 0.8 && Math.Abs(at - chirp) < 1200, $"{chirp} at {at}, {correlation:0.00}");
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task What_a_killed_ffmpeg_had_written_can_be_played()
    {
        using var folder = new TemporaryFolder();
        string live = folder["live.mp4"];
        var (ffmpeg, detail) = FfmpegProcess.TryStart(FfmpegArguments.LiveMix(live));
        Assert.True(ffmpeg is not null, detail);
        await using var recorder = new Recorder(ffmpeg);
        float[] voice = Sound.Voice(9 * Second, seed: 1);
        for (int at = 0; at < voice.Length; at += 960) recorder.Write(voice.AsSpan(at, 960));
        while (!File.Exists(live) || new FileInfo(live).Length < 4000) await Task.Yield();      // fragments are on disk

        using (var process = Process.GetProcessById(ffmpeg.Id)) process.Kill();
        WriteSilence(recorder, seconds: 1);
        var outcome = await recorder.FinishAsync(Patience);

        Assert.False(outcome.Succeeded);
        Assert.Contains("ffmpeg", outcome.Detail);
        Assert.InRange(await Sound.DurationAsync(live), 1.9, 10);
    }

    private static void WriteSilence(Recorder recorder, int seconds)
    {
        var frame = new float[960];
        for (int n = 0; n < 50 * seconds; n++) recorder.Write(frame);
    }

    /// <summary>An encoder whose faults are the test's.</summary>
    private sealed class FakeEncoder : IEncoder
    {
        private readonly TaskCompletionSource unstuck = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public MemoryStream Pcm { get; } = new();
        public Stream Output => Stream.Null;
        public bool Stuck { get; init; }
        public int DiesAfter { get; init; } = int.MaxValue;

        public void Unstick() => unstuck.SetResult();

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> pcm, CancellationToken ct)
        {
            if (Stuck) await unstuck.Task.WaitAsync(ct);
            if (Pcm.Length > DiesAfter) throw new IOException("broken pipe");
            Pcm.Write(pcm.Span);
        }

        public Task<EncoderOutcome> FinishAsync(TimeSpan patience) =>
            Task.FromResult(Pcm.Length > DiesAfter ? new EncoderOutcome(false, "it died") : new EncoderOutcome(true, ""));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
