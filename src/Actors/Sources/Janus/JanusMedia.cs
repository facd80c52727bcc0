using Pipeline.Ingest.Codecs;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>A room's stream as a track. Payload types are ours: forwarders rewrite those the publishers chose.</summary>
internal static class JanusMedia
{
    /// <summary>Null: it cannot be recorded, or not on this machine.</summary>
    public static FeedMedia? Of(StreamNews stream)
    {
        bool isScreen = stream.Description?.Contains("screen", StringComparison.OrdinalIgnoreCase) ?? false;
        return (stream.Type, stream.Codec) switch
        {
            ("audio", "opus") => Audio("opus", 111, 48000, 2),
            ("audio", "pcmu") => Audio("pcmu", 0, 8000, 1),
            ("audio", "pcma") => Audio("pcma", 8, 8000, 1),
            ("audio", "g722") when AudioCodec.G722.IsSupported(out _) => Audio("g722", 9, 8000, 1),
            ("video", "vp8") => Video("vp8", 96),
            ("video", "vp9") => Video("vp9", 98),
            ("video", "h264") => Video("h264", 102),
            ("video", "av1") => Video("av1", 45),
            _ => null,
        };

        FeedMedia Audio(string codec, byte payloadType, int clockRate, int channels) =>
            new("audio", isScreen ? "screen_audio" : "microphone", codec, payloadType, clockRate, channels);
        // Asked for on any other stream, the best layer is none, and nothing is forwarded at all.
        FeedMedia Video(string codec, byte payloadType) => new("video", isScreen ? "screen" : "camera", codec, payloadType, 90000, 1, stream.Simulcast);
    }
}
