using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Ingest.Codecs;

/// <summary>What the recorder needs to know of an audio codec: how long its packets are, and what makes sound of them. Immutable.</summary>
public abstract class AudioCodec
{
    /// <summary>
    /// 200 ms in samples at 48 kHz: longer packets are not taken. A datagram of 1500 octets has 182 ms of G.711.
    /// </summary>
    public const int MaxDuration = OpusPacket.ClockRate / 5;

    public static AudioCodec Opus { get; } = new OpusCodec();
    public static AudioCodec Pcmu { get; } = new G711Codec(G711.MuLaw, comfort: 0xFF);
    public static AudioCodec Pcma { get; } = new G711Codec(G711.ALaw, comfort: 0xD5);
    public static AudioCodec G722 { get; } = new G722Codec();

    /// <summary>By its name in the contract; `red` is the Opus inside.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public static AudioCodec Find(string name) => name switch
    {
        "opus" or "red" => Opus,
        "pcmu" => Pcmu,
        "pcma" => Pcma,
        "g722" => G722,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no audio codec"),
    };

    /// <summary>Of RTP timestamps, Hz; a divisor of 48000 (RFC 7587 §4.1, RFC 3551 §4.5.2).</summary>
    public abstract int ClockRate { get; }
    /// <summary>Of the sound in it, Hz.</summary>
    public abstract int SampleRate { get; }
    /// <summary>
    /// What stands for a comfort noise packet (RFC 3389): a packet of silence, shorter than any that is sent. Empty where the codec has its own.
    /// </summary>
    public virtual ReadOnlySpan<byte> Comfort => default;

    /// <summary>False where this machine lacks what decodes it.</summary>
    /// <param name="why">One sentence for the operator.</param>
    public virtual bool IsSupported([NotNullWhen(false)] out string? why)
    {
        why = null;
        return true;
    }

    /// <summary>Samples at 48 kHz in the packet, at most <see cref="MaxDuration"/>; 0 for one that no decoder would take.</summary>
    public abstract int Duration(ReadOnlySpan<byte> packet);
    /// <summary>The packet itself shows that nobody speaks.</summary>
    public abstract bool IsQuiet(ReadOnlySpan<byte> packet);
    /// <summary>Samples at 48 kHz, right before the packet, of which it carries a copy; 0: none.</summary>
    public virtual int CopyDuration(ReadOnlySpan<byte> packet) => 0;

    /// <param name="sampleRate">48000, 16000 or <see cref="SampleRate"/>.</param>
    public abstract IAudioDecoder CreateDecoder(int sampleRate);
}

/// <summary>Packets of one codec → mono float at one rate, and what can be said of those that never came. Not thread-safe.</summary>
public interface IAudioDecoder : IDisposable
{
    /// <summary>In samples at 48 kHz, how far the sound that comes out lies behind the timestamps of what went in.</summary>
    int Delay { get; }

    /// <summary>Samples decoded into <paramref name="pcm"/>; 0 where the packet is broken: what it held is lost, the decoder goes on.</summary>
    /// <param name="pcm">Room for <see cref="AudioCodec.MaxDuration"/>.</param>
    int Decode(ReadOnlySpan<byte> packet, Span<float> pcm);

    /// <summary>The sound of the packet before <paramref name="next"/>, from the copy in <paramref name="next"/>; call before decoding that one.</summary>
    /// <param name="samples">Exactly what is missing; a multiple of 2.5 ms.</param>
    int DecodeCopy(ReadOnlySpan<byte> next, Span<float> pcm, int samples);

    /// <summary>Sound made up from what came before, for a hole nobody sent a copy of.</summary>
    /// <param name="samples">A multiple of 2.5 ms, at most 120 ms.</param>
    int Conceal(Span<float> pcm, int samples);

    /// <summary>The sender was silent between the last packet and the next.</summary>
    void Pause();

    /// <summary>Forgets the sound so far: another sender, or another time.</summary>
    void Reset();
}
