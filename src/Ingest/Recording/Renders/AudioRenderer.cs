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
        (Loudness? Loudness, string? Failure) measured;
        using (var heard = Mix(0, 0.4)) measured = await Loudness.MeasureAsync(heard, ct, Ffmpeg, Patience);
        if (measured.Failure is not null) return new RenderedSound(null, null, measured.Failure);

        var sound = new SoundFormat(request.Format, Loudness.Filter(measured.Loudness, request.Format), title, comment);
        double? loudness;
        using (var file = PartFile.Create(request.Format == RenderFormat.M4a ? path + ".fragments" : path, keys))
        {
            file.Content.Write(sound.Header(0));
            EncoderOutcome outcome;
            using (var metadata = new MemoryFile(FfmpegMetadata.Of(title, comment)))
            using (var heard = Mix(0.4, 0.6))
                outcome = await FfmpegProcess.RunGentlyAsync(sound.Arguments(metadata.Path), heard, file.Content, ct, Ffmpeg, Patience);
            if (!outcome.Succeeded) return new RenderedSound(null, null, Loudness.Without(outcome.Detail));
            loudness = Loudness.ReadIntegrated(outcome.Detail);
            if (request.Format != RenderFormat.M4a) Complete(file, sound);
            else if (ProgressiveMp4.TrySave(file.Content, path, keys, ct) is { } why) return new RenderedSound(null, null, why);
        }
        return new RenderedSound(await RenderedFile.AtAsync(RenderedKind.Mix, sound.Codec, null, path, keys, ct), loudness, null);

        MixedSound Mix(double from, double share) =>
            new(journal(), duration, request.From, request.To, takes, done => progress.Report(from + share * done), ct);
    }

    private static void Complete(PartFile file, SoundFormat sound)
    {
        byte[] header = sound.Header(file.Content.Length - sound.Header(0).Length);
        file.Content.Position = 0;
        file.Content.Write(header);
        file.Complete();
    }
}

/// <summary>How a sound file of one format is made.</summary>
internal sealed class SoundFormat(RenderFormat format, string filter, string title, string comment)
{
    /// <summary>As the contract names it.</summary>
    public string Codec => format switch { RenderFormat.M4a => "aac", RenderFormat.Ogg => "opus", _ => "pcm" };

    /// <param name="metadata">Where title and comment can be read.</param>
    public IReadOnlyList<string> Arguments(string metadata) => FfmpegArguments.Sound(format, filter, metadata);

    /// <summary>What `ffmpeg` cannot write before it knows the end.</summary>
    public byte[] Header(long dataBytes) => format == RenderFormat.Wav ? WavHeader.Of(dataBytes, title, comment) : [];
}
