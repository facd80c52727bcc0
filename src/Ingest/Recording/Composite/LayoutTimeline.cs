namespace Pipeline.Ingest.Recording.Composite;

/// <summary>The picture in a tile.</summary>
/// <param name="Scaled">The size it is brought to; what does not fit into <paramref name="Area"/> is cut off on both sides.</param>
public sealed record TilePicture(int Track, Area Area, (int Width, int Height) Scaled, int Rotation);

/// <summary>One rectangle with somebody, or somebody's screen, in it.</summary>
/// <param name="Number">The how many-th who came.</param>
/// <param name="Picture">Null: initials.</param>
/// <param name="IsSpeaking">It is highlighted.</param>
public sealed record Tile(Area Area, string Participant, string Name, int Number, bool IsScreen, TilePicture? Picture, bool IsSpeaking);

/// <summary>What is shown from one picture of the composite on until another, [From, To).</summary>
public sealed record Scene(int From, int To, IReadOnlyList<Tile> Tiles);

/// <summary>What a composite shows when. The same cast gives the same scenes.</summary>
/// <param name="range">Of the meeting: picture 0 is at its beginning.</param>
/// <param name="width">Pixels, even.</param>
/// <param name="height">Pixels, even.</param>
public sealed class LayoutTimeline(RenderLayout layout, Cast cast, TimeRange range, int width, int height)
{
    /// <summary>Pictures a second.</summary>
    public const int Rate = 25;
    /// <summary>Of a camera's picture, what may be cut off so that it fills its tile.</summary>
    private const double MostCut = 0.3;

    private readonly List<Person> people = [.. cast.Members.Select(m => new Person(m, range))];
    private readonly List<Track> tracks = [.. cast.Pictures.Select(p => new Track(p, cast.Members.First(m => m.Id == p.Participant), range))];
    private readonly List<Person> spokeLast = [];                                    // who spoke last comes first
    private readonly SpeakerChoice speaker = new(Rate);
    private Track? share;                                                            // the one shown large

    /// <summary>Pictures of the whole.</summary>
    public int Length => Math.Max(1, (int)Math.Ceiling((range.To - range.From).TotalSeconds * Rate - 1e-9));

    /// <summary>Scenes without a gap from the first picture to the last.</summary>
    public IReadOnlyList<Scene> Make()
    {
        spokeLast.AddRange(people);
        var loudest = new Cursor<LoudestSpan>(cast.Loudest, span => new TimeRange(span.From, span.To), range);
        var scenes = new List<Scene>();
        bool changed = false;
        for (int frame = -(int)(range.From.TotalSeconds * Rate) - 1; frame < Length; frame++)   // who spoke last, did so before the part may be
        {
            foreach (var person in people)
            {
                bool spoke = person.IsSpeaking;
                changed |= person.MoveTo(frame);
                if (!person.IsSpeaking || spoke) continue;
                spokeLast.Remove(person);
                spokeLast.Insert(0, person);
            }
            foreach (var track in tracks) changed |= track.MoveTo(frame);
            changed |= ChooseShare();
            if (layout == RenderLayout.Speaker) changed |= ChooseSpeaker(loudest.MoveTo(frame)?.Participant);
            if (frame < 0 || (!changed && frame > 0)) continue;

            changed = false;
            var tiles = Tiles();
            if (scenes.Count > 0 && tiles.SequenceEqual(scenes[^1].Tiles)) continue;
            if (scenes.Count > 0) scenes[^1] = scenes[^1] with { To = frame };
            scenes.Add(new Scene(frame, Length, tiles));
        }
        return scenes;
    }

    private bool ChooseSpeaker(string? loudest)
    {
        string? before = speaker.Current;
        var now = people.Find(p => p.Member.Id == before);
        bool isHere = loudest is not null && people.Exists(p => p.IsPresent && p.Member.Id == loudest);
        speaker.Advance(isHere ? loudest : null, now is { IsPresent: true }, spokeLast.Find(p => p.IsPresent)?.Member.Id);
        return speaker.Current != before;
    }

    /// <summary>The one that began last, until it ends.</summary>
    private bool ChooseShare()
    {
        var before = share;
        if (share is not null && !IsShared(share)) share = null;
        foreach (var track in tracks)
            if (IsShared(track) && (share is null || track.ShownSince > share.ShownSince)) share = track;
        return share != before;
    }

    private IReadOnlyList<Tile> Tiles()
    {
        var present = people.FindAll(p => p.IsPresent);
        var shares = tracks.FindAll(IsShared);
        if (layout == RenderLayout.Screen && share is not null) return Beside(share, null, shares, present);
        if (layout == RenderLayout.Speaker && present.Find(p => p.Member.Id == speaker.Current) is { } large) return Beside(null, large, shares, present);

        var (keptShares, kept) = Fitting(shares, present, Arrangement.MostInGrid);
        int count = keptShares.Count + kept.Count;
        if (count == 0) return [];
        var areas = Arrangement.Grid(count, width, height);
        return [.. keptShares.Select((track, n) => Screen(track, areas[n])), .. kept.Select((person, n) => Face(person, areas[keptShares.Count + n]))];
    }

