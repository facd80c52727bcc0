using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Recording;

/// <param name="MixFailure">Why there is no mix though one was wanted; null otherwise.</param>
/// <param name="Quality">By track number.</param>
/// <param name="Heard">False where nothing was decoded: nobody knows how long anybody talked.</param>
public sealed record RenderedMeeting(IReadOnlyList<RenderedFile> Files, string? MixFailure, IReadOnlyDictionary<int, TrackQuality> Quality, bool Heard, IReadOnlyList<JournalDamage> Damage)
{
    /// <summary>Why some track has no file though one was wanted; null otherwise.</summary>
    public string? TrackFailure { get; init; }
    /// <summary>The shape of the mix.</summary>
    public Waveform Waveform { get; init; } = new();
}

/// <summary>Makes a meeting's files from its journal in one pass: the same journal gives the same files, whenever it is asked.</summary>
/// <param name="duration">The meeting's length, which every file has.</param>
public sealed class MeetingRenderer(JournalReader journal, string outputFolder, TimeSpan duration)
{
    /// <summary>How many samples of the mix may wait for the encoder: rendering is faster than encoding.</summary>
    private const int MixChunk = 48000;
    /// <summary>Where nothing was sent for long, silence is mixed in pieces of this length.</summary>
    private static readonly TimeSpan Stride = TimeSpan.FromSeconds(10);

    /// <summary>What tracks are called now, by number; one that is not there, as it was when it was added.</summary>
    public IReadOnlyDictionary<int, string> Names { get; init; } = new Dictionary<int, string>();
    /// <summary>The program, found through PATH.</summary>
    internal string Ffmpeg { get; init; } = "ffmpeg";
    /// <summary>Stuck for so long, it is killed.</summary>
    internal TimeSpan Patience { get; init; } = FfmpegProcess.Patience;

    /// <param name="mix">Make the mix.</param>
    /// <param name="tracks">Make each track's file.</param>
    /// <param name="live">The waveform of a whole live mix; null: make it. Nothing is decoded where there is one and no mix to make.</param>
    /// <exception cref="IOException">The journal cannot be read, or the files not written.</exception>
    public async Task<RenderedMeeting> RenderAsync(bool mix, bool tracks, Waveform? live, CancellationToken ct)
    {
        Directory.CreateDirectory(outputFolder);
        var (mixed, detail) = mix ? MixFile.TryCreate(outputFolder, journal.Keys, Ffmpeg, Patience) : default;
        string? failure = mix && mixed is null ? detail : null;
        await using var mixing = mixed;
        var frames = mixed?.Frames;
        var waveform = mix || live is null ? new Waveform() : null;
        using var pipeline = new MediaPipeline(journal: null, frames, speech: null)
        {
            Decodes = waveform is not null,
            Waveform = waveform,
            Delay = MediaPipeline.ReplayDelay,
        };
        var files = new List<(int Track, ITrackFile File)>();
        var videos = new Dictionary<int, VideoFile>();
        try
        {
            var playback = new JournalPlayback(pipeline);
            playback.TrackAdded += track =>
            {
                if (tracks && track is VideoTrack video) video.Pictures = videos[track.Description.Number] = new VideoFile(outputFolder, journal.Keys, Named(track.Description), duration);
                if (!tracks || track is not AudioTrack audio) return;
                audio.File = OpenFile(Named(track.Description));
                files.Add((track.Description.Number, (ITrackFile)audio.File));
            };
            foreach (var block in journal.ReadBlocks())
            {
                ct.ThrowIfCancellationRequested();
                await PassAsync(playback, block.Begins, frames, ct);
                playback.Play(block);
                if (frames is { Waiting: > MixChunk }) await frames.FlushAsync(ct);
            }
            await PassAsync(playback, duration, frames, ct);
            playback.Finish(duration);
            if (mixed is not null) failure = await mixed.FinishAsync(ct);

            var rendered = new List<RenderedFile>();
            string? trackFailure = null;
            foreach (var (number, file) in files)
            {
                if (await file.FinishAsync(ct) is { } why) trackFailure ??= why;
                else rendered.Add(await AtAsync(RenderedKind.Track, file.Codec, number, file.Path));
            }
            foreach (var (number, video) in videos)
                if (video.Finish() is { } path) rendered.Add(await AtAsync(RenderedKind.Track, video.Codec, number, path));
            rendered.Add(await RenderedFile.OfAsync(waveform ?? live!, outputFolder, journal.Keys, ct));
            if (mixed is not null && failure is null) rendered.Insert(0, await AtAsync(RenderedKind.Mix, "aac", null, mixed.Path));
            return new RenderedMeeting(rendered, failure, pipeline.Tracks.ToDictionary(t => t.Description.Number, t => t.Quality()), pipeline.Decodes, journal.Damage) { TrackFailure = trackFailure, Waveform = waveform ?? live! };
        }
        finally
        {
            foreach (var (_, file) in files) file.Dispose();
            foreach (var video in videos.Values) video.Dispose();
        }

        Task<RenderedFile> AtAsync(RenderedKind kind, string codec, int? track, string path) => RenderedFile.AtAsync(kind, codec, track, path, journal.Keys, ct);
    }

    private ITrackFile OpenFile(TrackDescription track) => AudioCodec.Find(track.Codec) == AudioCodec.Opus
        ? new OggTrackFile(outputFolder, journal.Keys, track, OpusPacket.ToSamples(duration))
        : new FlacTrackFile(outputFolder, journal.Keys, track, OpusPacket.ToSamples(duration), Ffmpeg);

    private TrackDescription Named(TrackDescription track) => track with { Name = Names.GetValueOrDefault(track.Number, track.Name) };

    /// <summary>Lets time go by up to the next block or the end, without holding hours of silence in memory.</summary>
    private static async Task PassAsync(JournalPlayback playback, TimeSpan until, PcmCollector? frames, CancellationToken ct)
    {
        for (var at = playback.Advanced + Stride; at < until; at += Stride)
        {
            playback.Advance(at);
            if (frames is { Waiting: > MixChunk }) await frames.FlushAsync(ct);
        }
    }
}
