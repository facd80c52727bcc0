using System.Text.Json;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Jitter;
using Pipeline.Ingest.Tests.Journal;
using Xunit.Abstractions;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Recording;

public class MeetingRendererTests(ITestOutputHelper output)
{
    private const int Second = 48000, Tracks = 3, NoSpace = 28;
    private static readonly TimeSpan Duration = Ms(25_340), Delay = Ms(20), OutageFrom = Ms(10_000), OutageTo = Ms(14_000);

    [Fact(Timeout = 180_000)]
    public async Task Files_are_as_long_as_the_meeting_and_each_sound_is_where_it_was()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: false);

        var made = (await new MeetingRenderer(journal.Reader(), folder.Path, Duration).RenderAsync(mix: true, tracks: true, live: null, CancellationToken.None)).InPlain(journal.Keys);

        Assert.Null(made.MixFailure);
        Assert.Empty(made.Damage);
        Assert.Equal([null, 1, 2, 3, null], made.Files.Select(f => f.Track));
        Assert.All(made.Files, file => Assert.Equal(new FileInfo(file.Path).Length, file.Bytes));
        foreach (var file in made.Files.Where(f => f.Kind != RenderedKind.Waveform))
        {
            double length = await Sound.DurationAsync(file.Path);
            output.WriteLine($"{Path.GetFileName(file.Path)}: {length:0.0000} s for {Duration.TotalSeconds:0.0000} s");
            Assert.True(Math.Abs(length - Duration.TotalSeconds) <= 0.05, $"{file.Path} is {length} s");
            float[] heard = await Sound.DecodeAsync(file.Path);
            Assert.True(Math.Abs(heard.Length / 48000.0 - Duration.TotalSeconds) <= 0.05, $"{file.Path} has {heard.Length / 48000.0} s of sound");
            foreach (int track in file.Track is { } one ? [one] : Enumerable.Range(1, Tracks))
                foreach (long chirp in Chirps(track)) AssertChirp(heard, chirp + Samples(Delay), file.Path);
        }
        Assert.Empty(Directory.GetFiles(folder.Path, "*.part"));
        for (int track = 1; track <= Tracks; track++)
            Assert.Equal((50 * 24L, 0L), (made.Quality[track].PacketsReceived, made.Quality[track].PacketsLost));
    }

    [Fact(Timeout = 180_000)]
    public async Task The_same_journal_makes_the_same_files()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: false);

        var one = (await new MeetingRenderer(journal.Reader(), folder["one"], Duration).RenderAsync(true, true, null, CancellationToken.None)).InPlain(journal.Keys);
        var two = (await new MeetingRenderer(journal.Reader(), folder["two"], Duration).RenderAsync(true, true, null, CancellationToken.None)).InPlain(journal.Keys);

        Assert.Equal(one.Files.Select(f => f.Sha256), two.Files.Select(f => f.Sha256));
        var tracksOnly = (await new MeetingRenderer(journal.Reader(), folder["three"], Duration).RenderAsync(false, true, null, CancellationToken.None)).InPlain(journal.Keys);
        Assert.Equal(one.Files.Skip(1).Select(f => f.Sha256), tracksOnly.Files.Select(f => f.Sha256));
    }

    [Fact(Timeout = 180_000)]
    public async Task Without_ffmpeg_there_is_no_mix_and_a_sentence_and_the_tracks_all_the_same()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: false);

        var made = (await new MeetingRenderer(journal.Reader(), folder.Path, Duration) { Ffmpeg = "ffmpeg-that-is-not-there" }.RenderAsync(true, true, null, CancellationToken.None)).InPlain(journal.Keys);

        Assert.StartsWith("ffmpeg cannot be started", made.MixFailure, StringComparison.Ordinal);
        Assert.Contains("install", made.MixFailure);
        Assert.Equal([1, 2, 3, null], made.Files.Select(f => f.Track));
        Assert.Equal(RenderedKind.Waveform, made.Files[^1].Kind);
    }

    [Theory(Timeout = 180_000)]
    [InlineData("head -c 96000; echo no more >&2; exit 1", "ffmpeg ended with status 1: no more")]
    [InlineData("head -c 96000; exec sleep 1000", "ffmpeg did nothing for 2 s")]
    [InlineData("kill -STOP $$", "ffmpeg did nothing for 2 s")]
    [InlineData("exec cat", "what ffmpeg made is no MP4: a box is 0 bytes long")]
    public async Task An_encoder_that_fails_is_stuck_or_makes_something_else_leaves_the_tracks_and_no_half_file(string script, string sentence)
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: false);
        string ffmpeg = ScriptedProgram.Write(folder, script);

        var made = (await new MeetingRenderer(journal.Reader(), folder["made"], Duration) { Ffmpeg = ffmpeg, Patience = TimeSpan.FromSeconds(2) }.RenderAsync(true, true, null, CancellationToken.None)).InPlain(journal.Keys);

        Assert.Equal(sentence, made.MixFailure);
        Assert.Equal([1, 2, 3, null], made.Files.Select(f => f.Track));
        Assert.Equal(RenderedKind.Waveform, made.Files[^1].Kind);
        Assert.Equal(["track-001.ogg", "track-002.ogg", "track-003.ogg", "waveform.json"], Names(folder["made"]));
    }

    [Theory(Timeout = 180_000)]
    [InlineData("exec cat", 128 << 10, true, false)]                                 // it makes more, and takes no more when nobody takes that
    [InlineData("exec ffmpeg \"$@\"", 16 << 10, true, false)]
    [InlineData("exec ffmpeg \"$@\"", 16 << 10, false, true)]
    public async Task A_disk_that_is_full_while_files_are_made_is_told_and_nothing_is_left_on_it(string script, long bytes, bool mix, bool tracks)
    {
        await using var disk = await MountedDisk.TryMountAsync(bytes);
        if (disk is null)
        {
            output.WriteLine("not tried: no mount namespaces here");
            return;
        }
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: false);

        var renderer = new MeetingRenderer(journal.Reader(), disk.Path, Duration) { Ffmpeg = ScriptedProgram.Write(folder, script) };
        var failure = await Assert.ThrowsAsync<IOException>(() => renderer.RenderAsync(mix, tracks, live: null, default));
        Assert.Equal(NoSpace, failure.HResult);
        Assert.DoesNotContain(Names(disk.Path), name => name!.EndsWith(".part", StringComparison.Ordinal) || name.StartsWith("mix", StringComparison.Ordinal));
    }

    [Fact(Timeout = 180_000)]
    public async Task No_encoder_is_started_where_there_is_no_room_for_what_it_makes()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: false);
        Directory.CreateDirectory(folder["made/mix.mp4.fragments.part"]);            // in the way
        string ffmpeg = ScriptedProgram.Write(folder, "echo > \"$0.started\"; exec cat");

        await Assert.ThrowsAnyAsync<UnauthorizedAccessException>(() => new MeetingRenderer(journal.Reader(), folder["made"], Duration) { Ffmpeg = ffmpeg }.RenderAsync(true, true, null, default));
        Assert.False(File.Exists(ffmpeg + ".started"));
    }

    [Fact(Timeout = 180_000)]
    public async Task An_outage_between_two_runs_is_silence_in_its_place_and_a_gap()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: true);

        var made = (await new MeetingRenderer(journal.Reader(), folder.Path, Duration).RenderAsync(true, true, null, CancellationToken.None)).InPlain(journal.Keys);

        foreach (var file in made.Files.Where(f => f.Kind != RenderedKind.Waveform))
        {
            float[] heard = await Sound.DecodeAsync(file.Path);
            Assert.True(Sound.Rms(heard.AsSpan((int)Samples(OutageFrom) + 6000, (int)Samples(OutageTo - OutageFrom) - 12_000)) < 1e-3, file.Path);
            foreach (long chirp in Chirps(file.Track ?? 1).Where(c => c > Samples(OutageTo) || c < Samples(OutageFrom) - 4800))
                AssertChirp(heard, chirp + Samples(Delay), file.Path);
        }
        for (int track = 1; track <= Tracks; track++)
        {
            var gap = Assert.Single(made.Quality[track].Gaps, g => g.Kind == GapKind.Outage);
            Assert.InRange(gap.From, OutageFrom - Ms(100), OutageFrom + Ms(100));
            Assert.InRange(gap.To, OutageTo - Ms(100), OutageTo + Ms(100));
        }
    }

    [Fact(Timeout = 180_000)]
    public async Task Ten_minutes_in_which_nobody_sent_are_ten_minutes_of_silence()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: false);

        var made = (await new MeetingRenderer(journal.Reader(), folder.Path, TimeSpan.FromMinutes(10)).RenderAsync(true, false, null, CancellationToken.None)).InPlain(journal.Keys);

        Assert.Null(made.MixFailure);
        Assert.Equal(600, await Sound.DurationAsync(folder["plain/mix.mp4"]), tolerance: 0.05);
    }

    [Fact(Timeout = 180_000)]
    public async Task The_waveform_of_the_live_mix_is_that_of_the_journal()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        var live = new Waveform();
        await WriteMeetingAsync(journal, outage: false, live);

        var kept = (await new MeetingRenderer(journal.Reader(), folder["live"], Duration).RenderAsync(false, false, live, CancellationToken.None)).InPlain(journal.Keys);
        var made = (await new MeetingRenderer(journal.Reader(), folder["journal"], Duration).RenderAsync(false, false, null, CancellationToken.None)).InPlain(journal.Keys);

        Assert.Equal([RenderedKind.Waveform], made.Files.Select(f => f.Kind));
        Assert.Equal(kept.Files.Select(f => f.Sha256), made.Files.Select(f => f.Sha256));
        Assert.Equal((false, true), (kept.Heard, made.Heard));
        using var file = JsonDocument.Parse(await File.ReadAllBytesAsync(made.Files[0].Path));
        Assert.Equal(254, file.RootElement.GetProperty("length").GetInt32());
        var loud = file.RootElement.GetProperty("data").EnumerateArray().Select(v => v.GetInt32()).Chunk(2).Select(p => p[1] - p[0] > 20).ToList();
        foreach (long chirp in Enumerable.Range(1, Tracks).SelectMany(Chirps))
            Assert.True(loud[(int)((chirp + Samples(Delay) + 960) / Waveform.SamplesPerPixel)], $"no chirp at {chirp}");
        Assert.InRange(loud.Count(l => l), 21, 2 * 21);
    }

    [Fact(Timeout = 180_000)]
    public async Task A_waveform_over_an_outage_has_its_silence()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        await WriteMeetingAsync(journal, outage: true);

        var made = (await new MeetingRenderer(journal.Reader(), folder.Path, Duration).RenderAsync(false, false, null, CancellationToken.None)).InPlain(journal.Keys);

        using var file = JsonDocument.Parse(await File.ReadAllBytesAsync(made.Files[0].Path));
        var data = file.RootElement.GetProperty("data").EnumerateArray().Select(v => v.GetInt32()).ToArray();
        Assert.Equal(2 * 254, data.Length);
        Assert.All(data[(2 * 102)..(2 * 139)], value => Assert.Equal(0, value));
        Assert.Contains(data[(2 * 141)..], value => value > 20);
    }

    private static IEnumerable<string?> Names(string folder) => Directory.GetFiles(folder).Select(Path.GetFileName).Order();

    /// <summary>Three people, each with sounds of their own, for 24 s; over a network that loses nothing.</summary>
    /// <param name="live">Takes the waveform as the first run mixes.</param>
    private static async Task WriteMeetingAsync(JournalFolder journal, bool outage, Waveform? live = null)
    {
        var link = new SimulatedLink<(int Track, SentPacket Packet)>(3) { Delay = Delay, Jitter = Ms(3) };
        var sent = new List<(int Track, SentPacket Packet)>();
        for (int track = 1; track <= Tracks; track++)
        {
            var sender = new SimulatedSender(ssrc: (uint)(1000 + track), sequence: 65500 + track);
            foreach (byte[] packet in Sound.Encode(Sound.Chirps(24 * Second, Chirps(track)))) sent.Add((track, sender.Send(payload: packet)));
        }
        foreach (var (track, packet) in sent.OrderBy(s => s.Packet.At)) link.Send((track, packet), packet.At);

        var deliveries = link.DeliverAll().ToList();
        var first = deliveries.Where(d => !outage || d.Arrival < OutageFrom);
        await RunAsync(journal, 1, closes: !outage, Ms(0), first.Select(d => (d.Packet.Packet.Bytes, d.Arrival)), live);
        if (outage) await RunAsync(journal, 2, closes: true, OutageTo, deliveries.Where(d => d.Arrival >= OutageTo).Select(d => (d.Packet.Packet.Bytes, d.Arrival)));
    }

    private static async Task RunAsync(JournalFolder journal, int run, bool closes, TimeSpan at, IEnumerable<(byte[] Datagram, TimeSpan Arrival)> packets, Waveform? live = null)
    {
        await using var writer = journal.Open(run);
        using var pipeline = new MediaPipeline(writer, mix: null, speech: null) { Waveform = live };
        await writer.AppendAsync(new MeetingOpened("mtg_1", run, DateTimeOffset.UnixEpoch), at);
        for (int track = 1; track <= Tracks; track++)
        {
            var description = Track(track, ssrc: (uint)(1000 + track));
            if (run == 1) await writer.AppendAsync(JournalFolder.Added(description), at);
            pipeline.AddTrack(description);
        }
        int count = 0;
        foreach (var (datagram, arrival) in packets)
        {
            pipeline.Receive(datagram, Loopback, arrival);
            if (++count % Tracks == 0) pipeline.Commit();
            if (live is not null) pipeline.Advance(arrival);
        }
        pipeline.Commit();
        if (live is not null) pipeline.Finish(Duration);
        if (closes) await writer.AppendAsync(new MeetingClosed((long)Duration.TotalMicroseconds), Duration);
    }

    private static IEnumerable<long> Chirps(int track) => Enumerable.Range(0, 7).Select(n => (long)(n * 3 + track) * Second + 97 * n);

    private static void AssertChirp(float[] heard, long expected, string path)
    {
        var (at, correlation) = Sound.FindChirp(heard, expected);
        Assert.True(correlation > 0.7, $"{path}: no chirp at {expected / 48000.0:0.000} s, {correlation:0.00}");
        Assert.True(Math.Abs(at - expected) <= 960, $"{path}: the chirp of {expected / 48000.0:0.000} s lies {(at - expected) / 48.0:0.00} ms away");
    }
}
