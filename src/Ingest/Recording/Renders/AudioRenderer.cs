using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording.Mp4;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Recording.Renders;

/// <param name="File">Null: it could not be made.</param>
/// <param name="Loudness">Of what is in the file, LUFS; null for silence.</param>
/// <param name="Failure">Why there is no file.</param>
public sealed record RenderedSound(RenderedFile? File, double? Loudness, string? Failure);

/// <summary>
/// Makes a sound file of a part of a meeting: mixed from the journal twice, once to be measured and once to be made as loud as that asks for (EBU R128,
/// −16 LUFS, −1.5 dBTP), and encoded. No sample touches the disk but in the sealed file. `ffmpeg` runs behind everything else on the machine.
/// </summary>
/// <param name="journal">The meeting's journal, from its beginning, each time it is asked.</param>
/// <param name="keys">The meeting's.</param>
/// <param name="duration">The meeting's length.</param>
public sealed class AudioRenderer(Func<JournalReader> journal, MeetingKeys keys, TimeSpan duration)
{
    /// <summary>An encoder that neither takes nor gives anything for so long is stuck.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);
    /// <summary>The program, found through PATH.</summary>
    internal string Ffmpeg { get; init; } = "ffmpeg";

    /// <param name="takes">Which tracks are heard.</param>
    /// <param name="path">Where the file is to be; what is not whole lies beside it, ending in `.part`.</param>
    /// <param name="title">What players show.</param>
    /// <param name="comment">Which program made it.</param>
    /// <exception cref="IOException">The journal cannot be read, or the file not written.</exception>
    public async Task<RenderedSound> RenderAsync(
        RenderRequest request, Func<TrackDescription, bool> takes, string path, string title, string comment, IProgress<double> progress, CancellationToken ct)
    {
        var (measured, failure) = await PassAsync(request, takes, done => progress.Report(0.4 * done), Loudness.MeasureAsync, failed => (null, failed), ct);
        if (failure is not null) return new RenderedSound(null, null, failure);

        var sound = new SoundFormat(request.Format, Loudness.Filter(measured, request.Format), title, comment);
        string part = path + ".part";
        double? loudness;
        try
        {
            await using (var file = SealedFile.Create(part, keys))
            {
                file.Write(sound.Header(0));
                var outcome = await PassAsync(
                    request, takes, done => progress.Report(0.4 + 0.6 * done), (pcm, token, program) => FfmpegProcess.RunGentlyAsync(sound.Arguments, pcm, file, token, program),
                    failed => new EncoderOutcome(false, failed), ct);
                if (!outcome.Succeeded) return new RenderedSound(null, null, outcome.Detail);
                loudness = Loudness.ReadIntegrated(outcome.Detail);
                if (request.Format == RenderFormat.M4a) Index(file, path, ct);
                else Complete(file, sound, path, part);
            }
        }
        finally
        {
            File.Delete(part);                                                       // half a file is none; nothing where it was made
        }
        return new RenderedSound(await RenderedFile.AtAsync(RenderedKind.Mix, sound.Codec, null, path, keys, ct), loudness, null);
    }

    /// <summary>Has the program take the sound once; it is given up where it is stuck.</summary>
    private async Task<T> PassAsync<T>(
        RenderRequest request, Func<TrackDescription, bool> takes, Action<double> read, Func<Stream, CancellationToken, string, Task<T>> run, Func<string, T> failed, CancellationToken ct)
    {
        using var stuck = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, stuck.Token);
        using var sound = new MixedSound(journal(), duration, request.From, request.To, takes, Alive, either.Token);
        try
        {
            return await run(sound, either.Token, Ffmpeg);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return failed($"ffmpeg did nothing for {Patience.TotalSeconds:0} s");
        }

        void Alive(double done)
        {
            stuck.CancelAfter(Patience);
            read(done);
        }
    }

    /// <summary>From fragments, as they come through a pipe, to a file with its index in front.</summary>
    private void Index(SealedFile fragments, string path, CancellationToken ct)
    {
        string whole = path + ".whole.part";
        try
        {
            using (var file = SealedFile.Create(whole, keys))
            {
                ProgressiveMp4.Write(fragments, file, ct);
                file.Complete();
            }
            File.Move(whole, path, overwrite: true);
        }
        finally
        {
            File.Delete(whole);
        }
    }

    private static void Complete(SealedFile file, SoundFormat sound, string path, string part)
    {
        byte[] header = sound.Header(file.Length - sound.Header(0).Length);
        file.Position = 0;
        file.Write(header);
        file.Complete();
        File.Move(part, path, overwrite: true);
    }
}

/// <summary>How a sound file of one format is made.</summary>
internal sealed class SoundFormat(RenderFormat format, string filter, string title, string comment)
{
    /// <summary>As the contract names it.</summary>
    public string Codec => format switch { RenderFormat.M4a => "aac", RenderFormat.Ogg => "opus", _ => "pcm" };

    public IReadOnlyList<string> Arguments => FfmpegArguments.Sound(format, filter, title, comment);

    /// <summary>What `ffmpeg` cannot write before it knows the end.</summary>
    public byte[] Header(long dataBytes) => format == RenderFormat.Wav ? WavHeader.Of(dataBytes, title, comment) : [];
}
