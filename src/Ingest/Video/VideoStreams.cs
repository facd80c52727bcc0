using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Video;

/// <summary>All of a track's streams, put together to one sequence of pictures.</summary>
/// <param name="format">Makes the format of one stream.</param>
/// <param name="sink">Takes the pictures that are shown, in the order they are decoded.</param>
internal sealed class VideoStreams(Func<PayloadFormat> format, IFrameSink sink)
{
    private readonly LayerChooser chooser = new(sink);
    private readonly Dictionary<uint, VideoStream> bySsrc = [];
    private readonly List<VideoStream> streams = [];
    private readonly List<VideoStream> leaving = [];                                 // nothing more comes of them
    private long forgottenLate;

    /// <summary>Packets that came after their place had been passed.</summary>
    public long PacketsLate => forgottenLate + streams.Sum(s => s.Timeline.Late);
    /// <summary>Of the newest stream.</summary>
    public double ClockDriftPpm => streams.Count == 0 ? 0 : streams[^1].Timeline.DriftPpm;

    /// <summary>The stream of an SSRC, from its first packet on.</summary>
    public VideoStream this[uint ssrc]
    {
        get
        {
            ref var stream = ref CollectionsMarshal.GetValueRefOrAddDefault(bySsrc, ssrc, out _);
            if (stream is null) streams.Add(stream = new VideoStream(format(), chooser.AddLayer()));
            return stream;
        }
    }

    /// <summary>What comes of the SSRC from now on is another stream's; what waits is shown.</summary>
    public void Forget(uint ssrc)
    {
        if (bySsrc.Remove(ssrc, out var stream)) leaving.Add(stream);
    }

    /// <summary>Gives all pictures whose place is not after <paramref name="horizon"/>, of all streams in the order of their places.</summary>
    /// <param name="horizon">Ticks at 90 kHz since the meeting began.</param>
    public void Advance(long horizon)
    {
        while (true)
        {
            VideoStream? next = null;
            long least = long.MaxValue;
            foreach (var stream in streams)
                if (stream.TryPeek(horizon, out long place) && place < least) (next, least) = (stream, place);
            if (next is null) break;
            next.Take();
        }
        for (int n = leaving.Count - 1; n >= 0; n--)
            if (leaving[n].Timeline.IsEmpty) Leave(n);
    }

    /// <summary>Gives all there are.</summary>
    public void Finish()
    {
        Advance(long.MaxValue);
        foreach (var stream in streams) stream.Finish();
    }

    private void Leave(int index)
    {
        var stream = leaving[index];
        stream.Finish();
        forgottenLate += stream.Timeline.Late;
        leaving.RemoveAt(index);
        streams.Remove(stream);
    }
}
