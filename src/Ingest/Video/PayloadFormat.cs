namespace Pipeline.Ingest.Video;

/// <summary>What a whole frame says of itself.</summary>
/// <param name="Width">Pixels as shown, before rotation; 0 where the frame does not say, as only key frames do.</param>
public readonly record struct FrameInfo(bool IsKey, int Width = 0, int Height = 0);

/// <summary>What of a key frame begins with a packet.</summary>
[Flags]
public enum KeyFrameStart
{
    None = 0,
    /** <summary>What its decoder must know before it.</summary> */
    Settings = 1,
    Picture = 2,
    Whole = Settings | Picture,
}

/// <summary>
/// How frames of one codec lie in RTP packets: one stream's, as some formats remember what came before. Nothing here trusts a payload,
/// and nothing throws.
/// </summary>
public abstract class PayloadFormat
{
    /// <summary>Null for a codec that is none of these.</summary>
    /// <param name="codec">As in the contract: `vp8`, `vp9`, `h264`, `av1`.</param>
    /// <param name="fmtp">Format parameters of SDP, where some were said.</param>
    public static PayloadFormat? For(string codec, string? fmtp = null) => codec switch
    {
        "vp8" => new Vp8Format(),
        "vp9" => new Vp9Format(),
        "h264" => new H264Format(fmtp),
        "av1" => new Av1Format(),
        _ => null,
    };

    /// <summary>True where a frame begins with this packet, whatever was lost before it.</summary>
    public abstract bool Begins(ReadOnlySpan<byte> payload);

    /// <summary>What of a key frame begins with this packet; settings alone may be another frame's too.</summary>
    public abstract KeyFrameStart KeyFrameIn(ReadOnlySpan<byte> payload);

    /// <summary>True where settings are known from elsewhere, if none were sent.</summary>
    public virtual bool KnowsSettings => false;

    /// <summary>Adds what the packet carries to the frame. False: the frame cannot be put together.</summary>
    /// <param name="payload">Not empty; the packets of a frame come one after the other, without a hole.</param>
    public abstract bool TryAdd(ReadOnlySpan<byte> payload, FrameBuffer frame);

    /// <summary>Makes of what was added a frame as files have it. False: it is none.</summary>
    /// <param name="afterHole">Packets right before its first are missing.</param>
    public abstract bool TryFinish(FrameBuffer frame, bool afterHole, out FrameInfo info);

    /// <summary>The frame was given up, after some of it was added.</summary>
    public virtual void GiveUp() { }
}
