namespace Pipeline.Actors.Sources.Janus;

/// <summary>A room's stream as a track. Payload types are ours: forwarders rewrite those the publishers chose.</summary>
internal static class JanusMedia
{
    /// <summary>Null: it cannot be recorded.</summary>
    public static FeedMedia? Of(StreamNews stream)
    {
        bool isScreen = stream.Description?.Contains("screen", StringComparison.OrdinalIgnoreCase) ?? false;
        return (stream.Type, stream.Codec) switch
        {
            ("audio", "opus") => Audio("opus", 111, 48000, 2),
            _ => null,
        };

        FeedMedia Audio(string codec, byte payloadType, int clockRate, int channels) =>
            new("audio", isScreen ? "screen_audio" : "microphone", codec, payloadType, clockRate, channels);
    }
}
