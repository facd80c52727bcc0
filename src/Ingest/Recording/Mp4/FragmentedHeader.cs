namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>What one must know of a fragmented file to read its fragments.</summary>
/// <param name="Clock">Ticks a second of its first track.</param>
/// <param name="Delay">Ticks of that track that come before its first sound: the encoder's priming.</param>
/// <param name="Defaults">What the samples of each track are unless they say more.</param>
internal sealed record FragmentedHeader(uint Clock, long Delay, IReadOnlyDictionary<uint, FragmentSample> Defaults)
{
    /// <param name="header">`ftyp` and `moov`.</param>
    /// <exception cref="InvalidDataException">There is no track, or it is damaged.</exception>
    public static FragmentedHeader Read(ReadOnlySpan<byte> header)
    {
        foreach (var box in Box.All(header))
        {
            if (box.Type != BoxType.Movie) continue;
            var track = new TrackIndex(box.Find(BoxType.Track));
            return new FragmentedHeader(track.Clock, track.Delay, ReadDefaults(box));
        }
        throw new InvalidDataException("there is no movie");
    }

    public static IReadOnlyDictionary<uint, FragmentSample> ReadDefaults(Box movie)
    {
        var defaults = new Dictionary<uint, FragmentSample>();
        if (!movie.TryFind(BoxType.MovieExtends, out var extends)) return defaults;
        foreach (var child in extends.Children())
        {
            if (child.Type != BoxType.TrackExtends) continue;
            var fields = new FieldReader(child.Content);
            fields.U32();                                                            // version and flags
            uint number = fields.U32();
            fields.U32();                                                            // the description all samples have
            defaults[number] = new FragmentSample(fields.U32(), fields.U32(), fields.U32(), 0);
        }
        return defaults;
    }

    /// <summary>When a fragment of one track begins and how long it is, in ticks.</summary>
    /// <param name="fragment">Begins with the `moof`.</param>
    /// <exception cref="InvalidDataException">It has no sample, or no time.</exception>
    public (long Start, long Duration) Span(ReadOnlySpan<byte> fragment)
    {
        var runs = MovieFragment.Read(fragment, 0, Defaults);
        if (runs is not [{ DecodeTime: { } start }, ..]) throw new InvalidDataException("a fragment does not say when it is");
        return (start, runs.Sum(run => run.Samples.Sum(sample => (long)sample.Duration)));
    }
}
