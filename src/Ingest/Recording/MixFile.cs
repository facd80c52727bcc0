using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording.Mp4;

namespace Pipeline.Ingest.Recording;

/// <summary>The mix's file while it is made of the journal: PCM through the encoder, and what comes out, sealed, until its index can be written.</summary>
internal sealed class MixFile : IAsyncDisposable
{
    private readonly MeetingKeys keys;
    private readonly FfmpegProcess encoder;
    private readonly SealedFile fragments;
    private readonly Task storing;

    private MixFile(string path, MeetingKeys keys, FfmpegProcess encoder)
    {
        (Path, this.keys, this.encoder) = (path, keys, encoder);
        fragments = SealedFile.Create(Fragments, keys);
        Frames = new PcmCollector(encoder);
        storing = Task.Run(() => encoder.Output.CopyToAsync(fragments));
    }

    /// <summary>Where it lies when it is whole.</summary>
    public string Path { get; }
    /// <summary>Takes the mix.</summary>
    public PcmCollector Frames { get; }

    private string Fragments => Path + ".fragments.part";

    /// <param name="program">Found through PATH.</param>
    /// <returns>Null and why, where the encoder cannot be started.</returns>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public static (MixFile? File, string Detail) TryCreate(string folder, MeetingKeys keys, string program)
    {
        var (encoder, detail) = FfmpegProcess.TryStart(FfmpegArguments.Mix, program);
        return (encoder is null ? null : new MixFile(System.IO.Path.Combine(folder, "mix.mp4"), keys, encoder), detail);
    }

    /// <returns>Null, or why there is no file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task<string?> FinishAsync(CancellationToken ct)
    {
        if (await Frames.FinishAsync(ct) is { } failure) return failure;
        await storing;
        ProgressiveMp4.Save(fragments, Path, keys, ct);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await Frames.DisposeAsync();
        await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await fragments.DisposeAsync();
        File.Delete(Fragments);
    }
}
