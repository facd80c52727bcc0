namespace Pipeline.Ingest.Recording;

/// <summary>What `ffmpeg` is asked, as argument lists: nothing goes through a shell.</summary>
public static class FfmpegArguments
{
    private static readonly string[] Quiet = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-y"];
    // Bit-exact flags keep dates and versions out, so the same sound gives the same file. At this rate the fast coder is as near to the sound as the
    // default one, which searches twice as long for what is worth leaving out: 52 dB against 35 for speech, 34 against 37 in a noisy room.
    private static readonly string[] PcmFromPipe = ["-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0"];
    private static readonly string[] Aac = ["-c:a", "aac", "-aac_coder", "fast", "-b:a", "96k", "-fflags", "+bitexact", "-flags:a", "+bitexact"];

    /// <summary>Filters say what they found at this level.</summary>
    private static readonly string[] Measuring = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-y"];

    /// <summary>Makes nothing: tells whether the program is there.</summary>
    public static IReadOnlyList<string> Nothing { get; } = [.. Quiet, "-f", "lavfi", "-i", "anullsrc", "-t", "0", "-f", "null", "-"];

    /// <summary>PCM on stdin → AAC in fragments of 2 s on stdout, each at once when it is whole. The header comes with the first, and tells the encoder's delay.</summary>
    public static IReadOnlyList<string> Mix { get; } =
        [.. Quiet, .. PcmFromPipe, .. Aac, "-movflags", "+frag_keyframe+empty_moov+delay_moov+default_base_moof", "-frag_duration", "2000000", "-flush_packets", "1", "-f", "mp4", "pipe:1"];

    /// <summary>Raw samples on stdin, s16le mono → FLAC on stdout.</summary>
    /// <param name="metadata">Where it can be read what is written into the file about it.</param>
    public static IReadOnlyList<string> Flac(int sampleRate, string metadata) =>
        [.. Quiet, "-f", "s16le", "-ar", $"{sampleRate}", "-ac", "1", "-i", "pipe:0", .. Described(metadata), "-c:a", "flac", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "flac", "pipe:1"];

    /// <summary>PCM on stdin → how loud all of it is, last on stderr.</summary>
    public static IReadOnlyList<string> Measure { get; } = [.. Measuring, .. PcmFromPipe, "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"];

    /// <summary>
    /// PCM on stdin → the same sound, filtered, on stdout: AAC in fragments, Opus in Ogg, or the samples alone; how loud it is up to there, again and again on stderr.
    /// A summary at the end there would come with everything that the file says of itself.
    /// </summary>
    /// <param name="metadata">Where it can be read what is written into the file about it.</param>
    public static IReadOnlyList<string> Sound(RenderFormat format, string filter, string metadata) =>
    [
        .. Quiet, .. PcmFromPipe, .. Described(metadata), "-threads", "1",
        "-af", $@"{filter},ebur128=metadata=1:framelog=verbose,ametadata=mode=print:key={Loudness.Said}:direct=1:file=pipe\\:2",
        .. format switch
        {
            RenderFormat.M4a => [.. Aac, "-movflags", "+frag_keyframe+empty_moov+delay_moov+default_base_moof", "-frag_duration", "2000000", "-f", "mp4"],
            RenderFormat.Ogg => ["-c:a", "libopus", "-b:a", "64k", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "ogg"],
            RenderFormat.Wav => (string[])["-c:a", "pcm_s16le", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "s16le"],
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        },
        "pipe:1",
    ];

    /// <summary>After the sound, and before what is made of it.</summary>
    private static string[] Described(string metadata) => ["-f", "ffmetadata", "-i", metadata, "-map", "0:a", "-map_metadata", "1"];
}
