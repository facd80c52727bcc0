namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>Where a piece of the samples lies in the fragmented file.</summary>
internal readonly record struct SamplePiece(long Position, long Length);

/// <summary>
/// Makes one index of all that the fragments of a file say. Descriptions, titles, references and edits of the tracks stay what they were; a track without a
/// sample is left out. Pure: bytes in, bytes out.
/// </summary>
internal sealed class MovieIndex
{
    private const uint Sound = 0x736F756E;                                           // soun

    private readonly byte[] movie;
    private readonly Dictionary<uint, TrackIndex> tracks = [];
    private readonly IReadOnlyDictionary<uint, FragmentSample> defaults;
    private readonly List<SamplePiece> pieces = [];
    private readonly uint oldClock, clock;                                           // ticks a second of the movie's own times

    /// <param name="moov">The box, whole.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public MovieIndex(ReadOnlySpan<byte> moov)
    {
        movie = moov.ToArray();
        var box = Box.Read(movie);
        oldClock = MediaTimes.Read(box.Find(BoxType.MovieHeader)).Clock;
        foreach (var child in box.Children())
        {
            if (child.Type != BoxType.Track) continue;
            var track = new TrackIndex(child);
            if (!tracks.TryAdd(track.Number, track)) throw new InvalidDataException($"there are two tracks {track.Number}");
            if (clock == 0 || track.Handler == Sound) clock = track.Clock;           // sound keeps its length to the sample
        }
        if (clock == 0 || oldClock == 0) throw new InvalidDataException("there is no track, or no clock");
        defaults = FragmentedHeader.ReadDefaults(box);
    }

    /// <summary>All samples, in their order in the new file.</summary>
    public IReadOnlyList<SamplePiece> Pieces => pieces;
    public long DataLength { get; private set; }
    /// <summary>Of the longest track.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)MovieTicks / clock);

    private long MovieTicks => tracks.Values.Where(t => t.Table.Count > 0).Select(t => t.Edits(oldClock, clock).Sum(e => e.Duration)).DefaultIfEmpty(0).Max();

    /// <summary>Takes the next fragment.</summary>
    /// <param name="moof">The box, whole.</param>
    /// <param name="position">Where in its file it lies.</param>
    /// <param name="end">Where what belongs to it ends.</param>
    /// <exception cref="InvalidDataException">It contradicts itself, or the `moov`.</exception>
    public void Add(ReadOnlySpan<byte> moof, long position, long end)
    {
        foreach (var run in MovieFragment.Read(moof, position, defaults))
        {
            if (run.Samples.Count == 0) continue;
            var piece = new SamplePiece(position + run.Offset, run.Samples.Sum(s => (long)s.Length));
            if (piece.Position < 0 || piece.Position + piece.Length > end) throw new InvalidDataException("samples lie outside of their fragment");
            if (!tracks.TryGetValue(run.Track, out var track)) throw new InvalidDataException($"there is no track {run.Track}");
            track.Add(run, DataLength);
            pieces.Add(piece);
            DataLength += piece.Length;
        }
    }

    /// <param name="firstSample">Where in the new file the samples begin. The box's length does not depend on it.</param>
    public BoxBuilder Movie(long firstSample) => new BoxBuilder().Box("moov", moov =>
    {
        foreach (var child in Box.Read(movie).Children())
        {
            if (child.Type == BoxType.MovieHeader) MediaTimes.Write(moov, child, clock, MovieTicks);
            else if (child.Type == BoxType.Track) WriteTrack(moov, child, firstSample);
            else if (child.Type != BoxType.MovieExtends) moov.Raw(child.Whole);
        }
    });

    private void WriteTrack(BoxBuilder moov, Box trak, long firstSample)
    {
        var track = tracks[TrackIndex.NumberOf(trak)];
        if (track.Table.Count == 0) return;
        byte[] whole = trak.Whole.ToArray();                                         // a lambda cannot hold on to a span
        moov.Box("trak", b =>
        {
            foreach (var child in Box.Read(whole).Children())
            {
                if (child.Type == BoxType.TrackHeader) track.WriteHeader(b, child, oldClock, clock);
                else if (child.Type == BoxType.Media) track.WriteMedia(b, child, firstSample);
                else if (child.Type != BoxType.Edits) b.Raw(child.Whole);
            }
        });
    }
}
