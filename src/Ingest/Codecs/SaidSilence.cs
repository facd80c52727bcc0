using Pipeline.Ingest.Jitter;

namespace Pipeline.Ingest.Codecs;

/// <summary>
/// Which packets of a track need not be decoded, as their sender says (RFC 6464) that nothing is in them: those after a second of level 127, and only while
/// one packet a second, looked into, bears it out. A contradiction ends the trust for good. Before the decoder goes on it is given the last packets left
/// out: its sound goes on from what came before. Pure; allocates nothing once it has its buffers.
/// </summary>
internal sealed class SaidSilence(ConcealingDecoder decoder)
{
    private const int Silent = 127;                                                  // −dBov
    private const long Believed = OpusPacket.ClockRate, LookedIntoEvery = OpusPacket.ClockRate;
    private const int Kept = 3;
    /// <summary>−60 dBFS, by root mean square: what is quieter is not missed in a mix.</summary>
    private const float Audible = 1e-3f;

    private readonly byte[][] kept = [[], [], []];
    private readonly int[] lengths = new int[Kept];
    private long since = long.MinValue, lookedInto;                                  // samples of the meeting; since when 127 is said
    private int skipped;                                                             // in a row, up to now
    private bool trusted = true;

    /// <summary>Packets left out so far.</summary>
    public long Skipped { get; private set; }
    /// <summary>True once the sender was found to have sent sound as silence: what was left out just before may have been some.</summary>
    public bool WasDeceived => !trusted;

    /// <summary>True where nobody needs the packet's sound. False: the decoder is ready for it.</summary>
    /// <param name="placed">The track's next.</param>
    public bool Skips(in PlacedPacket placed)
    {
        var packet = placed.Packet;
        bool said = trusted && packet.AudioLevel == Silent && !placed.Fresh;
        if (said && since == long.MinValue) since = lookedInto = placed.Start;
        if (said && placed.Start - since >= Believed && IsBorneOut(placed))
        {
            Keep(packet.Payload);
            return true;
        }
        if (!said || !trusted) since = long.MinValue;
        if (skipped > 0 && !placed.Fresh) CatchUp();                                 // else it begins anew by itself
        skipped = 0;
        return false;
    }

    private bool IsBorneOut(in PlacedPacket placed)
    {
        if (placed.Start - lookedInto < LookedIntoEvery) return true;
        lookedInto = placed.Start;
        return trusted = decoder.Loudness(placed.Packet.Payload) < Audible;
    }

    private void Keep(ReadOnlySpan<byte> payload)
    {
        int at = skipped % Kept;
        if (kept[at].Length < payload.Length) kept[at] = new byte[Math.Max(payload.Length, 64)];
        payload.CopyTo(kept[at]);
        lengths[at] = payload.Length;
        skipped++;
        Skipped++;
    }

    private void CatchUp()
    {
        if (skipped > Kept) decoder.Forget();                                        // else nothing is missing between what it knows and those kept
        for (int n = Math.Max(skipped - Kept, 0); n < skipped; n++) trusted &= decoder.Loudness(kept[n % Kept].AsSpan(0, lengths[n % Kept])) < Audible;
    }
}
