using System.Buffers.Binary;

namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>One track of the new index.</summary>
internal sealed class TrackIndex
{
    private const uint HandlerBox = 0x68646C72;                                      // hdlr

    private readonly List<Edit> edits = [];                                          // as the fragmented file had them
    private long start = -1;                                                         // decode time of the first sample

    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public TrackIndex(Box trak)
    {
        Number = NumberOf(trak);
        var media = trak.Find(BoxType.Media);
        Clock = MediaTimes.Read(media.Find(BoxType.MediaHeader)).Clock;
        if (Clock == 0) throw new InvalidDataException($"track {Number} has no clock");
        foreach (var child in media.Children())
            if (child.Type == HandlerBox && child.Content.Length >= 12) Handler = BinaryPrimitives.ReadUInt32BigEndian(child.Content[8..]);
        if (!trak.TryFind(BoxType.Edits, out var edts) || !edts.TryFind(BoxType.EditList, out var list)) return;
        var fields = new FieldReader(list.Content);
        bool wide = fields.U32() >> 24 == 1;
        for (uint left = fields.U32(); left > 0; left--)
        {
            edits.Add(wide ? new Edit(fields.I64(), fields.I64()) : new Edit(fields.U32(), (int)fields.U32()));
            fields.U32();                                                            // rate
        }
    }

    public uint Number { get; }
    public uint Clock { get; }
    public uint Handler { get; }
    /// <summary>Ticks at the track's beginning that are not shown: an encoder's priming.</summary>
    public long Delay => edits.Count > 0 ? Math.Max(0, edits[^1].Media) : 0;
    public SampleTable Table { get; } = new();

    /// <param name="Duration">In the movie's ticks.</param>
    /// <param name="Media">Where in the track it begins, in the track's; −1: it is empty.</param>
    internal readonly record struct Edit(long Duration, long Media);

    public static uint NumberOf(Box trak)
    {
        var header = new FieldReader(trak.Find(BoxType.TrackHeader).Content);
        header.Take(header.U32() >> 24 == 1 ? 16 : 8);
        return header.U32();
    }

    public void Add(SampleRun run, long offset)
    {
        if (start < 0) start = run.DecodeTime ?? 0;
        else if (run.DecodeTime - start - Table.Duration is > 0 and <= uint.MaxValue and { } wait) Table.Wait((uint)wait);
        Table.BeginChunk(offset);
        foreach (var sample in run.Samples) Table.Add(sample.Duration, sample.Length, sample.IsSync, sample.Later);
    }

    /// <summary>Of the new file: its own times begin at 0, and its last edit ends where the samples do.</summary>
    public List<Edit> Edits(uint oldClock, uint clock)
    {
        var made = edits.SkipLast(1).Select(edit => edit with { Duration = edit.Duration * clock / oldClock }).ToList();
        long media = Delay;
        if (start > media) made.Add(new Edit(ToMovie(start - media), -1));
        media = Math.Max(0, media - start);
        made.Add(new Edit(ToMovie(Math.Max(0, Table.End - media)), media));
        return made;

        long ToMovie(long ticks) => (ticks * clock + Clock / 2) / Clock;
    }

    public void WriteHeader(BoxBuilder trak, Box tkhd, uint oldClock, uint clock)
    {
        var made = Edits(oldClock, clock);
        MediaTimes.WriteTrackHeader(trak, tkhd, made.Sum(e => e.Duration));
        trak.Box("edts", edts => edts.Full("elst", 1, 0, b =>
        {
            b.U32((uint)made.Count);
            foreach (var edit in made) b.U64(edit.Duration).U64(edit.Media).U32(BoxBuilder.Identity);
        }));
    }

    public void WriteMedia(BoxBuilder trak, Box mdia, long firstSample) => Replace(trak, "mdia", mdia, (b, child) =>
    {
        if (child.Type == BoxType.MediaHeader) MediaTimes.Write(b, child, Clock, Table.Duration);
        else if (child.Type == BoxType.MediaInformation) WriteInformation(b, child, firstSample);
        else b.Raw(child.Whole);
    });

    private void WriteInformation(BoxBuilder mdia, Box minf, long firstSample) => Replace(mdia, "minf", minf, (b, child) =>
    {
        if (child.Type != BoxType.SampleTable) { b.Raw(child.Whole); return; }
        byte[] descriptions = child.Find(BoxType.SampleDescriptions).Whole.ToArray();
        b.Box("stbl", stbl => Table.Write(stbl.Raw(descriptions), firstSample));
    });

    private delegate void ChildWriter(BoxBuilder box, Box child);

    private static void Replace(BoxBuilder parent, string type, Box box, ChildWriter write)
    {
        byte[] whole = box.Whole.ToArray();                                          // a lambda cannot hold on to a span
        parent.Box(type, b =>
        {
            foreach (var child in Box.Read(whole).Children()) write(b, child);
        });
    }
}

/// <summary>`mvhd`, `mdhd` and `tkhd` differ in what is behind their times. All are written with 64 bits.</summary>
internal static class MediaTimes
{
    internal readonly ref struct Fields
    {
        /// <summary>Ticks a second.</summary>
        public uint Clock { get; init; }
        /// <summary>What is behind the duration.</summary>
        public ReadOnlySpan<byte> Rest { get; init; }
    }

    /// <exception cref="InvalidDataException">It is cut off.</exception>
    public static Fields Read(Box header)
    {
        var fields = new FieldReader(header.Content);
        bool wide = fields.U32() >> 24 == 1;
        fields.Take(wide ? 16 : 8);
        uint clock = fields.U32();
        fields.Take(wide ? 8 : 4);
        return new Fields { Clock = clock, Rest = fields.Take(fields.Left) };
    }

    public static void Write(BoxBuilder parent, Box header, uint clock, long duration)
    {
        byte[] rest = Read(header).Rest.ToArray();
        parent.Full(header.Type == BoxType.MovieHeader ? "mvhd" : "mdhd", 1, 0, b => b.Zeros(16).U32(clock).U64(duration).Raw(rest));
    }

    public static void WriteTrackHeader(BoxBuilder trak, Box tkhd, long duration)
    {
        var fields = new FieldReader(tkhd.Content);
        uint flags = fields.U32();
        bool wide = flags >> 24 == 1;
        fields.Take(wide ? 16 : 8);
        uint number = fields.U32();
        fields.Take(wide ? 12 : 8);                                                  // reserved, duration
        byte[] rest = fields.Take(fields.Left).ToArray();
        trak.Full("tkhd", 1, flags & 0xFFFFFF, b => b.Zeros(16).U32(number).Zeros(4).U64(duration).Raw(rest));
    }
}