    private bool IsShared(Track track) => track.Source.IsScreen && track.IsShown && people.Exists(p => p.IsPresent && p.Member.Id == track.Owner.Id);

    /// <summary>One of the two large, all others in the strip.</summary>
    private IReadOnlyList<Tile> Beside(Track? screen, Person? face, List<Track> shares, List<Person> present)
    {
        var (keptShares, kept) = Fitting(shares.FindAll(t => t != screen), present.FindAll(p => p != face), Arrangement.StripRoom(width, height));
        var (large, strip) = Arrangement.Beside(keptShares.Count + kept.Count, width, height);
        return
        [
            screen is not null ? Screen(screen, large) : Face(face!, large),
            .. keptShares.Select((track, n) => Screen(track, strip[n])),
            .. kept.Select((person, n) => Face(person, strip[keptShares.Count + n])),
        ];
    }

    /// <summary>Where not all have room: screens, and those who spoke last; in the order they came.</summary>
    private (List<Track> Shares, List<Person> People) Fitting(List<Track> shares, List<Person> present, int room)
    {
        if (shares.Count + present.Count <= room) return (shares, present);
        var keptShares = shares.Take(room).ToList();
        var kept = spokeLast.Where(present.Contains).Take(room - keptShares.Count).ToHashSet();
        return (keptShares, present.FindAll(kept.Contains));
    }

    private static Tile Screen(Track track, Area area)
    {
        var owner = track.Owner;
        return new Tile(area, owner.Id, owner.Name, owner.Number, IsScreen: true, Picture(track, area), IsSpeaking: false);
    }

    private Tile Face(Person person, Area area)
    {
        var camera = tracks.Find(t => !t.Source.IsScreen && t.IsShown && t.Source.Participant == person.Member.Id);
        return new Tile(area, person.Member.Id, person.Member.Name, person.Member.Number, IsScreen: false, camera is null ? null : Picture(camera, area), person.IsSpeaking);
    }

    /// <summary>A face fills its tile where little is lost by that; of a screen nothing is cut off.</summary>
    private static TilePicture Picture(Track track, Area area)
    {
        var span = track.Shown!.Value;
        var (width, height) = span.Rotation is 90 or 270 ? (span.Height, span.Width) : (span.Width, span.Height);
        double shape = (double)width / height, tile = (double)area.Width / area.Height;
        if (!track.Source.IsScreen && Math.Min(shape, tile) / Math.Max(shape, tile) >= 1 - MostCut)
            return new TilePicture(track.Source.Track, area, Arrangement.Covering(area, width, height), span.Rotation);
        var inside = Arrangement.Inside(area, width, height);
        return new TilePicture(track.Source.Track, inside, (inside.Width, inside.Height), span.Rotation);
    }

    /// <summary>The picture of the composite that is shown at a time, or the next one.</summary>
    private static int FrameAt(TimeSpan time, TimeRange range) =>
        (int)Math.Ceiling(Math.Min((time - range.From).TotalSeconds * Rate, int.MaxValue) - 1e-9);

    private sealed class Person(CastMember member, TimeRange range)
    {
        private readonly Cursor<TimeRange> present = new(member.Present, span => span, range), speaking = new(member.Speaking, span => span, range);

        public CastMember Member => member;
        public bool IsPresent { get; private set; }
        public bool IsSpeaking { get; private set; }

        public bool MoveTo(int frame)
        {
            var before = (IsPresent, IsSpeaking);
            IsPresent = present.MoveTo(frame) is not null;
            IsSpeaking = IsPresent && speaking.MoveTo(frame) is not null;
            return before != (IsPresent, IsSpeaking);
        }
    }

    private sealed class Track(PictureTrack source, CastMember owner, TimeRange range)
    {
        private readonly Cursor<PictureSpan> spans = new(source.Spans, span => new TimeRange(span.From, span.To), range);

        public PictureTrack Source => source;
        public PictureSpan? Shown { get; private set; }
        public bool IsShown => Shown is not null;
        public int ShownSince { get; private set; }
        public CastMember Owner => owner;

        public bool MoveTo(int frame)
        {
            var before = Shown;
            Shown = spans.MoveTo(frame);
            if (before is null && Shown is not null) ShownSince = frame;
            return before != Shown;
        }
    }

    /// <summary>Goes through spans as time goes by.</summary>
    private sealed class Cursor<T>(IReadOnlyList<T> spans, Func<T, TimeRange> when, TimeRange range)
        where T : struct
    {
        private int at = -1, from = int.MinValue, to = int.MinValue;

        /// <summary>The one that holds the frame, if one does; frames only rise.</summary>
        public T? MoveTo(int frame)
        {
            while (frame >= to && at < spans.Count)
            {
                if (++at == spans.Count) break;
                var span = when(spans[at]);
                (from, to) = (FrameAt(span.From, range), FrameAt(span.To, range));
            }
            return at < spans.Count && frame >= from ? spans[at] : null;
        }
    }
}
