using System.Buffers.Binary;

namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>What a `trun` says of a sample, or, where it says nothing, the defaults.</summary>
/// <param name="Duration">In ticks of the track's clock.</param>
/// <param name="Later">How many ticks after it is decoded it is shown.</param>
internal readonly record struct FragmentSample(uint Duration, uint Length, uint Flags, int Later)
{
    private const uint IsNoSync = 0x10000;

    /// <summary>It can be decoded without those before it.</summary>
    public bool IsSync => (Flags & IsNoSync) == 0;
}

/// <summary>Samples of one track that lie one behind the other.</summary>
/// <param name="DecodeTime">Of the first one, in ticks; null: when those before end.</param>
/// <param name="Offset">Of the first one, from the beginning of the fragment's `moof`.</param>
internal sealed record SampleRun(uint Track, long? DecodeTime, long Offset, IReadOnlyList<FragmentSample> Samples);

/// <summary>Reads movie fragments (ISO/IEC 14496-12 §8.8), in place.</summary>
internal static class MovieFragment
{
    private const uint BaseOffset = 0x1, DescriptionIndex = 0x2, DefaultDuration = 0x8, DefaultLength = 0x10, DefaultFlags = 0x20, BaseIsMoof = 0x20000;   // tfhd
    private const uint DataOffset = 0x1, FirstFlags = 0x4, Duration = 0x100, Length = 0x200, Flags = 0x400, Later = 0x800;                                  // trun

    /// <param name="moof">The box, whole.</param>
    /// <param name="position">Where in the file it lies.</param>
    /// <param name="defaults">Of each track, as the `moov` has them.</param>
    /// <exception cref="InvalidDataException">It contradicts itself, or is of a track there is not.</exception>
    public static List<SampleRun> Read(ReadOnlySpan<byte> moof, long position, IReadOnlyDictionary<uint, FragmentSample> defaults)
    {
        var runs = new List<SampleRun>();
        long end = 0;                                                                // of the data of the track before
        foreach (var box in Box.Read(moof).Children())
            if (box.Type == BoxType.TrackFragment) ReadTrack(box, position, defaults, runs, ref end);
        return runs;
    }

    /// <summary>Moves all of a fragment's times.</summary>
    /// <param name="ticks">Of each track's own clock: for fragments of one track.</param>
    /// <exception cref="InvalidDataException">It has no times, or none that can hold it.</exception>
    public static void Shift(Span<byte> moof, long ticks)
    {
        foreach (var box in Box.Read(moof).Children())
        {
            if (box.Type != BoxType.TrackFragment) continue;
            var time = box.Find(BoxType.DecodeTime).Content;
            time.Overlaps(moof, out int negative);
            var place = moof[-negative..][4..];                                      // behind version and flags
            if (time[0] == 1) BinaryPrimitives.WriteInt64BigEndian(place, BinaryPrimitives.ReadInt64BigEndian(place) + ticks);
            else BinaryPrimitives.WriteUInt32BigEndian(place, checked((uint)(BinaryPrimitives.ReadUInt32BigEndian(place) + ticks)));
        }
    }

    private static void ReadTrack(Box track, long position, IReadOnlyDictionary<uint, FragmentSample> defaults, List<SampleRun> runs, ref long end)
    {
        var header = new FieldReader(track.Find(BoxType.FragmentHeader).Content);
        uint flags = header.U32();
        uint number = header.U32();
        if (!defaults.TryGetValue(number, out var sample)) throw new InvalidDataException($"a fragment is of track {number}, which there is not");
        long start = (flags & BaseOffset) != 0 ? header.I64() - position : (flags & BaseIsMoof) != 0 || runs.Count == 0 ? 0 : end;
        if ((flags & DescriptionIndex) != 0) header.U32();
        if ((flags & DefaultDuration) != 0) sample = sample with { Duration = header.U32() };
        if ((flags & DefaultLength) != 0) sample = sample with { Length = header.U32() };
        if ((flags & DefaultFlags) != 0) sample = sample with { Flags = header.U32() };

        long? time = null;
        long next = start;
        foreach (var box in track.Children())
        {
            if (box.Type == BoxType.DecodeTime)
            {
                var fields = new FieldReader(box.Content);
                time = fields.U32() >> 24 == 1 ? fields.I64() : fields.U32();
            }
            if (box.Type != BoxType.Run) continue;
            var run = ReadRun(new FieldReader(box.Content), number, time, start, next, sample);
            next = run.Offset + run.Samples.Sum(s => (long)s.Length);
            time = null;                                                             // it is that of the first run
            runs.Add(run);
        }
        end = next;
    }

    private static SampleRun ReadRun(FieldReader fields, uint track, long? time, long start, long next, FragmentSample sample)
    {
        uint flags = fields.U32() & 0xFFFFFF;
        uint count = fields.U32();
        if (count > fields.Left && (flags & (Duration | Length | Flags | Later)) != 0) throw new InvalidDataException($"a run of {count} samples is cut off");
        if (count > 1 << 20) throw new InvalidDataException($"a run has {count} samples");
        long offset = (flags & DataOffset) != 0 ? start + (int)fields.U32() : next;
        uint? first = (flags & FirstFlags) != 0 ? fields.U32() : null;
        var samples = new FragmentSample[count];
        for (int n = 0; n < samples.Length; n++)
        {
            samples[n] = new FragmentSample(
                (flags & Duration) != 0 ? fields.U32() : sample.Duration,
                (flags & Length) != 0 ? fields.U32() : sample.Length,
                (flags & Flags) != 0 ? fields.U32() : n == 0 && first is { } own ? own : sample.Flags,
                (flags & Later) != 0 ? (int)fields.U32() : sample.Later);
        }
        return new SampleRun(track, time, offset, samples);
    }
}

/// <summary>Reads big-endian numbers one after the other.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> left = bytes;

    public readonly int Left => left.Length;

    /// <exception cref="InvalidDataException">There is nothing more.</exception>
    public uint U32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));
    /// <inheritdoc cref="U32"/>
    public long I64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    /// <inheritdoc cref="U32"/>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (left.Length < count) throw new InvalidDataException("a box is cut off");
        var taken = left[..count];
        left = left[count..];
        return taken;
    }
}
