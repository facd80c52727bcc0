using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;
using Pipeline.Ingest.Recording.Mp4;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Recording.Live;
using Pipeline.TestKit.Audio;

namespace Pipeline.Ingest.Tests.Recording;

public class RecorderTests
{
    private const int Second = 48000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact(Timeout = 120_000)]
    public async Task Every_sample_is_in_the_live_mix_in_order()
    {
        await using var meeting = new LiveMeeting(() => new PlainEncoder());
        float[] ramp = Ramp(9 * Second);
        meeting.Write(ramp);
        meeting.Recorder.Write([1.5f, -1.5f]);                                       // beyond full scale

        var whole = await meeting.Recorder.FinishAsync(Patience);

        Assert.True(meeting.Recorder.IsWhole && meeting.Mix.IsOver);
        Assert.Same(whole, Assert.Single(meeting.Mix.Parts));
        Assert.Equal("1-1", whole!.Name);
        short[] heard = await HeardAsync(meeting.Mix);
        Assert.Equal([.. Pcm(ramp), short.MaxValue, -short.MaxValue], heard);
        Assert.Empty(meeting.Failures);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_encoder_that_is_stuck_is_replaced_and_no_sample_is_missing()
    {
        int started = 0;
        await using var meeting = new LiveMeeting(() => new PlainEncoder { StuckAfter = started++ == 0 ? 2 * 5 * Second : int.MaxValue });
        float[] ramp = Ramp(15 * Second);
        meeting.Write(ramp.AsSpan(0, 12 * Second));                                  // would wait for ever if it waited at all
        while (started < 2) await meeting.PassAsync();
        meeting.Write(ramp.AsSpan(12 * Second));

        Assert.Null(await meeting.Recorder.FinishAsync(Patience));
        Assert.False(meeting.Recorder.IsWhole);
        Assert.Equal(["1-1", "1-2"], meeting.Mix.Parts.Select(part => part.Name));
        Assert.Equal(Pcm(ramp), await HeardAsync(meeting.Mix));
        Assert.Contains("nothing came out", Assert.Single(meeting.Failures));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_encoder_that_dies_is_replaced_at_once_and_tells_why()
    {
        int started = 0;
        await using var meeting = new LiveMeeting(() => new PlainEncoder { DiesAfter = started++ == 0 ? 2 * 5 * Second : int.MaxValue });
        float[] ramp = Ramp(15 * Second);
        meeting.Write(ramp);
        while (meeting.Starts < 2) await Task.Yield();

        Assert.Null(await meeting.Recorder.FinishAsync(Patience));
        Assert.Equal(Pcm(ramp), await HeardAsync(meeting.Mix));
        Assert.Equal(["it died"], meeting.Failures);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_encoder_that_is_slow_for_a_while_loses_nothing()
    {
        var encoder = new PlainEncoder { StuckAfter = 2 * Second };
        await using var meeting = new LiveMeeting(() => encoder);
        float[] ramp = Ramp(18 * Second);
        meeting.Write(ramp);
        for (int second = 0; second < 7; second++) await meeting.PassAsync();
        encoder.Unstick();

        Assert.NotNull(await meeting.Recorder.FinishAsync(Patience));
        Assert.Equal(Pcm(ramp), await HeardAsync(meeting.Mix));
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_an_encoder_it_is_tried_again_and_what_found_no_room_is_a_hole()
    {
        var tried = new TaskCompletionSource();
        bool installed = false;
        await using var meeting = new LiveMeeting(() =>
        {
            tried.TrySetResult();
            return Volatile.Read(ref installed) ? new PlainEncoder() : null;
        });
        await tried.Task;
        float[] ramp = Ramp(40 * Second);
        meeting.Write(ramp.AsSpan(0, 30 * Second));
        Volatile.Write(ref installed, true);
        while (meeting.Starts < 2) await meeting.PassAsync();
        meeting.Write(ramp.AsSpan(30 * Second));

        Assert.Null(await meeting.Recorder.FinishAsync(Patience));
        var part = Assert.Single(meeting.Mix.Parts);
        Assert.Equal(30 * Second, part.Fragments[0].Start);
        Assert.Equal(40 * Second, part.Fragments[^1].End);
        Assert.Equal(Pcm(ramp.AsSpan(30 * Second)), await HeardAsync(meeting.Mix));
        Assert.Equal(["there is none"], meeting.Failures);
    }

    [Fact(Timeout = 120_000)]
    public async Task Frames_after_the_recorder_is_gone_are_ignored()
    {
        var meeting = new LiveMeeting(() => new PlainEncoder());
        meeting.Write(new float[Second]);
        await meeting.DisposeAsync();

        meeting.Write(new float[Second]);
        Assert.True(meeting.Mix.IsOver);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_later_run_goes_on_behind_the_parts_that_a_crash_left()
    {
        float[] ramp = Ramp(9 * Second);
        await using var meeting = new LiveMeeting(() => new PlainEncoder());
        meeting.Write(ramp.AsSpan(0, 7 * Second));
        while (meeting.Mix.Parts is not [{ Fragments.Count: >= 3 }]) await Task.Yield();

        // The first run ends without a word; its file is read as it lies there, with half of a fragment behind it.
        using var folder = new TemporaryFolder();
        File.Copy(meeting.Folder["live-1-1.mp4"], folder["live-1-1.mp4"]);
        await File.WriteAllTextAsync(folder["live-x.mp4"], "not ours");
        await using var next = new LiveMeeting(() => new PlainEncoder(), folder, meeting.Journal, run: 2, first: 8 * Second);
        next.Write(ramp.AsSpan(8 * Second));
        Assert.Null(await next.Recorder.FinishAsync(Patience));                      // it is not the whole meeting

        Assert.Equal(["1-1", "2-1"], next.Mix.Parts.Select(part => part.Name));
        Assert.Equal([0, 2, 4, 8], next.Mix.Parts.SelectMany(part => part.Fragments).Select(f => f.Start / Second));
        short[] heard = await HeardAsync(next.Mix);
        Assert.Equal([.. Pcm(ramp.AsSpan(0, 6 * Second)), .. Pcm(ramp.AsSpan(8 * Second))], heard);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40_000)]
    [InlineData(66_000)]
    [InlineData(40 + 3 * (65_536 + 28) + 5)]                                         // a chunk of which nothing can be read
    [InlineData(300_000)]
    public async Task A_part_that_is_cut_off_anywhere_has_its_whole_fragments(int bytes)
    {
        await using var meeting = new LiveMeeting(() => new PlainEncoder());
        meeting.Write(Ramp(9 * Second));
        await meeting.Recorder.FinishAsync(Patience);
        using var folder = new TemporaryFolder();
        byte[] file = await File.ReadAllBytesAsync(meeting.Folder["live-1-1.mp4"]);
        await File.WriteAllBytesAsync(folder["live-1-1.mp4"], file[..bytes]);

        var parts = LivePart.OpenAll(folder.Path, meeting.Journal.Keys, beforeRun: 2);

        long chunks = Math.Max(0, bytes - 40) / ((64 << 10) + 28) * (64 << 10);      // what is sealed whole
        var whole = Assert.Single(meeting.Mix.Parts).Fragments.Where(f => f.Offset + f.Length <= chunks);
        Assert.Equal(whole, parts.SelectMany(part => part.Fragments));
        foreach (var part in parts) part.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task What_ffmpeg_makes_is_a_whole_meeting_to_the_sample()
    {
        await using var meeting = new LiveMeeting(null);
        const int Length = 7 * Second + 331;
        float[] sound = Sound.Chirps(Length, [0, Second, 5 * Second]);
        meeting.Write(sound);

        var whole = await meeting.Recorder.FinishAsync(Patience);

        Assert.True(whole is not null, string.Join("; ", meeting.Failures));
        Assert.Equal(Enumerable.Repeat(0L, 3), whole.Fragments.Zip(whole.Fragments.Skip(1), (a, b) => b.Start - a.End));
        Assert.Equal((0, Length), (whole.Fragments[0].Start, whole.Fragments[^1].End));
        string mix = meeting.Folder["mix.mp4"], plain = meeting.Folder["plain.mp4"];
        Assert.Equal(Length / 48000.0, ProgressiveMp4.Save(whole.OpenRead(), mix, meeting.Journal.Keys, default).TotalSeconds, 1e-6);
        await using (var made = SealedFile.OpenWhole(mix, meeting.Journal.Keys)) await File.WriteAllBytesAsync(plain, Bytes(made));
        Assert.Equal(Length / 48000.0, (await Ffprobe.ReadAsync(plain)).Audio.Duration!.Value.TotalSeconds, 1e-5);
        float[] heard = await FfmpegDecode.ToFloatAsync(plain);
        foreach (int chirp in (int[])[0, Second, 5 * Second])
        {
            var (at, alike) = Sound.FindChirp(heard, chirp);
            Assert.True(alike > 0.8 && Math.Abs(at - chirp) < 48, $"{chirp} at {at}, {alike:0.00}");
        }
        // Nothing of it lay in the clear.
        Assert.DoesNotContain("moof"u8.ToArray(), Windows(await File.ReadAllBytesAsync(meeting.Folder["live-1-1.mp4"]), 4), new SameBytes());
    }

    [Theory(Timeout = 120_000)]
    [InlineData("-KILL")]
    [InlineData("-STOP")]
    public async Task What_a_dead_or_stopped_ffmpeg_still_held_the_next_one_gets(string signal)
    {
        await using var meeting = new LiveMeeting(null);
        int[] chirps = [Second / 2, 3 * Second, 6 * Second + 100, 11 * Second];
        float[] sound = Sound.Chirps(13 * Second, chirps.Select(c => (long)c));
        meeting.Write(sound.AsSpan(0, 7 * Second));
        while (meeting.Mix.Parts is not [{ Fragments.Count: >= 2 }]) await Task.Yield();
        using (var kill = Process.Start("kill", [signal, $"{meeting.Ffmpeg}"])) await kill.WaitForExitAsync();
        meeting.Write(sound.AsSpan(7 * Second, 4 * Second));
        while (meeting.Starts < 2) await meeting.PassAsync();
        meeting.Write(sound.AsSpan(11 * Second));

        Assert.Null(await meeting.Recorder.FinishAsync(Patience));

        var fragments = meeting.Mix.Parts.SelectMany(part => part.Fragments).ToList();
        Assert.Equal(0, fragments[0].Start);
        Assert.All(fragments.Zip(fragments.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        Assert.Equal(sound.Length, fragments[^1].End);
        foreach (var part in meeting.Mix.Parts)
        {
            long begins = part.Fragments[0].Start, ends = part.Fragments[^1].End;
            string file = meeting.Folder[part.Name + ".mp4"];
            await File.WriteAllBytesAsync(file, Bytes(part.OpenRead()));
            float[] heard = await FfmpegDecode.ToFloatAsync(file);
            foreach (int chirp in chirps.Where(c => c >= begins && c + 2000 < ends))
            {
                var (at, alike) = Sound.FindChirp(heard, chirp - begins, reach: 1500);       // with the encoder's first 1024 samples
                Assert.True(alike > 0.8, $"{chirp} at {begins + at}, {alike:0.00}");
            }
        }
    }

    private static float[] Ramp(int samples) => [.. Enumerable.Range(0, samples).Select(i => i % 30000 / 32767f)];

    private static short[] Pcm(ReadOnlySpan<float> ramp)
    {
        var pcm = new short[ramp.Length];
        for (int i = 0; i < pcm.Length; i++) pcm[i] = (short)MathF.Round(ramp[i] * 32767);
        return pcm;
    }

    private static byte[] Bytes(Stream stream)
    {
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>All that lies in the fragments of <see cref="PlainEncoder"/>s.</summary>
    private static async Task<short[]> HeardAsync(LiveMix mix)
    {
        var pcm = new MemoryStream();
        foreach (var part in mix.Parts)
        {
            await using var bytes = part.OpenRead();
            foreach (var fragment in part.Fragments)
            {
                var content = new byte[fragment.Length];
                bytes.Position = fragment.Offset;
                bytes.ReadExactly(content);
                pcm.Write(PlainEncoder.Samples(content));
            }
        }
        return MemoryMarshal.Cast<byte, short>(pcm.ToArray()).ToArray();
    }

    private static IEnumerable<byte[]> Windows(byte[] bytes, int length) => Enumerable.Range(0, bytes.Length - length).Select(at => bytes[at..(at + length)]);

    private sealed class SameBytes : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? a, byte[]? b) => a.AsSpan().SequenceEqual(b);
        public int GetHashCode(byte[] bytes) => 0;
    }

    /// <summary>A run of a meeting's live mix, on a clock that moves when told.</summary>
    private sealed class LiveMeeting : IAsyncDisposable
    {
        private readonly SimulatedClock clock = new();
        private readonly TemporaryFolder? own;
        private readonly JournalFolder? ownJournal;

        /// <param name="encoder">Makes one, or null for none; null: `ffmpeg`.</param>
        public LiveMeeting(Func<PlainEncoder?>? encoder, TemporaryFolder? folder = null, JournalFolder? journal = null, int run = 1, long first = 0)
        {
            Folder = folder ?? (own = new TemporaryFolder());
            Journal = journal ?? (ownJournal = new JournalFolder());
            Mix = new LiveMix(() => LivePart.OpenAll(Folder.Path, Journal.Keys, run));
            Recorder = new Recorder(new LiveTarget(Folder.Path, Journal.Keys, run, Mix), first, Start, Failures.Enqueue, clock);

            (IEncoder?, string) Start()
            {
                Interlocked.Increment(ref starts);
                if (encoder is not null) return (encoder(), "there is none");
                var (ffmpeg, detail) = FfmpegProcess.TryStart(FfmpegArguments.Mix);
                Ffmpeg = ffmpeg?.Id ?? 0;
                return (ffmpeg, detail);
            }
        }

        private int starts;

        public TemporaryFolder Folder { get; }
        public JournalFolder Journal { get; }
        public LiveMix Mix { get; }
        public Recorder Recorder { get; }
        public ConcurrentQueue<string> Failures { get; } = new();
        public int Starts => Volatile.Read(ref starts);
        public int Ffmpeg { get; private set; }

        public void Write(ReadOnlySpan<float> sound)
        {
            for (; !sound.IsEmpty; sound = sound[Math.Min(960, sound.Length)..]) Recorder.Write(sound[..Math.Min(960, sound.Length)]);
        }

        /// <summary>Lets a second go by.</summary>
        public async Task PassAsync()
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        public async ValueTask DisposeAsync()
        {
            await Recorder.DisposeAsync();
            Mix.Dispose();
            own?.Dispose();
            ownJournal?.Dispose();
        }
    }
}
