using System.Security.Cryptography;
using System.Text;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Repair;

/// <param name="OddPort">From the port above the track's: the sender's own RTCP comes to that one.</param>
public readonly record struct ReturnPath(PeerAddress Peer, bool OddPort);

/// <summary>Takes what is said to senders. Called from the media loop: never blocks.</summary>
public interface IFeedbackSink
{
    /// <param name="track">The number of whose sender it is.</param>
    /// <param name="packet">Valid during the call.</param>
    /// <returns>False when it could not be sent.</returns>
    bool Send(int track, ReadOnlySpan<byte> packet, ReturnPath to);
}

/// <summary>What was said to senders so far.</summary>
/// <param name="Requests">Packets that ask for others; <paramref name="Requested"/>: for how many.</param>
/// <param name="Failed">Packets that could not be sent.</param>
public readonly record struct FeedbackCounts(long Reports, long Requests, long Requested, long Pictures, long Failed);

/// <summary>
/// What a meeting says to its senders, in RTCP: how well they are received (RFC 3550 §6.4.2), which packets to send again, and that a
/// whole picture is needed (RFC 4585). Only to senders that have shown to be where they seem to be, so nobody can have others sent to.
/// </summary>
public sealed class Feedback : IDisposable
{
    private const int MaxPacket = 1200, MaxRequested = 64;                           // a turn and stream
    /// <summary>RFC 3550 §6.2 and §A.7: five seconds, half of it at first, spread so that many receivers do not fall into step.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private const double Compensation = 1.21828;                                     // e − 3/2

