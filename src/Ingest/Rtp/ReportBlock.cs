namespace Pipeline.Ingest.Rtp;

/// <summary>What a receiver says of one source (RFC 3550 §6.4.1).</summary>
/// <param name="FractionLost">Of the packets expected since the last report, in 256ths.</param>
/// <param name="CumulativeLost">Of all; −2^23 … 2^23 − 1, below 0 where duplicates came.</param>
/// <param name="ExtendedHighestSequence">Wraps in the upper 16 bits, sequence number in the lower.</param>
/// <param name="Jitter">In timestamp units, §A.8.</param>
/// <param name="LastReport">The middle 32 bits of the newest sender report's NTP time; 0: there was none.</param>
/// <param name="Delay">Since that report came, in 65536ths of a second.</param>
public readonly record struct ReportBlock(
    uint Ssrc, byte FractionLost, int CumulativeLost, uint ExtendedHighestSequence, uint Jitter, uint LastReport, uint Delay);
