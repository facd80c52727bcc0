using System.Text.Json;

namespace Pipeline.Api.Replay;

/// <summary>Makes a <see cref="ReplaySource"/> from a capture and the JSON beside it, which names its streams.</summary>
public static class CaptureSource
{
    /// <summary>How long a packet's media lasts is not known here; 20 ms is what browsers send.</summary>
    private static readonly TimeSpan LastPacket = TimeSpan.FromMilliseconds(20);

    /// <summary>True for JSON that describes a capture rather than a spoken meeting.</summary>
    public static bool IsDescription(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("streams", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <param name="path">A pcap or pcapng file with a JSON file of the same name beside it.</param>
    /// <exception cref="ReplayException">One of them is missing, damaged, or does not fit the other.</exception>
    public static ReplaySource FromCapture(string path, bool video = false)
    {
        string beside = Path.ChangeExtension(path, ".json");
        if (!File.Exists(beside)) throw new ReplayException($"{beside} is missing: it names the streams of {path}.");
        return Make(Path.GetFileNameWithoutExtension(path), ReplaySource.ReadFile(path), ReplaySource.ReadFile(beside), video);
    }

    /// <param name="path">The JSON file; its member <c>pcap</c> names the capture in the same folder.</param>
    /// <inheritdoc cref="FromCapture"/>
    public static ReplaySource FromDescription(string path, bool video = false)
    {
        byte[] json = ReplaySource.ReadFile(path);
        string capture = CaptureDescription.Parse(json).Pcap ?? throw new ReplayException($"{path} does not name its capture.");
        capture = Path.Combine(Path.GetDirectoryName(path) ?? "", capture);
        return Make(Path.GetFileNameWithoutExtension(capture), ReplaySource.ReadFile(capture), json, video);
    }

    /// <summary>The packets keep the capture's distances in time; the first one leaves at 0.</summary>
    /// <exception cref="ReplayException">One of them is damaged, or the streams are not in the capture.</exception>
    public static ReplaySource Make(string title, ReadOnlyMemory<byte> capture, ReadOnlySpan<byte> description, bool video = false)
    {
        var described = CaptureDescription.Parse(description);
        var chosen = described.Streams.Where(s => s.Kind == "audio" || (video && s.Kind == "video")).ToList();
        if (chosen.Count == 0) throw new ReplayException("The capture's description names no audio streams.");
        if (chosen.Find(s => s.Srtp is { ValueKind: not JsonValueKind.Null }) is { } secured)
            throw new ReplayException($"The stream of {secured.Participant} is SRTP: only plain RTP is replayed.");

        var index = chosen.Select((s, i) => (s.Ssrc, i)).ToDictionary(p => p.Ssrc, p => p.i);
        var found = new List<(int Stream, CapturedDatagram Datagram)>();
        foreach (var datagram in PcapReader.Read(capture))
            if (RtpHeader.TryRead(datagram.Payload.Span, out var header) && index.TryGetValue(header.Ssrc, out int stream))
                found.Add((stream, datagram));
        if (found.Count == 0) throw new ReplayException("The capture holds no packet of the streams that its description names.");

        var start = found.Min(f => f.Datagram.Time);
        return new ReplaySource(
            title,
            [.. chosen.Select((s, i) => ToStream(s, Origin(described, s, found, i) - start))],
            [.. found.Select(f => new ReplayPacket(f.Stream, f.Datagram.Time - start, f.Datagram.Payload)).OrderBy(p => p.Time)],
            found.Max(f => f.Datagram.Time) - start + LastPacket);
    }

    private static ReplayStream ToStream(CaptureStream stream, TimeSpan origin) => new()
    {
        Participant = ReplayParticipant.Named(stream.Participant),
        Kind = stream.Kind,
        Codec = stream.Codec,
        PayloadType = stream.Pt,
        ClockRate = stream.ClockRate,
        Ssrc = stream.Ssrc,
        HeaderExtensions = stream.HeaderExtensions ?? new Dictionary<string, string>(),
        Origin = origin,
    };

    /// <summary>By the capture's clock: when the microphone opened; where nobody wrote that down, the stream's first packet.</summary>
    private static TimeSpan Origin(
        CaptureDescription described, CaptureStream stream, List<(int Stream, CapturedDatagram Datagram)> found, int index)
    {
        if (described.Participants.GetValueOrDefault(stream.Participant)?.MicOpenedAt is { } seconds and > 0 and < 1e10)
            return TimeSpan.FromSeconds(seconds);
        return found.Where(f => f.Stream == index).Select(f => f.Datagram.Time).DefaultIfEmpty().Min();
    }
}
