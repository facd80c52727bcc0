using System.Buffers.Binary;
using System.Collections.Concurrent;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Video;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Recording.Composite;

/// <summary>A meeting of voices and of pictures that are told apart by their colour, sent as RTP into a journal. Times in seconds.</summary>
internal sealed class StagedMeeting(double duration)
{
    private static readonly ConcurrentDictionary<string, Task<EncodedVideo>> Encoded = new();

    private readonly List<(TrackDescription Track, double From, double To, IEnumerable<(byte[] Datagram, double At)> Packets)> tracks = [];

    public TimeSpan Duration => TimeSpan.FromSeconds(duration);

    public static string NameOf(string id) => char.ToUpperInvariant(id[0]) + id[1..];

    /// <param name="speaking">When there is a voice; silence is sent else.</param>
    public StagedMeeting Voice(string id, double from = 0, double? to = null, string? name = null, params (double From, double To)[] speaking)
    {
        double end = to ?? duration;
        var pcm = new float[(long)((end - from) * Sound.Rate)];
        foreach (var (begins, ends) in speaking)
            Sound.Voice((long)((ends - begins) * Sound.Rate), seed: tracks.Count).CopyTo(pcm, (long)((begins - from) * Sound.Rate));
        return Heard(id, pcm, from, to, name);
    }

    /// <param name="pcm">48 kHz mono.</param>
    public StagedMeeting Heard(string id, float[] pcm, double from = 0, double? to = null, string? name = null)
    {
        int number = tracks.Count + 1;
        var packets = Sound.Encode(pcm).Select((payload, n) => (Datagram((uint)(1000 + number), (ushort)n, (uint)(960 * n), payload), from + 0.02 * n));
        tracks.Add((Track(number, ssrc: (uint)(1000 + number)) with { Participant = id, Name = name ?? NameOf(id) }, from, to ?? duration, packets));
        return this;
    }

    /// <param name="source">Of `ffmpeg`'s lavfi, 15 pictures a second; "color=red:size=320x180:rate=15".</param>
    /// <param name="pictures">The last time at which one is sent; the track goes on.</param>
    public async Task<StagedMeeting> SeenAsync(string id, string source, double from = 0, double? to = null, double? pictures = null, string kind = "camera", string codec = "vp8", byte orientation = 0)
    {
        int number = tracks.Count + 1;
        int frames = (int)Math.Max(1, ((pictures ?? to ?? duration) - from) * 15);
        var video = await Encoded.GetOrAdd($"{codec} {frames} {source}", _ => EncodedVideo.MakeAsync(codec, frames, source));
        var packets = video.Datagrams.Select(d =>
        {
            byte[] own = orientation == 0 ? [.. d] : EncodedVideo.Extended(d, 3, orientation);
            BinaryPrimitives.WriteUInt32BigEndian(own.AsSpan(8), (uint)(1000 + number));
            return (own, from + (int)(EncodedVideo.Timestamp(d) - video.Timestamps[0]) / 90_000.0);
        });
        var track = new TrackDescription(number, id, NameOf(id), codec, EncodedVideo.PayloadType, 90_000, 1, (uint)(1000 + number), AudioLevelExtension: null, From: null)
        {
            Kind = MediaKind.Video,
            Source = kind,
            OrientationExtension = orientation == 0 ? null : (byte)3,
        };
        tracks.Add((track, from, to ?? duration, packets));
        return this;
    }

    public async Task WriteAsync(JournalFolder journal, params (double From, double To)[] pauses)
    {
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, mix: null, speech: null);
        await writer.AppendAsync(new MeetingOpened("mtg_1", 1, DateTimeOffset.UnixEpoch), Ms(0));
        var events = new List<(double At, int Order, Action<TimeSpan> Act)>();
        void Do(double at, int order, Action<TimeSpan> act) => events.Add((at, order, act));
        foreach (var (track, from, to, packets) in tracks)
        {
            Do(from, 0, at =>
            {
                _ = writer.AppendAsync(JournalFolder.Added(track), at);
                pipeline.AddTrack(track);
            });
            foreach (var (datagram, sent) in packets.Where(p => p.At < to)) Do(sent, 1, at => pipeline.Receive(datagram, Loopback, at));
            if (to >= duration) continue;
            Do(to, 2, at =>
            {
                _ = writer.AppendAsync(new TrackEnded(track.Number, (long)at.TotalMicroseconds), at);
                pipeline.EndTrack(track.Number);
            });
        }
        foreach (var (from, to) in pauses)
        {
            Do(from, 3, at =>
            {
                pipeline.Pause(at);
                _ = writer.AppendAsync(new Paused((long)at.TotalMicroseconds), at);
            });
            Do(to, 0, at =>
            {
                _ = writer.AppendAsync(new Resumed((long)at.TotalMicroseconds), at);
                pipeline.Resume(at);
            });
        }
        foreach (var (at, _, act) in events.OrderBy(e => e.At).ThenBy(e => e.Order))
        {
            act(TimeSpan.FromSeconds(at));
            pipeline.Commit();
        }
        await writer.AppendAsync(new MeetingClosed((long)Duration.TotalMicroseconds), Duration);
    }
}
