using System.Buffers;

namespace Pipeline.Ingest.Video;

/// <summary>The bytes of the frame that is being put together, in a pooled array that is given back between frames, and where its parts begin.</summary>
public sealed class FrameBuffer
{
    /// <summary>What a frame may have: a key frame of 4K at the highest quality is about a third of it.</summary>
    public const int MaxLength = 8 << 20;
    /// <summary>Layer frames, NAL units or OBUs in one frame.</summary>
    public const int MaxParts = 1024;
    private const int FirstLength = 16 << 10;

    private readonly List<int> parts = [];
    private byte[]? bytes;

    public int Length { get; private set; }
    public Span<byte> Bytes => bytes.AsSpan(0, Length);
    public int PartCount => parts.Count;

    /// <summary>One part, from where it was begun to where the next was.</summary>
    public Span<byte> Part(int index) => Bytes[parts[index]..(index + 1 < parts.Count ? parts[index + 1] : Length)];

    /// <summary>What is appended from now on is another part. False: there are too many.</summary>
    public bool TryBeginPart()
    {
        if (parts.Count == MaxParts) return false;
        parts.Add(Length);
        return true;
    }

    /// <summary>False: the frame is too long to be one.</summary>
    public bool TryAppend(ReadOnlySpan<byte> data)
    {
        if (!TryExtend(data.Length)) return false;
        data.CopyTo(bytes.AsSpan(Length - data.Length));
        return true;
    }

    /// <summary>Puts whole parts in front of all others. False: the frame is too long to be one.</summary>
    public bool TryPrepend(ReadOnlySpan<byte> data)
    {
        int length = Length;
        if (!TryExtend(data.Length)) return false;
        bytes.AsSpan(0, length).CopyTo(bytes.AsSpan(data.Length));
        data.CopyTo(bytes);
        for (int n = 0; n < parts.Count; n++) parts[n] += data.Length;
        parts.Insert(0, 0);
        return true;
    }

    /// <summary>Makes room for a byte within a part. False: the frame is too long to be one.</summary>
    public bool TryInsert(int part, int offset)
    {
        int at = parts[part] + offset, length = Length;
        if (!TryExtend(1)) return false;
        bytes.AsSpan(at, length - at).CopyTo(bytes.AsSpan(at + 1));
        bytes![at] = 0;
        for (int n = part + 1; n < parts.Count; n++) parts[n]++;
        return true;
    }

    public void Clear()
    {
        if (bytes is not null) ArrayPool<byte>.Shared.Return(bytes);
        (bytes, Length) = (null, 0);
        parts.Clear();
    }

    private bool TryExtend(int by)
    {
        if (by > MaxLength - Length) return false;
        if (bytes is null || bytes.Length < Length + by)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(FirstLength, 2 * Length), Length + by));
            Bytes.CopyTo(larger);
            if (bytes is not null) ArrayPool<byte>.Shared.Return(bytes);
            bytes = larger;
        }
        Length += by;
        return true;
    }
}