    private readonly byte[] name = Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(12)));   // RFC 7022 §4.2
    private readonly Dictionary<int, Line> lines = [];                               // by track number
    private readonly ReportBlock[] blocks = new ReportBlock[RtcpWriter.MaxBlocks];
    private IFeedbackSink? sink;
    private Random random = Random.Shared;
    private FeedbackCounts counts;

    public FeedbackCounts Counts => counts;

    /// <summary>Until then nothing is said.</summary>
    /// <param name="chance">Spreads reports in time, and names this receiver.</param>
    public void SpeakThrough(IFeedbackSink way, Random chance) => (sink, random) = (way, chance);

    /// <summary>From now on the track's sender is spoken to there, plainly, wherever its packets come from: a forwarder told of it.</summary>
    public void SetAddress(MediaTrack track, PeerAddress address) => LineOf(track).Address = address;

    /// <summary>Says what is due.</summary>
    /// <param name="binding">Knows where the track's packets come from.</param>
    public void Advance(MediaTrack track, SourceBinding binding, TimeSpan now)
    {
        if (track.Ended)
        {
            if (lines.Remove(track.Description.Number, out var over)) over.Dispose();
            return;
        }
        if (sink is null) return;
        var line = LineOf(track);
        line.Binding = binding;
        if (track.Withheld.Reason is null)
        {
            if (track.Description.Rtx is not null) RequestPackets(track, line, now);
            if (track is VideoTrack video) RequestPictures(video, line, now);
        }
        if (now >= line.ReportDue) Report(track, line, now);
    }

    public void Dispose()
    {
        foreach (var line in lines.Values) line.Dispose();
    }

    private void RequestPackets(MediaTrack track, Line line, TimeSpan now)
    {
        Span<ushort> missing = stackalloc ushort[MaxRequested];
        Span<byte> buffer = stackalloc byte[MaxPacket];
        foreach (var stream in track.Streams)
        {
            if (stream.HasLeft || stream.Missing is not { Count: > 0 } lost || !TryGetPath(line, stream.Ssrc, out var path)) continue;
            int due = lost.TakeDue(now, missing);
            if (due == 0) continue;
            var writer = Begin(buffer, line, 0);
            writer.AddNack(stream.Ssrc, missing[..due]);
            if (Send(track, line, path, buffer, writer.Length)) counts = counts with { Requests = counts.Requests + 1, Requested = counts.Requested + due };
        }
    }

    /// <summary>Of each encoding that needs one. A forwarder sends nothing that could be shown before it is asked, and takes any SSRC.</summary>
    private void RequestPictures(VideoTrack video, Line line, TimeSpan now)
    {
        Span<byte> buffer = stackalloc byte[MaxPacket];
        var writer = Begin(buffer, line, 0);
        ReturnPath? path = null;
        if (line.Address is { } address && line.First.TakeDue(video.Newest is null, now))
        {
            writer.AddPictureLoss(video.Description.Ssrc ?? 0);
            path = new ReturnPath(address, OddPort: false);
        }
        foreach (var stream in video.Streams)
        {
            bool isNeeded = !stream.HasLeft && video.NeedsKeyFrameOf(stream.Ssrc);
            ReturnPath there = default;
            if (isNeeded && (writer.Length > MaxPacket / 2 || !TryGetPath(line, stream.Ssrc, out there))) continue;   // due as soon as it can be said
            if (!stream.Pictures.TakeDue(isNeeded, now)) continue;
            writer.AddPictureLoss(stream.Ssrc);
            path = there;
        }
        if (path is { } to && Send(video, line, to, buffer, writer.Length)) counts = counts with { Pictures = counts.Pictures + 1 };
    }

    /// <summary>One block for each stream that sent since the last report.</summary>
    private void Report(MediaTrack track, Line line, TimeSpan now)
    {
        var since = line.Reported;
        bool isFirst = line.ReportDue == TimeSpan.MinValue;
        (line.Reported, line.ReportDue) = (now, now + Interval * ((isFirst ? 0.5 : 1) * (0.5 + random.NextDouble()) / Compensation));
        if (isFirst) return;

        int count = 0;
        ReturnPath? path = null;
        foreach (var stream in track.Streams)
        {
            if (stream.HasLeft || stream.LastArrival <= since || count == blocks.Length || !TryGetPath(line, stream.Ssrc, out var there)) continue;
            blocks[count++] = stream.TakeReport(now);
            path = there;
        }
        if (path is not { } to) return;
        Span<byte> buffer = stackalloc byte[MaxPacket];
        var writer = Begin(buffer, line, count);
        if (Send(track, line, to, buffer, writer.Length)) counts = counts with { Reports = counts.Reports + 1 };
    }

    /// <summary>What every compound packet begins with (RFC 3550 §6.1), early ones without blocks.</summary>
    private RtcpWriter Begin(Span<byte> buffer, Line line, int reported)
    {
        var writer = new RtcpWriter(buffer, line.Ssrc);
        writer.AddReceiverReport(blocks.AsSpan(0, reported));
        writer.AddCanonicalName(name);
        return writer;
    }

    private bool Send(MediaTrack track, Line line, ReturnPath path, Span<byte> buffer, int length)
    {
        bool isReady = line.Address is not null || track.Description.Srtp is not { } key || (line.Protection ??= new SrtpSender(key, line.Ssrc)).TryProtectRtcp(buffer, ref length);
        if (isReady && sink!.Send(track.Description.Number, buffer[..length], path)) return true;
        counts = counts with { Failed = counts.Failed + 1 };
        return false;
    }

    private static bool TryGetPath(Line line, uint ssrc, out ReturnPath path)
    {
        if (line.Address is not { } address) return line.Binding!.TryGetReturn(ssrc, out path);
        path = new ReturnPath(address, OddPort: false);
        return true;
    }

    private Line LineOf(MediaTrack track)
    {
        if (lines.TryGetValue(track.Description.Number, out var line)) return line;
        return lines[track.Description.Number] = new Line((uint)random.NextInt64(1L << 32));
    }

    /// <summary>What is said about one track, under an SSRC of its own: two tracks may have one key, and no two packets the same SSRC, index and key.</summary>
    private sealed class Line(uint ssrc) : IDisposable
    {
        public uint Ssrc => ssrc;
        public SourceBinding? Binding { get; set; }
        public PeerAddress? Address { get; set; }
        public SrtpSender? Protection { get; set; }
        /// <summary>For a picture, while nothing has come that could lack one.</summary>
        public KeyFrameRequests First { get; } = new();
        public TimeSpan Reported { get; set; } = TimeSpan.MinValue;
        public TimeSpan ReportDue { get; set; } = TimeSpan.MinValue;
        public void Dispose() => Protection?.Dispose();
    }
}
