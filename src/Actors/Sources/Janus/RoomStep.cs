namespace Pipeline.Actors.Sources.Janus;

/// <summary>One stream of one publisher.</summary>
public sealed record FeedStream(JanusId Feed, string Mid);

/// <summary>What a stream carries, as a track's description names it.</summary>
/// <param name="PayloadType">Ours: forwarders rewrite it.</param>
/// <param name="Simulcast">Its best layer is to be made one stream.</param>
internal sealed record FeedMedia(string Kind, string Source, string Codec, byte PayloadType, int ClockRate, int Channels, bool Simulcast = false);

/// <summary>A stream and what it is forwarded as.</summary>
/// <param name="Ssrc">Ours, and this forwarder's alone: a stream that is published again gets another.</param>
/// <param name="Name">Of whoever publishes.</param>
internal sealed record Forwarding(FeedStream Stream, uint Ssrc, string Name, FeedMedia Media);

/// <summary>A track of the meeting that a room's stream was forwarded to, and that has not ended.</summary>
internal sealed record OpenForward(FeedStream Stream, uint Ssrc, string Codec);

/// <summary>What is to be done to make what is forwarded what the room says. In this order.</summary>
internal abstract record RoomStep
{
    private RoomStep() { }

    /// <summary>Ask for it, and tell what came of it: <see cref="JanusRoom.Forwarded"/> or <see cref="JanusRoom.NotForwarded"/>.</summary>
    public sealed record Forward(Forwarding What) : RoomStep;
    /// <summary>Harmless where the forwarder is gone.</summary>
    public sealed record StopForward(JanusId Feed, long StreamId) : RoomStep;
    /// <summary>Its packets come already.</summary>
    /// <param name="FeedbackPort">Where Janus takes requests for key frames; null: nowhere.</param>
    public sealed record BeginTrack(Forwarding What, int? FeedbackPort) : RoomStep;
    public sealed record EndTrack(uint Ssrc) : RoomStep;
}
