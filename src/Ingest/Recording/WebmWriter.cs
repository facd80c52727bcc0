using System.Buffers.Binary;
using System.Text;
using Pipeline.Ingest.Video;

namespace Pipeline.Ingest.Recording;

/// <summary>VP8, VP9 or AV1 as WebM (RFC 8794, RFC 9559): a cluster for each key frame, and an index of them at the end, to which the head points.</summary>
public sealed class WebmWriter : VideoWriter
{
    private const uint Head = 0x1A45DFA3, Segment = 0x18538067, SeekHead = 0x114D9B74, Info = 0x1549A966, Tracks = 0x1654AE6B, Cluster = 0x1F43B675, Cues = 0x1C53BB6B, Void = 0xEC;
    private const long MaxCluster = 5000;                                            // ms; a block's time counts from its cluster's, in 16 bits
    private const byte Key = 0x80;

    private readonly Stream output;
    private readonly string codec, title;
    private readonly List<(long Time, long Position)> cues = [];
    private long segment, size, projection;                                // positions in the file
    private long info, tracks, cluster = -1;
    private long clusterTime, lastTime = -1;                                         // ms

    /// <param name="output">Can seek; the caller disposes it.</param>
    /// <param name="codec">`vp8`, `vp9` or `av1`.</param>
    /// <param name="end">The meeting's length in ticks at 90 kHz.</param>
    public WebmWriter(Stream output, string codec, string title, long end)
        : base(end) => (this.output, this.codec, this.title) = (output, codec, title);

    protected override void WriteFrame(in VideoFrame frame)
    {
        if (Frames == 0) WriteHead(frame.Data);
        long time = Math.Max((frame.Place + 45) / 90, lastTime + 1);
        if (cluster < 0 || frame.Info.IsKey || time - clusterTime > MaxCluster) BeginCluster(time);
        if (frame.Info.IsKey) cues.Add((time, cluster - segment));
        lastTime = time;

        Span<byte> head = stackalloc byte[13];
        head[0] = 0xA3;                                                              // SimpleBlock
        BinaryPrimitives.WriteUInt64BigEndian(head[1..], 1UL << 56 | (uint)(frame.Data.Length + 4));
        head[9] = 0x81;                                                              // of track 1
        BinaryPrimitives.WriteInt16BigEndian(head[10..], (short)(time - clusterTime));
        head[12] = frame.Info.IsKey ? Key : (byte)0;
        output.Write(head);
        output.Write(frame.Data);
    }

    protected override void WriteEnd()
    {
        EndCluster();
        long index = output.Position;
        output.Write(new EbmlBuilder().Master(Cues, all =>
        {
            foreach (var (time, position) in cues)
                all.Master(0xBB, cue => cue.Unsigned(0xB3, time).Master(0xB7, place => place.Unsigned(0xF7, 1).Unsigned(0xF1, position)));
        }).Bytes);
        long length = output.Position - segment;
        Patch(segment - 8, EbmlBuilder.Size(length));
        Patch(segment, Index(info, tracks, index));
        Patch(size, Dimensions(Size));
        if (Rotation != 0) Patch(projection, Projection(Rotation));
        output.Position = segment + length;
        output.Flush();
    }

