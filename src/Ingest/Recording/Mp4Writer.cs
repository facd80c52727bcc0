using System.Buffers.Binary;
using Pipeline.Ingest.Recording.Mp4;
using Pipeline.Ingest.Video;

namespace Pipeline.Ingest.Recording;

/// <summary>
/// H.264 as MP4 (ISO/IEC 14496-12 and -15), its index in front. An edit list leaves the time before the first picture empty. Parameter sets stay in the frames they came
/// with; where they change on the way (another size), the entry is `avc3`, which says so.
/// </summary>
/// <param name="output">The caller disposes it.</param>
/// <param name="samples">Takes the frames until the index is known; can be read and seek; the caller disposes it.</param>
/// <param name="end">The meeting's length in ticks at 90 kHz.</param>
public sealed class Mp4Writer(Stream output, Stream samples, string title, long end) : VideoWriter(end)
{
    private const int Rate = 90_000, Sps = 7, Pps = 8;

    private readonly List<Sample> frames = [];
    private byte[] sets = [];                                                        // of the first key frame, with their lengths
    private bool setsChange;

    /// <summary>A frame in the order of decoding.</summary>
    private readonly record struct Sample(long Place, int Length, bool IsKey);

    protected override void WriteFrame(in VideoFrame frame)
    {
        if (frame.Info.IsKey)
        {
            byte[] these = ParameterSets(frame.Data);
            if (frames.Count == 0) sets = these;
            else setsChange |= !these.AsSpan().SequenceEqual(sets);
        }
        frames.Add(new Sample(frame.Place, frame.Data.Length, frame.Info.IsKey));
        samples.Write(frame.Data);
    }

    protected override void WriteEnd()
    {
        long[] places = [.. frames.Select(f => f.Place).Order()];
        var table = Table(places);
        var type = new BoxBuilder().Box("ftyp", b => b.Text("isom").U32(512).Text("isom").Text("iso2").Text("avc1").Text("mp41"));
        long first = type.Length + Movie(table, places[0], 0).Length + 16;           // where the samples begin
        output.Write(type.Bytes);
        output.Write(Movie(table, places[0], first).Bytes);
        output.Write(new BoxBuilder().U32(1).Text("mdat").U64(samples.Length + 16).Bytes);
        samples.Position = 0;
        samples.CopyTo(output);
        output.Flush();
    }

    private BoxBuilder Movie(SampleTable table, long begin, long firstSample)
    {
        long length = End - begin;
        return new BoxBuilder().Box("moov", moov => moov
            .Full("mvhd", 1, 0, b => b.Zeros(16).U32(Rate).U64(End).U32(BoxBuilder.Identity).U16(0x100).Zeros(10).Matrix(0, 0, 0).Zeros(24).U32(2))
            .Box("trak", trak => trak
                .Full("tkhd", 1, 3, b => b.Zeros(16).U32(1).Zeros(4).U64(End).Zeros(16).Matrix(Rotation, Size.Width, Size.Height).U32((uint)Size.Width << 16).U32((uint)Size.Height << 16))
                .Box("edts", edts => edts.Full("elst", 1, 0, b =>
                {
                    b.U32(begin > 0 ? 2u : 1u);
                    if (begin > 0) b.U64(begin).U64(-1).U32(BoxBuilder.Identity);
                    b.U64(length).U64(0).U32(BoxBuilder.Identity);
                }))
                .Box("mdia", mdia => mdia
                    .Full("mdhd", 1, 0, b => b.Zeros(16).U32(Rate).U64(length).U16(0x55C4).Zeros(2))   // language "und"
                    .Full("hdlr", 0, 0, b => b.Zeros(4).Text("vide").Zeros(12).Text(title).Zeros(1))
                    .Box("minf", minf => minf
                        .Full("vmhd", 0, 1, b => b.Zeros(8))
                        .Box("dinf", dinf => dinf.Full("dref", 0, 0, b => b.U32(1).Full("url ", 0, 1, _ => { })))
                        .Box("stbl", stbl => table.Write(Description(stbl), firstSample))))));
    }

    /// <summary>Frames are decoded in the order of their places, one at each; a chunk for each key frame and what follows it.</summary>
    private SampleTable Table(long[] places)
    {
        var table = new SampleTable();
        long offset = 0;
        foreach (var (n, frame) in frames.Index())
        {
            if (frame.IsKey) table.BeginChunk(offset);
            table.Add((uint)((n + 1 < places.Length ? places[n + 1] : End) - places[n]), (uint)frame.Length, frame.IsKey, (int)(frame.Place - places[n]));
            offset += frame.Length;
        }
        return table;
    }

    private BoxBuilder Description(BoxBuilder stbl) =>
        stbl.Full("stsd", 0, 0, b => b.U32(1).Box(setsChange ? "avc3" : "avc1", entry => entry
            .Zeros(6).U16(1).Zeros(16).U16(Size.Width).U16(Size.Height).U32(0x480000).U32(0x480000).Zeros(4).U16(1).Zeros(32).U16(0x18).U16(0xFFFF)
            .Box("avcC", Configuration)));

    /// <summary>AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1).</summary>
    private void Configuration(BoxBuilder box)
    {
        var byType = new Dictionary<int, List<byte[]>> { [Sps] = [], [Pps] = [] };
        for (int at = 0; at < sets.Length;)
        {
            byte[] unit = sets[(at + 4)..(at + 4 + BinaryPrimitives.ReadInt32BigEndian(sets.AsSpan(at)))];
            at += 4 + unit.Length;
            byType[unit[0] & 0x1F].Add(unit);
        }
        byte[] first = byType[Sps][0];
        box.Raw([1, first[1], first[2], first[3], 0xFF]).Raw([(byte)(0xE0 | Math.Min(byType[Sps].Count, 31))]);
        foreach (byte[] unit in byType[Sps].Take(31)) box.U16(unit.Length).Raw(unit);
        box.Raw([(byte)Math.Min(byType[Pps].Count, 255)]);
        foreach (byte[] unit in byType[Pps].Take(255)) box.U16(unit.Length).Raw(unit);
    }

    /// <summary>The frame's parameter sets, each behind its length in 32 bits.</summary>
    private static byte[] ParameterSets(ReadOnlySpan<byte> frame)
    {
        using var kept = new MemoryStream();
        for (int at = 0; at < frame.Length;)
        {
            int length = 4 + BinaryPrimitives.ReadInt32BigEndian(frame[at..]);
            if ((frame[at + 4] & 0x1F) is Sps or Pps) kept.Write(frame.Slice(at, length));
            at += length;
        }
        return kept.ToArray();
    }
}
