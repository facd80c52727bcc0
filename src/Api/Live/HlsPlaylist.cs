using System.Globalization;
using System.Text;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Codecs;

namespace Pipeline.Api.Live;

/// <summary>
/// A meeting's mix so far as an HTTP Live Streaming playlist (RFC 8216; delta updates of its second edition): byte ranges of the parts' fragments, all from the first on,
/// so that a listener can go back. Between two parts there is a discontinuity, and where nothing was recorded the time of day goes on.
/// </summary>
internal static class HlsPlaylist
{
    /// <summary>Longer than any fragment, in seconds, when rounded.</summary>
    private const int TargetDuration = 2;
    /// <summary>Six target durations, the least that is allowed: what a player that follows need not be told again.</summary>
    private const double SkipUntil = 6 * TargetDuration;

    /// <param name="startedAt">Of the meeting.</param>
    /// <param name="skip">Leaves out what whoever asks has been told before.</param>
    /// <returns>Null while there is nothing to hear.</returns>
    public static string? Write(LiveListening listening, DateTimeOffset startedAt, bool skip)
    {
        var segments = listening.Parts.SelectMany(part => part.Fragments.Select((fragment, n) => (Part: part, Fragment: fragment, IsFirst: n == 0))).ToList();
        if (segments.Count == 0) return null;
        int skipped = skip ? Skippable(segments.ConvertAll(segment => Seconds(segment.Fragment.Samples))) : 0;

        var text = new StringBuilder("#EXTM3U\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-VERSION:{(skipped > 0 ? 9 : 7)}\n#EXT-X-TARGETDURATION:{TargetDuration}\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL={SkipUntil:0.0}\n#EXT-X-MEDIA-SEQUENCE:0\n");
        if (skipped > 0) text.Append(CultureInfo.InvariantCulture, $"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n");
        for (int n = skipped; n < segments.Count; n++)
        {
            var (part, fragment, isFirst) = segments[n];
            if (isFirst && n > 0) text.Append("#EXT-X-DISCONTINUITY\n");
            if (isFirst) text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MAP:URI=\"{LiveApi.FileName(part)}\",BYTERANGE=\"{part.HeaderLength}@0\"\n");
            if (isFirst || n == skipped) text.Append(CultureInfo.InvariantCulture, $"#EXT-X-PROGRAM-DATE-TIME:{startedAt + OpusPacket.ToTime(fragment.Start):yyyy-MM-dd'T'HH:mm:ss.fff'Z'}\n");
            text.Append(CultureInfo.InvariantCulture, $"#EXTINF:{Seconds(fragment.Samples):0.00000},\n#EXT-X-BYTERANGE:{fragment.Length}@{fragment.Offset}\n{LiveApi.FileName(part)}\n");
        }
        if (listening.IsOver) text.Append("#EXT-X-ENDLIST\n");
        return text.ToString();
    }

    /// <summary>How many of the first are older than what must be told again.</summary>
    private static int Skippable(List<double> durations)
    {
        int first = durations.Count;
        for (double kept = 0; first > 0 && kept < SkipUntil; kept += durations[first]) first--;
        return first;
    }

    private static double Seconds(int samples) => samples / (double)OpusPacket.ClockRate;
}