    private void WriteHead(ReadOnlySpan<byte> first)
    {
        output.Write(new EbmlBuilder().Master(Head, head => head
            .Unsigned(0x4286, 1).Unsigned(0x42F7, 1).Unsigned(0x42F2, 4).Unsigned(0x42F3, 8).Binary(0x4282, "webm"u8).Unsigned(0x4287, 4).Unsigned(0x4285, 2)).Bytes);
        output.Write(EbmlBuilder.Id(Segment));
        output.Write(EbmlBuilder.Size(0));
        segment = output.Position;
        output.Write(Index(0, 0, 0));                                                // as long as it will be
        info = output.Position;
        output.Write(new EbmlBuilder().Master(Info, head => head
            .Unsigned(0x2AD7B1, 1_000_000)                                           // times are in ms
            .Float(0x4489, End / 90.0)
            .Binary(0x7BA9, Encoding.UTF8.GetBytes(title)).Binary(0x4D80, "pipeline"u8).Binary(0x5741, "pipeline"u8)).Bytes);
        tracks = output.Position;
        byte[]? configuration = codec == "av1" ? Av1Configuration(first) : null;
        output.Write(new EbmlBuilder().Master(Tracks, all => all.Master(0xAE, track =>
        {
            track.Unsigned(0xD7, 1).Unsigned(0x73C5, 1).Unsigned(0x83, 1).Unsigned(0x9C, 0);   // number, name, video, without lacing
            track.Binary(0x86, codec switch { "vp8" => "V_VP8"u8, "vp9" => "V_VP9"u8, _ => "V_AV1"u8 });
            if (configuration is not null) track.Binary(0x63A2, configuration);
            track.Master(0xE0, video =>
            {
                size = tracks + video.Length;
                video.Raw(Dimensions(default));
                projection = tracks + video.Length;
                video.Binary(Void, Projection(0).AsSpan(2));
            });
        })).Bytes);
    }

    private byte[] Index(long info, long tracks, long cues) => new EbmlBuilder().Master(SeekHead, all =>
    {
        foreach (var (id, position) in new[] { (Info, info), (Tracks, tracks), (Cues, cues) })
            all.Master(0x4DBB, seek => seek.Binary(0x53AB, EbmlBuilder.Id(id)).Unsigned(0x53AC, position - segment));
    }).Bytes.ToArray();

    private static ReadOnlySpan<byte> Dimensions((int Width, int Height) size) => new EbmlBuilder().Unsigned(0xB0, size.Width).Unsigned(0xBA, size.Height).Bytes;

    private void BeginCluster(long time)
    {
        EndCluster();
        cluster = output.Position;
        clusterTime = time;
        output.Write(EbmlBuilder.Id(Cluster));
        output.Write(EbmlBuilder.Size(0));
        output.Write(new EbmlBuilder().Unsigned(0xE7, time).Bytes);
    }

    private void EndCluster()
    {
        if (cluster < 0) return;
        long end = output.Position;
        Patch(cluster + 4, EbmlBuilder.Size(end - cluster - 12));
        output.Position = end;
    }

    private void Patch(long position, ReadOnlySpan<byte> bytes)
    {
        output.Position = position;
        output.Write(bytes);
    }

    /// <summary>How a player is to turn the picture: counter-clockwise, in degrees (RFC 9559 §5.1.4.1.28.41, ProjectionPoseRoll).</summary>
    private static byte[] Projection(int rotation)
    {
        byte[] roll = [0x76, 0x75, 0x84, 0, 0, 0, 0];
        BinaryPrimitives.WriteSingleBigEndian(roll.AsSpan(3), rotation <= 180 ? -rotation : 360 - rotation);
        return [0x76, 0x70, 0x8B, 0x76, 0x71, 0x81, 0, .. roll];
    }

    /// <summary>AV1CodecConfigurationRecord ("AV1 in ISOBMFF" §2.3).</summary>
    private static byte[] Av1Configuration(ReadOnlySpan<byte> unit)
    {
        var header = Obu.Find(unit, Obu.SequenceHeader);
        int at = Obu.HasExtension(header[0]) ? 2 : 1;
        Obu.TryReadSize(header, ref at, out _);
        Av1Sequence.TryRead(header[at..], out var s);
        int colors = (s.Tier << 7) | Bit(s.IsHighBitDepth, 6) | Bit(s.IsTwelveBit, 5) | Bit(s.IsMonochrome, 4) | Bit(s.SubsamplingX, 3) | Bit(s.SubsamplingY, 2) | s.SamplePosition;
        return [0x81, (byte)(s.Profile << 5 | s.Level), (byte)colors, 0, .. header];

        static int Bit(bool set, int at) => set ? 1 << at : 0;
    }
}
