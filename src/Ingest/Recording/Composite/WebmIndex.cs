using System.Buffers.Binary;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>
/// What a WebM file that was written to a pipe lacks, written in afterwards: how long it is, and an index of the video's key frames (RFC 9559 §5.1.5), to which its
/// head points. The head's room is what `ffmpeg` left there.
/// </summary>
internal static class WebmIndex
{
    private const uint Segment = 0x18538067, SeekHead = 0x114D9B74, Void = 0xEC, Info = 0x1549A966, Tracks = 0x1654AE6B, Chapters = 0x1043A770, Tags = 0x1254C367;
    private const uint Cluster = 0x1F43B675, Timestamp = 0xE7, SimpleBlock = 0xA3, Cues = 0x1C53BB6B;
    private const int VideoTrack = 1;
    private const byte Key = 0x80;

    /// <summary>Where an element is and how much it holds.</summary>
    private readonly record struct Element(uint Id, long Position, long Content, long Length)
    {
        public long End => Content + Length;
    }

    /// <param name="file">Whole as it came; can be read, written and seek. The caller disposes it.</param>
    /// <exception cref="InvalidDataException">It is no such file.</exception>
    public static void Complete(Stream file, TimeSpan duration)
    {
        long end = file.Length;
        var head = Next(file, 0);
        var segment = Next(file, head.End);
        if (segment.Id != Segment) throw new InvalidDataException("there is no segment");

        var top = new Dictionary<uint, Element>();
        var cues = new EbmlBuilder();
        cues.Master(Cues, all =>
        {
            for (long at = segment.Content; at < end;)
            {
                var element = Next(file, at);
                if (element.End > end) throw new InvalidDataException("an element is cut off");
                if (element.Id == Cluster) AddKeyFrames(file, element, element.Position - segment.Content, all);
                else top.TryAdd(element.Id, element);
                at = element.End;
            }
        });
        if (!top.TryGetValue(Info, out var info) || !top.TryGetValue(Tracks, out var tracks) || tracks.Position < info.Position) throw new InvalidDataException("there is no head");

        var newInfo = new byte[info.Length];
        file.Position = info.Content;
        file.ReadExactly(newInfo);
        newInfo = [.. Compact(Info, [.. newInfo, 0x44, 0x89, 0x88, .. EbmlBuilder.Long(BitConverter.DoubleToInt64Bits(duration.TotalMilliseconds))])];
        long infoAt = tracks.Position - newInfo.Length;
        var places = new List<(uint Id, long At)> { (Info, infoAt), (Tracks, tracks.Position), (Cues, end) };
        foreach (uint id in new[] { Chapters, Tags })
            if (top.TryGetValue(id, out var element)) places.Add((id, element.Position));
        byte[] index = Compact(SeekHead, [.. places.SelectMany(p => Seek(p.Id, p.At - segment.Content))]);
        int rest = (int)(infoAt - segment.Content) - index.Length;
        if (rest is < 2 or > 0x80) throw new InvalidDataException("the head has no room");

        file.Position = segment.Content;
        file.Write(index);
        file.Write([(byte)Void, (byte)(0x80 | (rest - 2)), .. new byte[rest - 2]]);
        file.Write(newInfo);
        file.Position = end;
        file.Write(cues.Bytes);
        long length = file.Position;
        file.Position = segment.Content - 8;
        file.Write(EbmlBuilder.Size(length - segment.Content));
        file.Position = length;
    }

    private static void AddKeyFrames(Stream file, Element cluster, long position, EbmlBuilder cues)
    {
        Span<byte> head = stackalloc byte[4];
        long time = 0;
        for (long at = cluster.Content; at < cluster.End;)
        {
            var element = Next(file, at);
            if (element.Id == Timestamp)
            {
                for (long n = 0; n < element.Length; n++) time = time << 8 | (byte)file.ReadByte();
            }
            else if (element.Id == SimpleBlock)
            {
                file.ReadExactly(head);
                if (head[0] == (0x80 | VideoTrack) && (head[3] & Key) != 0)
                {
                    long shown = time + BinaryPrimitives.ReadInt16BigEndian(head[1..]);
                    cues.Master(0xBB, cue => cue.Unsigned(0xB3, shown).Master(0xB7, place => place.Unsigned(0xF7, VideoTrack).Unsigned(0xF1, position)));
                }
            }
            at = element.End;
        }
    }

    /// <summary>The element that begins there; the stream stands at its content.</summary>
    private static Element Next(Stream file, long at)
    {
        file.Position = at;
        uint id = (uint)Number(file, keepMark: true, out _);
        long length = Number(file, keepMark: false, out bool isUnknown);
        return new Element(id, at, file.Position, isUnknown ? file.Length - file.Position : length);
    }

    /// <summary>A number of variable length (RFC 8794 §4).</summary>
    private static long Number(Stream file, bool keepMark, out bool isUnknown)
    {
        int first = file.ReadByte();
        if (first <= 0) throw new InvalidDataException("there is no element");
        int length = 1;
        while ((first & 0x80 >> (length - 1)) == 0) length++;
        long value = keepMark ? first : first & (0x7F >> (length - 1));
        isUnknown = value == 0x7F >> (length - 1);
        for (int n = 1; n < length; n++)
        {
            int next = file.ReadByte();
            if (next < 0) throw new InvalidDataException("an element is cut off");
            isUnknown &= next == 0xFF;
            value = value << 8 | (uint)next;
        }
        return value;
    }

    private static byte[] Seek(uint id, long position) => Compact(0x4DBB, [0x53, 0xAB, 0x84, .. EbmlBuilder.Id(id), 0x53, 0xAC, 0x88, .. EbmlBuilder.Long(position)]);

    /// <summary>An element with its size in as few bytes as it takes.</summary>
    private static byte[] Compact(uint id, ReadOnlySpan<byte> content) =>
        content.Length < 0x7F ? [.. EbmlBuilder.Id(id), (byte)(0x80 | content.Length), .. content] : [.. EbmlBuilder.Id(id), (byte)(0x40 | content.Length >> 8), (byte)content.Length, .. content];
}
