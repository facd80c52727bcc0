namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>A piece of a fragmented file.</summary>
/// <param name="IsHeader">`ftyp` and `moov`, which come first; else `moof` and `mdat`.</param>
/// <param name="Bytes">Valid until the next write.</param>
public readonly record struct FragmentedPiece(bool IsHeader, Memory<byte> Bytes);

/// <summary>Cuts a fragmented MP4, as it comes, into its header and its fragments. What comes behind them (an index) is left out. Not thread-safe.</summary>
public sealed class FragmentReader
{
    /// <summary>More than any fragment has.</summary>
    private const int MaxPiece = 64 << 20;

    private byte[] buffer = new byte[1 << 16];
    private int begin, read, end;                                                    // of the piece that is not whole yet; of its whole boxes; of all that came

    /// <summary>Takes the next bytes.</summary>
    public void Write(ReadOnlySpan<byte> next)
    {
        if (buffer.Length - end < next.Length)
        {
            byte[] wider = end - begin + next.Length > buffer.Length ? new byte[2 * (end - begin + next.Length)] : buffer;
            buffer.AsSpan(begin, end - begin).CopyTo(wider);
            (buffer, begin, read, end) = (wider, 0, read - begin, end - begin);
        }
        next.CopyTo(buffer.AsSpan(end));
        end += next.Length;
    }

    /// <summary>The next whole piece; false until there is one.</summary>
    /// <exception cref="InvalidDataException">It is no MP4.</exception>
    public bool TryRead(out FragmentedPiece piece)
    {
        while (BoxHeader.TryRead(buffer.AsSpan(read, end - read), out var header))
        {
            if (header.Length > MaxPiece) throw new InvalidDataException($"a box {header} of {header.Length} bytes is too long");
            if (header.Length > end - read) break;
            read += (int)header.Length;
            if (header.Type is not (BoxType.Movie or BoxType.MediaData)) continue;   // it belongs to what comes
            piece = new FragmentedPiece(header.Type == BoxType.Movie, buffer.AsMemory(begin, read - begin));
            begin = read;
            return true;
        }
        piece = default;
        return false;
    }
}
