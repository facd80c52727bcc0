using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Jitter;

/// <summary>
/// Where a track's packets lie in its own file. They are as they were sent, and the sender's clock is not the meeting's: the file is
/// let run ahead or fall behind, and is put right where nobody speaks, by silence that is added or a packet of silence that is left out.
/// Where somebody speaks on and on, beyond 50 ms anywhere.
/// </summary>
/// <param name="codec">Of the packets.</param>
internal sealed class FileTimeline(AudioCodec codec)
{
    private const long Worthwhile = 5 * OpusPacket.ClockRate / 2000;                 // 2.5 ms, what silence is made of
    private const long Tolerance = 15 * OpusPacket.ClockRate / 1000, Urgent = 50 * OpusPacket.ClockRate / 1000;
    private const int QuietLevel = 60;                                               // −dBov

    private long offset, end;

    /// <summary>Samples of silence added.</summary>
    public long Added { get; private set; }
    /// <summary>Samples of silence left out.</summary>
    public long Removed { get; private set; }

    /// <param name="start">Where the packet lies in the meeting.</param>
    /// <param name="jumped">It does not go on from the last one.</param>
    /// <param name="silent">Samples before it in which the sender sent nothing, after <paramref name="missing"/> of packets that were lost.</param>
    /// <param name="inFile">False: it is left out.</param>
    /// <returns>First sample at 48 kHz; never before the end of the last one.</returns>
    public long Place(BufferedPacket packet, long start, int duration, bool jumped, long silent, long missing, out bool inFile)
    {
        inFile = true;
        long place = Math.Max(packet.Timestamp + offset, end), error = start - place;
        if (jumped) place = Math.Max(start, end);
        else if (silent > 0 || missing > ConcealingDecoder.MaxConcealed)             // there is a hole that is heard as silence
        {
            if (Math.Abs(error) >= Worthwhile) place = Move(place, Math.Max(start, end));
        }
        else if (error >= Urgent || (error >= Tolerance && IsQuiet(packet))) place = Move(place, start);
        else if (-error > duration / 2 && (error <= -Urgent || (error <= -Tolerance && IsQuiet(packet))))
        {
            Removed += duration;
            offset -= duration;
            inFile = false;
            return place;
        }
        offset = place - packet.Timestamp;
        end = place + duration;
        return place;
    }

    /// <summary>The packet says, by its level or its bytes, that nobody speaks.</summary>
    public bool IsQuiet(BufferedPacket packet) => packet.AudioLevel >= 0 ? packet.AudioLevel >= QuietLevel : codec.IsQuiet(packet.Payload);

    private long Move(long from, long to)
    {
        if (to > from) Added += to - from;
        else Removed += from - to;
        return to;
    }
}
