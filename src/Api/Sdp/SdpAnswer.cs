using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Api.Sdp;

/// <summary>Where one m-line is to be sent.</summary>
/// <param name="Track">The id of its track.</param>
/// <param name="IsShared">False: the port is this track's alone.</param>
internal sealed record AnsweredTrack(string Track, int Port, bool IsShared);

/// <summary>Writes the answer to an offer (RFC 3264 §6): each m-line in its place, taken or with port 0.</summary>
internal static class SdpAnswer
{
    /// <param name="sessionId">Another one for each answer.</param>
    /// <param name="host">Address or name that senders are told.</param>
    /// <param name="answered">By m-line; those that were refused are left out.</param>
    public static string Write(SessionDescription offer, IReadOnlyList<OfferedTrack> tracks, IReadOnlyDictionary<OfferedTrack, AnsweredTrack> answered, long sessionId, string host)
    {
        string at = IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"IN IP6 {host}" : $"IN IP4 {host}";
        var text = new StringBuilder();
        Line("v=0");
        Line($"o=- {sessionId} 1 {at}");
        Line("s=-");
        Line($"c={at}");
        Line("t=0 0");
        foreach (string group in Bundles()) Line(group);
        foreach (var track in tracks)
        {
            if (answered.TryGetValue(track, out var place)) WriteTaken(track, place);
            else WriteRefused(track);
        }
        return text.ToString();

        void Line(string line) => text.Append(line).Append("\r\n");

        // What shares a port (RFC 9143 §7.3.3); an m-line on a port of its own is taken out of the group.
        IEnumerable<string> Bundles()
        {
            var mids = tracks.Where(track => answered.TryGetValue(track, out var place) && place.IsShared).Select(track => track.Media.Value("mid")).OfType<string>().ToHashSet();
            foreach (var group in offer.Attributes.Where(a => a.Name == "group" && a.Value is not null && a.Value.StartsWith("BUNDLE ", StringComparison.Ordinal)))
            {
                string[] kept = [.. group.Value!.Split(' ').Skip(1).Where(mids.Contains)];
                if (kept.Length > 0) yield return $"a=group:BUNDLE {string.Join(' ', kept)}";
            }
        }

        void WriteTaken(OfferedTrack track, AnsweredTrack place)
        {
            var media = track.Media;
            Line($"m={media.Kind} {place.Port} {media.Protocol} {string.Join(' ', track.Formats.Select(format => format.PayloadType))}");
            if (media.Value("mid") is { } mid) Line($"a=mid:{mid}");
            Line($"a=label:{place.Track}");
            Line("a=recvonly");
            if (media.Has("rtcp-mux")) Line("a=rtcp-mux");
            else Line($"a=rtcp:{place.Port + 1}");
            if (track.Crypto is { } crypto) Line($"a=crypto:{crypto.Tag} {crypto.Suite.Name} inline:{Convert.ToBase64String(crypto.Master)}");
            foreach (var format in track.Formats)
            {
                Line($"a=rtpmap:{format.PayloadType} {format.Encoding}/{format.ClockRate}{(format.Channels > 1 ? $"/{format.Channels}" : "")}");
                if (Parameters(format) is { Length: > 0 } parameters) Line($"a=fmtp:{format.PayloadType} {parameters}");
            }
            foreach (var feedback in track.Feedback) Line($"a=rtcp-fb:{feedback.PayloadType?.ToString() ?? "*"} {feedback.Value}");
            foreach (var (id, uri) in track.Spec!.HeaderExtensions.Where(extension => Understood.Contains(extension.Value))) Line($"a=extmap:{id} {uri}");
        }

        // The formats are repeated, as an m-line needs one; the title says why, for whoever reads it.
        void WriteRefused(OfferedTrack track)
        {
            Line($"m={track.Media.Kind} 0 {track.Media.Protocol} {string.Join(' ', track.Media.Formats)}");
            Line($"i=not taken: {track.Refusal}");
            if (track.Media.Value("mid") is { } mid) Line($"a=mid:{mid}");
            Line("a=inactive");
        }
    }

    /// <summary>Header extensions a sender may well leave out if they are not in the answer.</summary>
    public static readonly HashSet<string> Understood = ["urn:ietf:params:rtp-hdrext:ssrc-audio-level", "urn:3gpp:video-orientation"];

    /// <summary>What is said of both directions, or of ours; not what the sender says of its own.</summary>
    private static string Parameters(OfferedFormat format) => format.Fmtp is null ? "" : string.Join(
        ';', format.Fmtp.Split(';', StringSplitOptions.TrimEntries).Where(parameter => !parameter.StartsWith("sprop-", StringComparison.Ordinal)));
}
