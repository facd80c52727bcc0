using System.Buffers.Binary;
using System.Text;

namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>What a box says of itself: its type, and how long it is (ISO/IEC 14496-12 §4.2).</summary>
/// <param name="HeaderLength">8, or 16 where the length has 64 bits.</param>
/// <param name="Length">All of it, the header included.</param>
internal readonly record struct BoxHeader(uint Type, int HeaderLength, long Length)
{
    public const int MaxLength = 16;

    public long ContentLength => Length - HeaderLength;

    /// <summary>False as long as the header is not all there.</summary>
    /// <exception cref="InvalidDataException">No box can have that length.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BoxHeader header)
    {
        header = default;
        if (bytes.Length < 8) return false;
        long length = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        int headerLength = 8;
        if (length == 1)
        {
            if (bytes.Length < MaxLength) return false;
            (length, headerLength) = (BinaryPrimitives.ReadInt64BigEndian(bytes[8..]), MaxLength);
        }
        if (length < headerLength) throw new InvalidDataException($"a box is {length} bytes long");
        header = new BoxHeader(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]), headerLength, length);
        return true;
    }

    public override string ToString() => Encoding.Latin1.GetString([(byte)(Type >> 24), (byte)(Type >> 16), (byte)(Type >> 8), (byte)Type]);
}

/// <summary>A box in memory, with what is in it.</summary>
internal readonly ref struct Box
{
    public uint Type { get; private init; }
    public ReadOnlySpan<byte> Whole { get; private init; }
    /// <summary>Without the header.</summary>
    public ReadOnlySpan<byte> Content { get; private init; }

    /// <summary>The boxes in this one, or, of a full box, behind <paramref name="skip"/> bytes of its content.</summary>
    public Enumerator Children(int skip = 0) => new(Content[skip..]);

    /// <summary>The first of that type; false where there is none.</summary>
    /// <exception cref="InvalidDataException">A box reaches beyond the one it is in.</exception>
    public bool TryFind(uint type, out Box found)
    {
        foreach (var child in Children())
        {
            if (child.Type != type) continue;
            found = child;
            return true;
        }
        found = default;
        return false;
    }

    /// <summary>The first of that type.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public Box Find(uint type) => TryFind(type, out var found) ? found : throw new InvalidDataException($"there is no {new BoxHeader(type, 0, 0)}");

    /// <summary>The boxes that lie there one behind the other.</summary>
    public static Enumerator All(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>The one box that lies there.</summary>
    /// <exception cref="InvalidDataException">It is not whole.</exception>
    public static Box Read(ReadOnlySpan<byte> bytes)
    {
        if (!BoxHeader.TryRead(bytes, out var header) || header.Length > bytes.Length) throw new InvalidDataException("a box is cut off");
        return new Box { Type = header.Type, Whole = bytes[..(int)header.Length], Content = bytes[header.HeaderLength..(int)header.Length] };
    }

    /// <summary>Goes through boxes that lie one behind the other.</summary>
    public ref struct Enumerator(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> left = bytes;

        public Box Current { get; private set; }
        public readonly Enumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (left.IsEmpty) return false;
            Current = Read(left);
            left = left[Current.Whole.Length..];
            return true;
        }
    }
}

/// <summary>Types of boxes, as they lie in a file.</summary>
internal static class BoxType
{
    public const uint Movie = 0x6D6F6F76, MovieHeader = 0x6D766864, MovieExtends = 0x6D766578, TrackExtends = 0x74726578;                                     // moov mvhd mvex trex
    public const uint Track = 0x7472616B, TrackHeader = 0x746B6864, Edits = 0x65647473, EditList = 0x656C7374;                                                // trak tkhd edts elst
    public const uint Media = 0x6D646961, MediaHeader = 0x6D646864, MediaInformation = 0x6D696E66, SampleTable = 0x7374626C, SampleDescriptions = 0x73747364; // mdia mdhd minf stbl stsd
    public const uint Fragment = 0x6D6F6F66, TrackFragment = 0x74726166, FragmentHeader = 0x74666864, DecodeTime = 0x74666474, Run = 0x7472756E;               // moof traf tfhd tfdt trun
    public const uint MediaData = 0x6D646174;                                                                                                                // mdat
}
