using System.Text;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Mp4;
using Pipeline.TestKit.Audio;

namespace Pipeline.Ingest.Tests.Recording.Mp4;

/// <summary>FFmpeg makes fragments, we make a file of them, and FFmpeg says what is in it.</summary>
public class ProgressiveMp4Tests
{
    private static readonly string[] Fragments = ["-movflags", "+frag_keyframe+empty_moov+delay_moov+default_base_moof", "-frag_duration", "2000000", "-fflags", "+bitexact", "-f", "mp4"];

    [Theory(Timeout = 120_000)]
    [InlineData(480)]                                                                // less than a frame
    [InlineData(48000 * 2)]
    [InlineData(48000 * 9 + 777)]
    public async Task Sound_is_as_long_as_it_was_and_begins_with_its_first_sample(int samples)
    {
        using var folder = new TemporaryFolder();
        float[] sound = Sound.Chirps(samples, samples > 48000 ? [0, samples / 2, samples - 4000] : []);
        byte[] fragmented = await EncodeAsync(sound);

        string made = folder["made.mp4"];
        var length = Write(fragmented, made);

        Assert.Equal(samples / 48000.0, length.TotalSeconds, 1e-6);
        var said = await Ffprobe.ReadAsync(made);
        Assert.Equal((samples / 48000.0, 0), (said.Audio.Duration!.Value.TotalSeconds, said.Audio.Start!.Value.TotalSeconds), new Near(1e-5));
        float[] heard = await FfmpegDecode.ToFloatAsync(made);
        Assert.InRange(heard.Length, samples, samples + 1024);                       // the last frame is decoded whole
        foreach (int chirp in samples > 48000 ? new[] { 0, samples / 2, samples - 4000 } : [])
        {
            var (at, alike) = Sound.FindChirp(heard, chirp);
            Assert.True(alike > 0.8 && Math.Abs(at - chirp) < 48, $"{chirp} at {at}, {alike:0.00}");
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Pictures_sound_and_text_are_those_that_ffmpeg_finds_in_the_fragments()
    {
        using var folder = new TemporaryFolder();
        string fragmented = folder["fragmented.mp4"], captions = folder["captions.srt"], copied = folder["copied.mp4"], made = folder["made.mp4"];
        // FFmpeg's fragments have no pause between two texts: the first goes on until the second comes.
        const string Texts = "1\n00:00:00,000 --> 00:00:02,000\nGood morning.\n\n2\n00:00:02,000 --> 00:00:06,250\nShall we begin?\n\n";
        await File.WriteAllTextAsync(captions, Texts);
        await Tool.RunAsync("ffmpeg",
        [
            "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25:duration=7", "-f", "lavfi", "-i", "sine=frequency=440:duration=7:sample_rate=48000", "-i", captions,
            "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "50", "-c:a", "aac", "-c:s", "mov_text", "-metadata", "title=Weekly sync",
            "-metadata:s:a", "language=eng", .. Fragments, fragmented,
        ], default);
        await Tool.RunAsync("ffmpeg", ["-v", "error", "-copyts", "-i", fragmented, "-map", "0", "-c", "copy", "-avoid_negative_ts", "disabled", "-f", "mp4", copied], default);

        Write(await File.ReadAllBytesAsync(fragmented), made);

        Assert.Equal(await FramesAsync(copied), await FramesAsync(made));
        Assert.Equal(Texts, Encoding.UTF8.GetString(await Tool.RunAsync("ffmpeg", ["-v", "error", "-i", made, "-map", "0:s", "-f", "srt", "-"], default)));
        var (ours, theirs) = (await Ffprobe.ReadAsync(made), await Ffprobe.ReadAsync(copied));
        Assert.Equal(theirs.Streams.Select(s => (s.Kind, s.Codec, s.Start)), ours.Streams.Select(s => (s.Kind, s.Codec, s.Start)));
        Assert.Equal("Weekly sync", ours.Tags["title"]);
        Assert.All(ours.Streams.Where(s => s.Kind != "subtitle"), s => Assert.Equal(7.0, s.Duration!.Value.TotalSeconds, 0.03));
        // Any picture is found from the nearest key frame.
        byte[] sought = await Tool.RunAsync("ffmpeg", ["-v", "error", "-ss", "5.04", "-i", made, "-map", "0:v", "-frames:v", "1", "-f", "framemd5", "-"], default);
        byte[] expected = await Tool.RunAsync("ffmpeg", ["-v", "error", "-ss", "5.04", "-i", copied, "-map", "0:v", "-frames:v", "1", "-f", "framemd5", "-"], default);
        Assert.Equal(expected, sought);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_file_that_is_cut_off_anywhere_gives_all_of_its_whole_fragments()
    {
        byte[] whole = await EncodeAsync(Sound.Voice(48000 * 7, seed: 3));
        var fragments = Pieces(whole, whole.Length).ToList();
        int header = fragments[0].Length;
        for (int length = 0; length < whole.Length; length += 97)
        {
            int past = 0;
            int there = fragments.TakeWhile(f => (past += f.Length) <= length).Count();
            if (length < header)
            {
                Assert.Throws<InvalidDataException>(() => ProgressiveMp4.Write(new MemoryStream(whole, 0, length), Stream.Null, default));
                continue;
            }
            var made = ProgressiveMp4.Write(new MemoryStream(whole, 0, length), Stream.Null, default);
            Assert.Equal(Math.Min(7, Math.Max(0, (there - 1) * 94 * 1024 - 1024) / 48000.0), made.TotalSeconds, 1e-4);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Flipped_bits_are_found_or_do_no_harm()
    {
        byte[] whole = await EncodeAsync(Sound.Voice(48000 * 3, seed: 4));
        var random = new Random(5);
        for (int n = 0; n < 3000; n++)
        {
            byte[] damaged = [.. whole];
            // The header and the first fragment's head, where all structure is.
            damaged[random.Next(1250)] ^= (byte)(1 << random.Next(8));
            try { ProgressiveMp4.Write(new MemoryStream(damaged), Stream.Null, default); }
            catch (Exception e) when (e is InvalidDataException) { }
            var reader = new FragmentReader();
            reader.Write(damaged);
            try
            {
                while (reader.TryRead(out var piece))
                    if (!piece.IsHeader) MovieFragment.Shift(piece.Bytes.Span, 960);
            }
            catch (Exception e) when (e is InvalidDataException) { }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public async Task Pieces_are_the_same_however_their_bytes_come(int bytes)
    {
        byte[] whole = await EncodeAsync(Sound.Voice(48000 * 5, seed: 6));

        var pieces = Pieces(whole, bytes).ToList();

        Assert.Equal(Pieces(whole, whole.Length), pieces);
        Assert.Equal(4, pieces.Count);                                               // a header and three fragments
        Assert.True(whole.AsSpan().StartsWith(pieces.SelectMany(p => p).ToArray()));
    }

    [Fact(Timeout = 120_000)]
    public async Task Fragments_moved_to_their_place_are_heard_there()
    {
        using var folder = new TemporaryFolder();
        byte[] fragmented = await EncodeAsync(Sound.Chirps(48000 * 5, [48000]));
        using var moved = new MemoryStream();
        foreach (byte[] piece in Pieces(fragmented, fragmented.Length))
        {
            if (piece[4] == 'm') MovieFragment.Shift(piece, 48000 * 60);
            moved.Write(piece);
        }

        var read = MovieFragment.Read(Pieces(moved.ToArray(), 1 << 20).ElementAt(1), 0, new Dictionary<uint, FragmentSample> { [1] = default });
        Assert.Equal(48000 * 60, Assert.Single(read).DecodeTime);
        Assert.Equal(94, read[0].Samples.Count);
        Assert.All(read[0].Samples, s => Assert.Equal(1024u, s.Duration));
        string file = folder["moved.mp4"];
        Assert.Equal(65 - 1024 / 48000.0 + 1024 / 48000.0, Write(moved.ToArray(), file).TotalSeconds, 0.03);   // a minute of nothing first
        Assert.Equal(60, (await Ffprobe.ReadAsync(file)).Audio.Start!.Value.TotalSeconds, 0.03);
    }

    private static IEnumerable<byte[]> Pieces(byte[] fragmented, int step)
    {
        var reader = new FragmentReader();
        for (int at = 0; at < fragmented.Length; at += step)
        {
            reader.Write(fragmented.AsSpan(at, Math.Min(step, fragmented.Length - at)));
            while (reader.TryRead(out var piece)) yield return piece.Bytes.ToArray();
        }
    }

    private static TimeSpan Write(byte[] fragmented, string path)
    {
        using var file = File.Create(path);
        return ProgressiveMp4.Write(new MemoryStream(fragmented), file, default);
    }

    private static async Task<byte[]> EncodeAsync(float[] sound)
    {
        using var pcm = new MemoryStream();
        foreach (float sample in sound) pcm.Write(BitConverter.GetBytes((short)MathF.Round(sample * short.MaxValue)));
        pcm.Position = 0;
        using var made = new MemoryStream();
        var outcome = await FfmpegProcess.RunAsync(FfmpegArguments.Mix, pcm, made, default);
        Assert.True(outcome.Succeeded, outcome.Detail);
        return made.ToArray();
    }

    /// <summary>Every sound and picture decoded, with its time.</summary>
    private static async Task<string> FramesAsync(string file) => Encoding.UTF8.GetString(
        await Tool.RunAsync("ffmpeg", ["-v", "error", "-xerror", "-copyts", "-i", file, "-map", "0:v", "-map", "0:a", "-f", "framemd5", "-"], default));

    private sealed class Near(double tolerance) : IEqualityComparer<(double, double)>
    {
        public bool Equals((double, double) a, (double, double) b) => Math.Abs(a.Item1 - b.Item1) <= tolerance && Math.Abs(a.Item2 - b.Item2) <= tolerance;
        public int GetHashCode((double, double) pair) => 0;
    }
}
