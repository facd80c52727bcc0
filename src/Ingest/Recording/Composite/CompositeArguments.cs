namespace Pipeline.Ingest.Recording.Composite;

/// <summary>What `ffmpeg` reads for a composite.</summary>
/// <param name="Path">Of a socket; a name alone says nothing of what is in it.</param>
/// <param name="IsMp4">Else WebM.</param>
internal sealed record PictureInput(string Path, bool IsMp4);

/// <summary>One run of `ffmpeg`: pictures from sockets, documents from memory, the mix on stdin, the composite on stdout.</summary>
/// <param name="Pictures">In the order of the graph's inputs.</param>
/// <param name="From">Meeting time at which the composite begins.</param>
/// <param name="Graph">Where its filters are written, whose output is `[v]`.</param>
/// <param name="Captions">SubRip for MP4, WebVTT for WebM; null: nothing was said.</param>
/// <param name="Metadata">Chapters.</param>
/// <param name="SoundFilter">Of the mix.</param>
internal sealed record CompositeRun(IReadOnlyList<PictureInput> Pictures, TimeSpan From, string Graph, string? Captions, string Metadata, string SoundFilter)
{
    /// <summary>Fixed: with another number of threads an encoder makes other pictures.</summary>
    private const string Threads = "2";
    /// <summary>Each picture is shown with the nearest of the composite, and not only with the next.</summary>
    private const double HalfAPicture = 0.5 / LayoutTimeline.Rate;
    private const string KeyFrameEvery = "50";                                       // pictures: players seek to them

    public IReadOnlyList<string> Arguments(RenderFormat format)
    {
        var all = new List<string> { "-hide_banner", "-nostats", "-loglevel", "warning", "-y", "-copyts" };
        foreach (var picture in Pictures)
        {
            // A change of size goes through the filters as it is: to build them anew would forget all that is held.
            all.AddRange(["-noautorotate", "-reinit_filter", "0", "-threads", "1", "-itsoffset", (-From.TotalSeconds - HalfAPicture).ToString("0.######"), "-f", picture.IsMp4 ? "mp4" : "matroska", "-i", $"unix:{picture.Path}"]);
        }
        int sound = Pictures.Count;
        all.AddRange(["-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", "-f", "ffmetadata", "-i", Metadata]);
        if (Captions is not null) all.AddRange(["-f", format == RenderFormat.WebM ? "webvtt" : "srt", "-i", Captions]);
        all.AddRange(["-filter_complex_script", Graph, "-filter_complex_threads", "1", "-map", "[v]", "-map", $"{sound}:a", "-af", SoundFilter]);
        if (Captions is not null) all.AddRange(["-map", $"{sound + 2}:s"]);
        all.AddRange(["-map_metadata", $"{sound + 1}", "-map_chapters", $"{sound + 1}", "-fps_mode", "passthrough", "-fflags", "+bitexact", "-flags", "+bitexact", "-avoid_negative_ts", "disabled"]);
        all.AddRange(["-g", KeyFrameEvery, "-threads:v", Threads, "-color_range", "tv", "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m"]);
        all.AddRange(format == RenderFormat.WebM
            ? ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-tile-columns", "1", "-lag-in-frames", "0", "-crf", "33", "-b:v", "2M", "-c:a", "libopus", "-b:a", "64k", "-c:s", "copy", "-f", "webm"]
            : ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-profile:v", "high", "-c:a", "aac", "-aac_coder", "fast", "-b:a", "96k", "-c:s", "mov_text", "-movflags", "+frag_keyframe+empty_moov+delay_moov+default_base_moof", "-f", "mp4"]);
        return [.. all, "pipe:1"];
    }
}
