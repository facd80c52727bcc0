using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>The same movie with its index in front, for players that seek.</summary>
public static class ProgressiveMp4
{
    /// <summary>An hour's index has a few megabytes; this is a day's of many tracks.</summary>
    private const int MaxIndex = 256 << 20;

    /// <summary>Makes it of a fragmented file. Of one that is cut off, all whole fragments are taken.</summary>
    /// <param name="fragmented">Can be read and seek; the caller disposes both.</param>
    /// <param name="output">Is only written, from front to back.</param>
    /// <returns>How long it is.</returns>
    /// <exception cref="InvalidDataException">It is no fragmented MP4.</exception>
    public static TimeSpan Write(Stream fragmented, Stream output, CancellationToken ct)
    {
        var index = ReadIndex(fragmented);
        var type = new BoxBuilder().Box("ftyp", b => b.Text("isom").U32(512).Text("isom").Text("iso2").Text("avc1").Text("mp41"));
        long first = type.Length + index.Movie(0).Length + 16;                       // where the samples begin
        output.Write(type.Bytes);
        output.Write(index.Movie(first).Bytes);
        output.Write(new BoxBuilder().U32(1).Text("mdat").U64(index.DataLength + 16).Bytes);

        var buffer = new byte[1 << 16];
        foreach (var piece in index.Pieces)
        {
            ct.ThrowIfCancellationRequested();
            fragmented.Position = piece.Position;
            for (long left = piece.Length; left > 0;)
            {
                int count = (int)Math.Min(left, buffer.Length);
                fragmented.ReadExactly(buffer, 0, count);
                output.Write(buffer, 0, count);
                left -= count;
            }
        }
        output.Flush();
        return index.Duration;
    }

    /// <summary>Makes a sealed file of it, under its name only when it is whole.</summary>
    /// <returns>How long it is.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="InvalidDataException">There is no fragmented MP4, or it is damaged.</exception>
    public static TimeSpan Save(Stream fragmented, string path, MeetingKeys keys, CancellationToken ct)
    {
        using var file = PartFile.Create(path, keys);
        var duration = Write(fragmented, file.Content, ct);
        file.Complete();
        return duration;
    }

    /// <summary>The same of what an encoder made.</summary>
    /// <returns>Null, or why it is none.</returns>
    /// <inheritdoc cref="Save"/>
    internal static string? TrySave(Stream fragmented, string path, MeetingKeys keys, CancellationToken ct)
    {
        try
        {
            Save(fragmented, path, keys, ct);
            return null;
        }
        catch (InvalidDataException e)
        {
            return $"what ffmpeg made is no MP4: {e.Message}";
        }
    }

    private static MovieIndex ReadIndex(Stream fragmented)
    {
        MovieIndex? index = null;
        byte[]? moof = null;
        long moofPosition = 0;
        foreach (var (header, position) in Boxes(fragmented))
        {
            switch (header.Type)
            {
                case BoxType.Movie when index is null:
                    index = new MovieIndex(ReadBox(fragmented, header, position));
                    break;
                case BoxType.Fragment:
                    (moof, moofPosition) = (ReadBox(fragmented, header, position), position);
                    break;
                case BoxType.MediaData when moof is not null:
                    (index ?? throw new InvalidDataException("a fragment comes before the movie")).Add(moof, moofPosition, position + header.Length);
                    moof = null;
                    break;
            }
        }
        return index ?? throw new InvalidDataException("there is no movie");
    }

    /// <summary>All that are whole, one behind the other.</summary>
    private static IEnumerable<(BoxHeader Header, long Position)> Boxes(Stream file)
    {
        var bytes = new byte[BoxHeader.MaxLength];
        long length = file.Length;
        for (long position = 0; position < length;)
        {
            file.Position = position;
            int read = file.ReadAtLeast(bytes, (int)Math.Min(bytes.Length, length - position));
            if (!BoxHeader.TryRead(bytes.AsSpan(0, read), out var header) || header.Length > length - position) yield break;
            yield return (header, position);
            position += header.Length;
        }
    }

    private static byte[] ReadBox(Stream file, BoxHeader header, long position)
    {
        if (header.Length > MaxIndex) throw new InvalidDataException($"a box {header} of {header.Length} bytes is too long");
        var box = new byte[header.Length];
        file.Position = position;
        file.ReadExactly(box);
        return box;
    }
}
