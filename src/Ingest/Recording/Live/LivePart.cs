using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording.Mp4;

namespace Pipeline.Ingest.Recording.Live;

/// <summary>Two seconds of the live mix.</summary>
/// <param name="Offset">Where in its part it begins.</param>
/// <param name="Start">Its first sample, since the meeting began.</param>
public readonly record struct LiveFragment(long Offset, int Length, long Start, int Samples)
{
    public long End => Start + Samples;
}

/// <summary>
/// What one encoder made of the live mix: a fragmented MP4, sealed, whose times are those of the meeting. It can be read while it grows.
/// Thread-safe.
/// </summary>
public sealed class LivePart : IDisposable
{
    private const string Prefix = "live-";

    private readonly Lock gate = new();
    private readonly string path;
    private readonly MeetingKeys keys;
    private readonly FragmentedHeader header;
    private readonly List<LiveFragment> fragments = [];
    private SealedFile file;

    private LivePart(string path, MeetingKeys keys, SealedFile file, ReadOnlySpan<byte> head)
    {
        (this.path, this.keys, this.file) = (path, keys, file);
        header = FragmentedHeader.Read(head);
        if (header.Clock != OpusPacket.ClockRate) throw new InvalidDataException($"the live mix has {header.Clock} ticks a second");
        HeaderLength = head.Length;
        Name = Path.GetFileNameWithoutExtension(path)[Prefix.Length..];
    }

    /// <summary>The run's number and the part's, as "2-1".</summary>
    public string Name { get; }
    /// <summary>Of what comes before the first fragment.</summary>
    public int HeaderLength { get; }
    /// <summary>Those that are whole.</summary>
    public IReadOnlyList<LiveFragment> Fragments { get { lock (gate) return [.. fragments]; } }
    /// <summary>How many bytes can be read: up to the end of the last whole fragment.</summary>
    public long Length { get { lock (gate) return LengthNow; } }

    private long LengthNow => fragments is [.., var last] ? last.Offset + last.Length : HeaderLength;

    /// <param name="head">`ftyp` and `moov`.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="InvalidDataException">It is no header of sound at 48 kHz.</exception>
    public static LivePart Create(string folder, MeetingKeys keys, int run, int part, ReadOnlySpan<byte> head)
    {
        string path = Path.Combine(folder, $"{Prefix}{run}-{part}.mp4");
        var file = SealedFile.Create(path, keys);
        try
        {
            file.Write(head);
            file.Flush();
            return new LivePart(path, keys, file, head);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Those of all runs before that one, in their order; of a part that was cut off, what is whole.</summary>
    public static IReadOnlyList<LivePart> OpenAll(string folder, MeetingKeys keys, int beforeRun) =>
        [.. Files(folder).Where(file => file.Run < beforeRun).OrderBy(file => (file.Run, file.Part)).Select(file => TryOpen(file.File, keys)).OfType<LivePart>()];

    /// <summary>True where there is one, of any run.</summary>
    public static bool Exists(string folder) => Files(folder).Any();

    /// <summary>Deletes them; those who have them open can go on reading.</summary>
    /// <exception cref="IOException">They cannot be deleted.</exception>
    public static void DeleteAll(string folder)
    {
        foreach (var (path, _, _) in Files(folder)) File.Delete(path);
    }

    /// <summary>Takes the next fragment, and moves it to its place in the meeting.</summary>
    /// <param name="fragment">`moof` and `mdat`, as the encoder made them.</param>
    /// <param name="start">The first sample that the encoder was given, since the meeting began.</param>
    /// <returns>Where the sound ends that is now here.</returns>
    /// <exception cref="IOException">It cannot be written, and is not here.</exception>
    /// <exception cref="InvalidDataException">It is no fragment.</exception>
    internal long Append(Span<byte> fragment, long start)
    {
        lock (gate)
        {
            MovieFragment.Shift(fragment, start);
            var described = Describe(fragment);
            file.Position = described.Offset;
            file.Write(fragment);
            file.Flush();                                                            // it outlives this process
            fragments.Add(described);
            return described.End;
        }
    }

    /// <summary>Nothing more comes.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal void Complete()
    {
        lock (gate)
        {
            file.Complete();
            file = SealedFile.Open(path, keys);
        }
    }

    /// <summary>The bytes that are here now, for one reader, who disposes them.</summary>
    public Stream OpenRead() => new LivePartStream(this, Length);

    public void Dispose()
    {
        lock (gate) file.Dispose();
    }

    /// <exception cref="IOException">It cannot be read, or is disposed.</exception>
    internal int Read(long offset, Span<byte> buffer)
    {
        lock (gate)
        {
            file.Position = offset;
            return file.Read(buffer);
        }
    }

    /// <returns>Null where a crash left less than a header.</returns>
    private static LivePart? TryOpen(string path, MeetingKeys keys)
    {
        SealedFile? file = null;
        LivePart? part = null;
        try
        {
            file = SealedFile.Open(path, keys);
            var reader = new FragmentReader();
            var buffer = new byte[1 << 16];
            for (int read; (read = file.Read(buffer)) > 0;)
            {
                reader.Write(buffer.AsSpan(0, read));
                while (reader.TryRead(out var piece))
                {
                    if (part is null) part = new LivePart(path, keys, file, piece.Bytes.Span);
                    else part.fragments.Add(part.Describe(piece.Bytes.Span));
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // Its end was being written; what is before it is whole.
        }
        if (part is null) file?.Dispose();
        return part;
    }

    /// <summary>The next fragment: it has the encoder's delay in front where it is the first.</summary>
    private LiveFragment Describe(ReadOnlySpan<byte> fragment)
    {
        var (time, duration) = header.Span(fragment);
        return fragments.Count == 0
            ? new LiveFragment(LengthNow, fragment.Length, time, (int)(duration - header.Delay))
            : new LiveFragment(LengthNow, fragment.Length, time - header.Delay, (int)duration);
    }

    private static IEnumerable<(string File, int Run, int Part)> Files(string folder)
    {
        foreach (string path in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, Prefix + "*.mp4") : [])
        {
            string[] numbers = Path.GetFileNameWithoutExtension(path)[Prefix.Length..].Split('-');
            if (numbers.Length == 2 && int.TryParse(numbers[0], out int run) && int.TryParse(numbers[1], out int part)) yield return (path, run, part);
        }
    }
}
