using System.Text.Json;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Transcribe.Tests;

/// <summary>A meeting labelled by hand: what was decided, who does what by when, what stayed open.</summary>
internal sealed record GoldenMeeting(
    string Name, bool HeldOut, MinutesSource Source, IReadOnlyList<GoldenItem> Decisions, IReadOnlyList<GoldenItem> ActionItems,
    IReadOnlyList<GoldenItem> OpenQuestions, IReadOnlyList<Lookalike> Lookalikes)
{
    // Before `All`, which reads with it.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static IReadOnlyList<GoldenMeeting> All { get; } =
        [.. Directory.EnumerateFiles(Fixtures.Minutes, "*.json").Order(StringComparer.Ordinal).Select(Read)];

    public static GoldenMeeting Named(string name) => All.Single(meeting => meeting.Name == name);

    private static GoldenMeeting Read(string path)
    {
        var file = JsonSerializer.Deserialize<GoldenFile>(File.ReadAllText(path), Json)!;
        var (people, segments) = file.Speech is null ? (file.Participants!, file.Segments!) : Spoken(file.Speech);
        var source = new MinutesSource
        {
            StartedAt = file.StartedAt,
            TimeZone = TimeZoneInfo.FindSystemTimeZoneById(file.TimeZone),
            Duration = TimeSpan.FromSeconds(segments[^1].End),
            Language = "en",
            Attendees = [.. people.Select(person => new Attendee(person.Id, person.Name, Talked(segments, person.Id)))],
            Statements = [.. segments.Select(segment => new Statement(
                segment.Id, segment.Speaker, TimeSpan.FromSeconds(segment.Start), TimeSpan.FromSeconds(segment.End), segment.Text, 0.9))],
        };
        return new GoldenMeeting(
            Path.GetFileNameWithoutExtension(path), file.HeldOut, source, file.Decisions, file.ActionItems, file.OpenQuestions, file.Lookalikes);
    }

    /// <summary>A meeting of the speech fixtures: names are ids, segments are numbered.</summary>
    private static (IReadOnlyList<Person> People, IReadOnlyList<GoldenSegment> Segments) Spoken(string file)
    {
        var spoken = JsonSerializer.Deserialize<SpokenFile>(File.ReadAllText(Fixtures.Speech(file)), Json)!;
        return ([.. spoken.Speakers.Select(speaker => new Person(speaker.Name, speaker.Name))],
            [.. spoken.Segments.Select((segment, n) => new GoldenSegment($"s{n + 1}", segment.Speaker!, segment.Start, segment.End, segment.Text))]);
    }

    private static TimeSpan Talked(IReadOnlyList<GoldenSegment> segments, string speaker) =>
        TimeSpan.FromSeconds(segments.Where(segment => segment.Speaker == speaker).Sum(segment => segment.End - segment.Start));

    private sealed record GoldenFile(
        bool HeldOut, DateTimeOffset StartedAt, string TimeZone, string? Speech, IReadOnlyList<Person>? Participants, IReadOnlyList<GoldenSegment>? Segments,
        IReadOnlyList<GoldenItem> Decisions, IReadOnlyList<GoldenItem> ActionItems, IReadOnlyList<GoldenItem> OpenQuestions, IReadOnlyList<Lookalike> Lookalikes);

    private sealed record SpokenFile(IReadOnlyList<Speaker> Speakers, IReadOnlyList<SpokenFixtures.Segment> Segments);

    private sealed record Speaker(string Name);

    private sealed record Person(string Id, string Name);

    private sealed record GoldenSegment(string Id, string Speaker, double Start, double End, string Text);
}

/// <param name="Segments">Each of them says it.</param>
internal sealed record GoldenItem(IReadOnlyList<string> Segments, string? Owner, DateOnly? Due, string? DueText);

/// <summary>A segment that looks like a claim and is none.</summary>
internal sealed record Lookalike(string Segment, string Why);

/// <summary>How many of the labelled claims were found, and how many that are none.</summary>
internal readonly record struct Score(int Labelled, int Found, int True)
{
    public double Precision => Found == 0 ? 1 : True / (double)Found;
    public double Recall => Labelled == 0 ? 1 : True / (double)Labelled;
    public double F1 => Labelled + Found == 0 ? 1 : 2.0 * True / (Labelled + Found);

    public static Score operator +(Score one, Score other) => new(one.Labelled + other.Labelled, one.Found + other.Found, one.True + other.True);
}

/// <param name="Owners">Of the action items that were found.</param>
/// <param name="Dates">Of those that have a day, as labelled or as found.</param>
internal sealed record MeetingScore(Score Actions, (int Right, int Of) Owners, (int Right, int Of) Dates, Score Decisions, Score Questions)
{
    public static MeetingScore None { get; } = new(default, default, default, default, default);

    public static MeetingScore Of(GoldenMeeting meeting, MeetingMinutes minutes)
    {
        var pairs = Pairs(meeting.ActionItems, minutes.ActionItems, item => item.Evidence,
            (label, item) => (label.Owner == item.Owner ? 1 : 0) + (label.Due == item.Due ? 1 : 0));
        var dated = pairs.Where(pair => pair.Label.Due is not null || pair.Found.Due is not null).ToList();
        return new MeetingScore(
            new Score(meeting.ActionItems.Count, minutes.ActionItems.Count, pairs.Count),
            (pairs.Count(pair => pair.Label.Owner == pair.Found.Owner), pairs.Count),
            (dated.Count(pair => pair.Label.Due == pair.Found.Due), dated.Count),
            Claims(meeting.Decisions, minutes.Decisions), Claims(meeting.OpenQuestions, minutes.OpenQuestions));
    }

    public static MeetingScore operator +(MeetingScore one, MeetingScore other) => new(
        one.Actions + other.Actions, (one.Owners.Right + other.Owners.Right, one.Owners.Of + other.Owners.Of),
        (one.Dates.Right + other.Dates.Right, one.Dates.Of + other.Dates.Of), one.Decisions + other.Decisions, one.Questions + other.Questions);

    private static Score Claims(IReadOnlyList<GoldenItem> labels, IReadOnlyList<Claim> found) =>
        new(labels.Count, found.Count, Pairs(labels, found, claim => claim.Evidence, (_, _) => 0).Count);

    /// <summary>Each label with at most one claim that names one of its segments, the best fit first.</summary>
    public static List<(GoldenItem Label, T Found)> Pairs<T>(
        IReadOnlyList<GoldenItem> labels, IReadOnlyList<T> found, Func<T, IReadOnlyList<Evidence>> evidence, Func<GoldenItem, T, int> fit) where T : class
    {
        var pairs = new List<(GoldenItem Label, T Found)>();
        foreach (var (label, claim) in labels.SelectMany(label => found.Select(claim => (label, claim)))
            .Where(pair => evidence(pair.claim).Any(one => pair.label.Segments.Contains(one.Segment)))
            .OrderByDescending(pair => fit(pair.label, pair.claim)))
            if (!pairs.Any(pair => ReferenceEquals(pair.Label, label) || ReferenceEquals(pair.Found, claim))) pairs.Add((label, claim));
        return pairs;
    }
}
