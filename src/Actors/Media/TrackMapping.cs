using System.Globalization;
using System.Net;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Media;

/// <summary>A track as the platform announced it → as Ingest and the journal know it.</summary>
internal static class TrackMapping
{
    private const string AudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

    /// <param name="keys">The meeting's: a protected track's own is sealed under them.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is not.</exception>
    public static TrackDescription ToDescription(Track track, MeetingKeys keys)
    {
        var spec = track.Spec;
        return new TrackDescription(
            track.Number, spec.Participant.Id, spec.Participant.Name, spec.Codec, spec.PayloadType, spec.ClockRate, spec.Channels, spec.Ssrc,
            AudioLevelExtension(spec), spec.From is { } from ? IPNetwork.Parse(from) : null)
        {
            Srtp = spec.Srtp is { } srtp ? new SrtpParameters(SrtpSuite.Find(srtp.Suite)!, keys.OpenStreamKey(srtp.Master), srtp.RollOver) : null,
        };
    }

    /// <summary>The sender's network stays out, since addresses are in no journal, and so does its key: what is there is plain.</summary>
    public static TrackAdded ToRecord(Track track)
    {
        var spec = track.Spec;
        return new TrackAdded(
            track.Number, spec.Participant.Id, spec.Participant.Name, spec.Codec, spec.PayloadType, spec.ClockRate, spec.Channels, spec.Ssrc, AudioLevelExtension(spec));
    }

    private static byte? AudioLevelExtension(TrackSpec spec)
    {
        foreach (var (id, uri) in spec.HeaderExtensions)
            if (uri == AudioLevel && byte.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out byte number)) return number;
        return null;
    }
}
