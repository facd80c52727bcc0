namespace Pipeline.Ingest.Codecs;

/// <summary>Mono float at 48 kHz → Opus packets of 20 ms, with in-band FEC: what a browser's microphone sends. Not thread-safe.</summary>
public sealed unsafe class OpusEncoder : IDisposable
{
    /// <summary>Samples in one packet: 20 ms at 48 kHz.</summary>
    public const int FrameSize = 960;

    private readonly OpusEncoderHandle handle = OpusEncoderHandle.Create(48000, 1);

    /// <param name="expectedLossPercent">How much loss the in-band FEC is made for; 0 sends none.</param>
    public OpusEncoder(int bitrateBps = 32_000, int expectedLossPercent = 10)
    {
        Set(LibOpus.SetBitrate, bitrateBps);
        Set(LibOpus.SetInbandFec, expectedLossPercent > 0 ? 1 : 0);
        Set(LibOpus.SetPacketLossPercent, expectedLossPercent);
        if (LibOpus.EncoderGet(handle.DangerousGetHandle(), LibOpus.GetLookahead, out int lookahead) == 0) Lookahead = lookahead;
    }

    /// <summary>By how many samples the decoded sound lies behind what went in.</summary>
    public int Lookahead { get; }

    /// <param name="pcm">Exactly <see cref="FrameSize"/> samples, −1 … 1.</param>
    /// <param name="packet">Room for 1275 bytes.</param>
    /// <returns>Bytes written.</returns>
    public int Encode(ReadOnlySpan<float> pcm, Span<byte> packet)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pcm.Length, FrameSize);
        fixed (float* from = pcm)
        fixed (byte* to = packet)
        {
            int written = LibOpus.EncodeFloat(handle.DangerousGetHandle(), from, FrameSize, to, packet.Length);
            return written >= 0 ? written : throw new InvalidOperationException($"libopus did not encode: {LibOpus.Describe(written)}");
        }
    }

    public void Dispose() => handle.Dispose();

    private void Set(int request, int value)
    {
        int error = LibOpus.EncoderSet(handle.DangerousGetHandle(), request, value);
        if (error != 0) throw new InvalidOperationException($"libopus refused {request}: {LibOpus.Describe(error)}");
    }
}
