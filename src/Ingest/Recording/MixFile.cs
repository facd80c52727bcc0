using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording.Mp4;

namespace Pipeline.Ingest.Recording;

/// <summary>The mix's file while it is made of the journal: PCM through the encoder, and what comes out, sealed, until its index can be written.</summary>
internal sealed class MixFile : IAsyncDisposable
{
    private readonly MeetingKeys keys;
    private readonly PartFile fragments;
    private readonly Task storing;

    private MixFile(string path, MeetingKeys keys, FfmpegProcess encoder, PartFile fragments)
    {
        (Path, this.keys, this.fragments) = (path, keys, fragments);
        Frames = new PcmCollector(encoder);
        storing = Task.Run(() => encoder.CopyOutputAsync(fragments.Content, CancellationToken.None));
    }

    /// <summary>Where it lies when it is whole.</summary>
    public string Path { get; }
    /// <summary>Takes the mix.</summary>
    public PcmCollector Frames { get; }

    /// <param name="program">Found through PATH.</param>
    /// <param name="patience">An encoder that is stuck for so long is killed.</param>
    /// <returns>Null and why, where the encoder cannot be started.</returns>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public static (MixFile? File, string Detail) TryCreate(string folder, MeetingKeys keys, string program, TimeSpan patience)
    {
        string path = System.IO.Path.Combine(folder, "mix.mp4");
        var fragments = PartFile.Create(path + ".fragments", keys);                  // first: an encoder without it would be left to itself
        var (encoder, detail) = FfmpegProcess.TryStart(FfmpegArguments.Mix, program, patience);
        if (encoder is not null) return (new MixFile(path, keys, encoder, fragments), detail);
        fragments.Dispose();
        return (null, detail);
    }

    /// <returns>Null, or why there is no file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task<string?> FinishAsync(CancellationToken ct)
    {
        string? failure = await Frames.FinishAsync(ct);
        await storing;                                                               // a disk that refuses kills the encoder: then that is why
        return failure ?? ProgressiveMp4.TrySave(fragments.Content, Path, keys, ct);
    }

    public async ValueTask DisposeAsync()
    {
        await Frames.DisposeAsync();
        await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        fragments.Dispose();
    }
}
