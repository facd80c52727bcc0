using System.Globalization;
using System.Net;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Media;

/// <summary>A track as the platform announced it → as Ingest and the journal know it.</summary>
internal static class TrackMapping
{
    private const string AudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level", Orientation = "urn:3gpp:video-orientation";

    /// <param name="keys">The meeting's: a protected track's own is sealed under them.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is not.</exception>
    public static TrackDescription ToDescription(Track track, MeetingKeys keys)
    {
        var spec = track.Spec;
        return new TrackDescription(
            track.Number, spec.Participant.Id, spec.Participant.Name, spec.Codec, spec.PayloadType, spec.ClockRate, spec.Channels, spec.Ssrc,
            Extension(spec, AudioLevel), spec.From is { } from ? IPNetwork.Parse(from) : null)
        {
            Kind = spec.Kind == "video" ? MediaKind.Video : MediaKind.Audio,
            Source = spec.Source,
            Fmtp = spec.Fmtp,
            RedPayloadType = spec.RedPayloadType,
            Rtx = spec.Rtx is { } rtx ? new RtxParameters(rtx.PayloadType, rtx.Ssrc) : null,
            Layers = [.. spec.Layers.Select(l => new LayerParameters(l.Rid, l.Ssrc))],
            OrientationExtension = Extension(spec, Orientation),
            OwnPort = track.Port is not null,
            Srtp = spec.Srtp is { } srtp ? new SrtpParameters(SrtpSuite.Find(srtp.Suite)!, keys.OpenStreamKey(srtp.Master), srtp.RollOver) : null,
        };
    }

    /// <summary>The sender's network stays out, since addresses are in no journal, and so does its key: what is there is plain.</summary>
    public static TrackAdded ToRecord(Track track)
    {
        var spec = track.Spec;
        return new TrackAdded(
            track.Number, spec.Participant.Id, spec.Participant.Name, spec.Codec, spec.PayloadType, spec.ClockRate, spec.Channels, spec.Ssrc, Extension(spec, AudioLevel))
        {
            Id = track.Id.ToString(),
            Kind = spec.Kind,
            Source = spec.Source,
            Fmtp = spec.Fmtp,
            RedPayloadType = spec.RedPayloadType,
            Rtx = spec.Rtx is { } rtx ? new RtxAdded(rtx.PayloadType, rtx.Ssrc) : null,
            Layers = spec.Layers.Count == 0 ? null : [.. spec.Layers.Select(l => new LayerAdded(l.Rid, l.Ssrc))],
            OrientationExtension = Extension(spec, Orientation),
        };
    }

    /// <summary>Where its sender is spoken to, if that is not where its packets come from.</summary>
    public static PeerAddress? Feedback(Track track) => track.Spec.Feedback is { } address ? PeerAddress.Of(IPEndPoint.Parse(address)) : null;

    private static byte? Extension(TrackSpec spec, string name)
    {
        foreach (var (id, uri) in spec.HeaderExtensions)
            if (uri == name && byte.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out byte number)) return number;
        return null;
    }
}
