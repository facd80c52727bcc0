using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
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
    private const int Rate = 90_000, Identity = 0x10000, Sps = 7, Pps = 8;

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
        var type = new BoxBuilder().Box("ftyp", b => b.Text("isom").U32(512).Text("isom").Text("iso2").Text("avc1").Text("mp41"));
        long first = type.Length + Movie(0).Length + 16;                             // where the samples begin
        output.Write(type.Bytes);
        output.Write(Movie(first).Bytes);
        output.Write(new BoxBuilder().U32(1).Text("mdat").U64(samples.Length + 16).Bytes);
        samples.Position = 0;
        samples.CopyTo(output);
        output.Flush();
    }

    private BoxBuilder Movie(long firstSample)
    {
        long[] places = [.. frames.Select(f => f.Place).Order()];
        long begin = places[0], length = End - begin;
        return new BoxBuilder().Box("moov", moov => moov
            .Full("mvhd", 1, 0, b => b.Zeros(16).U32(Rate).U64(End).U32(Identity).U16(0x100).Zeros(10).Matrix(0, 0, 0).Zeros(24).U32(2))
            .Box("trak", trak => trak
                .Full("tkhd", 1, 3, b => b.Zeros(16).U32(1).Zeros(4).U64(End).Zeros(16).Matrix(Rotation, Size.Width, Size.Height).U32((uint)Size.Width << 16).U32((uint)Size.Height << 16))
                .Box("edts", edts => edts.Full("elst", 1, 0, b =>
                {
                    b.U32(begin > 0 ? 2u : 1u);
                    if (begin > 0) b.U64(begin).U64(-1).U32(Identity);
                    b.U64(length).U64(0).U32(Identity);
                }))
                .Box("mdia", mdia => mdia
                    .Full("mdhd", 1, 0, b => b.Zeros(16).U32(Rate).U64(length).U16(0x55C4).Zeros(2))   // language "und"
                    .Full("hdlr", 0, 0, b => b.Zeros(4).Text("vide").Zeros(12).Text(title).Zeros(1))
                    .Box("minf", minf => minf
                        .Full("vmhd", 0, 1, b => b.Zeros(8))
                        .Box("dinf", dinf => dinf.Full("dref", 0, 0, b => b.U32(1).Full("url ", 0, 1, _ => { })))
                        .Box("stbl", stbl => SampleTable(stbl, places, firstSample))))));
    }

    private void SampleTable(BoxBuilder stbl, long[] places, long firstSample)
    {
        stbl.Full("stsd", 0, 0, b => b.U32(1).Box(setsChange ? "avc3" : "avc1", entry => entry
            .Zeros(6).U16(1).Zeros(16).U16(Size.Width).U16(Size.Height).U32(0x480000).U32(0x480000).Zeros(4).U16(1).Zeros(32).U16(0x18).U16(0xFFFF)
            .Box("avcC", Configuration)));
        // Frames are decoded in the order of their places, one at each; where they are shown in another order, a second table says by how much.
        stbl.Full("stts", 0, 0, b => Runs(b, frames.Count, n => (n + 1 < places.Length ? places[n + 1] : End) - places[n]));
        if (!places.SequenceEqual(frames.Select(f => f.Place))) stbl.Full("ctts", 1, 0, b => Runs(b, frames.Count, n => frames[n].Place - places[n]));
        stbl.Full("stss", 0, 0, b =>
        {
            b.U32((uint)frames.Count(f => f.IsKey));
            for (int n = 0; n < frames.Count; n++)
                if (frames[n].IsKey) b.U32((uint)n + 1);
        });
        stbl.Full("stsz", 0, 0, b =>
        {
            b.U32(0).U32((uint)frames.Count);
            foreach (var frame in frames) b.U32((uint)frame.Length);
        });
        Chunks(stbl, firstSample);
    }

    /// <summary>A chunk for each key frame and what follows it.</summary>
    private void Chunks(BoxBuilder stbl, long firstSample)
    {
        var chunks = new List<(long Offset, int Samples)>();
        long offset = firstSample;
        foreach (var frame in frames)
        {
            if (frame.IsKey) chunks.Add((offset, 1));
            else chunks[^1] = chunks[^1] with { Samples = chunks[^1].Samples + 1 };
            offset += frame.Length;
        }
        int[] changes = [.. Enumerable.Range(0, chunks.Count).Where(n => n == 0 || chunks[n].Samples != chunks[n - 1].Samples)];
        stbl.Full("stsc", 0, 0, b =>
        {
            b.U32((uint)changes.Length);
            foreach (int n in changes) b.U32((uint)n + 1).U32((uint)chunks[n].Samples).U32(1);
        });
        stbl.Full("co64", 0, 0, b =>
        {
            b.U32((uint)chunks.Count);
            foreach (var chunk in chunks) b.U64(chunk.Offset);
        });
    }

    /// <summary>A table of how many samples in a row have the same value.</summary>
    private static void Runs(BoxBuilder box, int count, Func<int, long> value)
    {
        var runs = new List<(uint Count, long Value)>();
        for (int n = 0; n < count; n++)
        {
            long v = value(n);
            if (runs.Count > 0 && runs[^1].Value == v) runs[^1] = (runs[^1].Count + 1, v);
            else runs.Add((1, v));
        }
        box.U32((uint)runs.Count);
        foreach (var (length, v) in runs) box.U32(length).U32((uint)v);
    }

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

    /// <summary>Boxes in memory: each behind its length in 32 bits and its type (ISO/IEC 14496-12 §4.2).</summary>
    private sealed class BoxBuilder
    {
        private readonly ArrayBufferWriter<byte> bytes = new();

        public int Length => bytes.WrittenCount;
        public ReadOnlySpan<byte> Bytes => bytes.WrittenSpan;

        public BoxBuilder Box(string type, Action<BoxBuilder> content)
        {
            int at = Length;
            U32(0).Text(type);
            content(this);
            BinaryPrimitives.WriteInt32BigEndian(MemoryMarshal.AsMemory(bytes.WrittenMemory).Span[at..], Length - at);
            return this;
        }

        public BoxBuilder Full(string type, byte version, uint flags, Action<BoxBuilder> content) =>
            Box(type, b => content(b.U32((uint)version << 24 | flags)));

        /// <summary>Turns a picture of that size clockwise, and moves it back to where it was (§6.2.2).</summary>
        public BoxBuilder Matrix(int rotation, int width, int height)
        {
            var (cos, sin) = rotation switch { 90 => (0, 1), 180 => (-1, 0), 270 => (0, -1), _ => (1, 0) };
            int x = rotation switch { 90 => height, 180 => width, _ => 0 }, y = rotation switch { 180 => height, 270 => width, _ => 0 };
            foreach (int value in new[] { cos * Identity, sin * Identity, 0, -sin * Identity, cos * Identity, 0, x << 16, y << 16, 0x40000000 }) U32((uint)value);
            return this;
        }

        public BoxBuilder Raw(ReadOnlySpan<byte> content)
        {
            bytes.Write(content);
            return this;
        }

        public BoxBuilder Text(string text) => Raw(Encoding.UTF8.GetBytes(text));
        public BoxBuilder Zeros(int count) => Raw(new byte[count]);
        public BoxBuilder U16(int value) => Raw([(byte)(value >> 8), (byte)value]);

        public BoxBuilder U32(uint value)
        {
            Span<byte> four = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(four, value);
            return Raw(four);
        }

        public BoxBuilder U64(long value)
        {
            Span<byte> eight = stackalloc byte[8];
            BinaryPrimitives.WriteInt64BigEndian(eight, value);
            return Raw(eight);
        }
    }
}
