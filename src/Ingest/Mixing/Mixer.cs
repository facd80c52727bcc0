using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Mixing;

/// <summary>All tracks of a meeting as one, in frames of 20 ms at 48 kHz mono on the meeting's clock.</summary>
public sealed class Mixer
{
    /// <summary>Samples a frame: 20 ms.</summary>
    public const int FrameSize = OpusPacket.ClockRate / 50;

    private readonly List<TrackPlayer> tracks = [];
    private readonly Limiter limiter = new();
    private readonly float[] sum = new float[FrameSize], frame = new float[FrameSize];

    /// <summary>Sample at which the next frame read from the tracks begins. The first 5 ms of a meeting, before anybody can speak, are left out.</summary>
    public long Position { get; private set; } = Limiter.Delay;

    public void Add(TrackPlayer track)
    {
        track.Begin(Position);
        tracks.Add(track);
    }

    /// <summary>The next frame given is the one at <paramref name="position"/>.</summary>
    public void Begin(long position)
    {
        Position = position + Limiter.Delay;
        foreach (var track in tracks) track.Begin(Position);
    }

    /// <summary>Passes the next frame by; nothing was written to the tracks.</summary>
    public void Skip() => Position += FrameSize;

    /// <summary>
    /// Mixes the next frame. The mixer reads <see cref="Limiter.Delay"/> ahead of what it gives, so frame n is samples
    /// [960 n, 960 (n + 1)) of the meeting.
    /// </summary>
    /// <param name="mixed">Valid until the next call.</param>
    public void Mix(out ReadOnlySpan<float> mixed)
    {
        sum.AsSpan().Clear();
        foreach (var track in tracks)
        {
            if (track.Read(Position, frame)) track.Gain.Add(frame, sum);
            else track.Gain.AddSilence();
        }
        limiter.Process(sum);
        Position += FrameSize;
        mixed = sum;
    }
}
