using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording.Mp4;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>
/// Makes one file of everybody's pictures and sound, arranged by a layout: from the journal, in one pass over it and one run of `ffmpeg`. The same journal, request and
/// program give the same pictures. What it needs on the way is sealed as the result is, and deleted.
/// </summary>
/// <param name="duration">The meeting's length.</param>
public sealed class CompositeRenderer(JournalReader journal, TimeSpan duration)
{
    /// <summary>The pass over the journal takes about so much of the time.</summary>
    private const double SurveyShare = 0.1;
    /// <summary>Seconds of pictures go through `ffmpeg` between what is seen of it, when nobody else wants the processor.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>What tracks are called now, by number; one that is not there, as it was when it was added.</summary>
    public IReadOnlyDictionary<int, string> Names { get; init; } = new Dictionary<int, string>();
    /// <summary>What players show.</summary>
    public string Title { get; init; } = "";
    /// <summary>Which programs made it.</summary>
    public string Comment { get; init; } = "";
    /// <summary>The program, found through PATH.</summary>
    internal string Ffmpeg { get; init; } = "ffmpeg";

    /// <param name="request">Has a layout.</param>
    /// <param name="path">Where the file is to lie, sealed; its folder is there. Beside it is a folder of parts until it is done.</param>
    /// <returns>Null, or why it could not be made: a sentence for the operator.</returns>
    /// <exception cref="IOException">The journal cannot be read, or the files not written.</exception>
    public async Task<string?> RenderAsync(RenderRequest request, RenderText text, string path, IProgress<double> progress, CancellationToken ct)
    {
        string parts = path + ".parts";
        if (Directory.Exists(parts)) Directory.Delete(parts, recursive: true);       // of a run that was killed
        Directory.CreateDirectory(parts);
        try
        {
            string part = Path.Combine(parts, "composite");
            var failure = await Task.Run(() => MakeAsync(request, text, parts, part, progress, ct), ct);
            if (failure is null) File.Move(part, path, overwrite: true);
            return failure;
        }
        finally { Directory.Delete(parts, recursive: true); }
    }

    private async Task<string?> MakeAsync(RenderRequest request, RenderText text, string parts, string output, IProgress<double> progress, CancellationToken ct)
    {
        var range = new TimeRange(request.From, request.To);
        using var survey = new CompositeSurvey(journal, parts, range, request.Participants) { Names = Names };
        var cast = survey.Read(duration, new Share(progress, 0, SurveyShare), ct);

        (Loudness? Loudness, string? Failure) measured;
        await using (var sound = SealedFile.OpenWhole(survey.Sound, journal.Keys)) measured = await Loudness.MeasureAsync(sound, ct, Ffmpeg, Patience);
        if (measured.Failure is not null) return measured.Failure;

        var scenes = new LayoutTimeline(request.Layout!.Value, cast, range, request.Width, request.Height).Make();
        var (below, above) = SceneDrawing.Draw(scenes, request.Width, request.Height);
        using MemoryFile belowFile = new(below), aboveFile = new(above);
        var graph = CompositeGraph.Of(scenes, request.Width, request.Height, survey.StaysOf, belowFile.Path, aboveFile.Path);
        using MemoryFile script = new(graph.Script), metadata = new(CaptionTexts.Metadata(text.Chapters, range, Title, Comment));
        byte[] captions = request.Format == RenderFormat.WebM ? CaptionTexts.WebVtt(text.Lines, range) : CaptionTexts.SubRip(text.Lines, range);
        using var spoken = CaptionTexts.IsAnySaid(text.Lines, range) ? new MemoryFile(captions) : null;

        var inputs = graph.Tracks.Select((track, n) => new PictureInput($"{n}", survey.Files[track].EndsWith(".mp4", StringComparison.Ordinal)));
        var run = new CompositeRun([.. inputs], request.From, script.Path, spoken?.Path, metadata.Path, Loudness.Filter(measured.Loudness, request.Format));
        return await EncodeAsync(request.Format, range.To - range.From, run, [.. graph.Tracks.Select(t => survey.Files[t])], survey.Sound, parts, output, new Share(progress, SurveyShare, 1), ct);
    }

    private async Task<string?> EncodeAsync(
        RenderFormat format, TimeSpan length, CompositeRun run, IReadOnlyList<string> pictures, string soundPath, string parts, string output, IProgress<double> progress, CancellationToken ct)
    {
        string sockets = Directory.CreateTempSubdirectory("composite-").FullName;    // short, as a socket's path must be; mode 0700
        var feeds = new List<SocketFeed>();
        try
        {
            for (int n = 0; n < pictures.Count; n++) feeds.Add(new SocketFeed(Path.Combine(sockets, $"{n}"), SealedFile.OpenWhole(pictures[n], journal.Keys)));
            run = run with { Pictures = [.. run.Pictures.Select((p, n) => p with { Path = feeds[n].Path })] };
            string encoded = Path.Combine(parts, "encoded");
            await using var made = SealedFile.Create(encoded, journal.Keys);
            await using (var sound = new ReadProgress(SealedFile.OpenWhole(soundPath, journal.Keys), progress))
            {
                var outcome = await FfmpegProcess.RunGentlyAsync(run.Arguments(format), sound, made, ct, Ffmpeg, Patience);
                if (!outcome.Succeeded) return outcome.Detail;
            }
            if (format == RenderFormat.WebM)
            {
                WebmIndex.Complete(made, length);
                made.Complete();
                File.Move(encoded, output, overwrite: true);
                return null;
            }
            made.Flush();
            return ProgressiveMp4.TrySave(made, output, journal.Keys, ct);
        }
        finally
        {
            try { await Task.WhenAll(feeds.Select(feed => feed.DisposeAsync().AsTask())); }   // all end, also where one tells that it could not read
            finally { Directory.Delete(sockets, recursive: true); }
        }
    }

    private sealed class Share(IProgress<double> whole, double from, double to) : IProgress<double>
    {
        public void Report(double value) => whole.Report(from + value * (to - from));
    }
}
