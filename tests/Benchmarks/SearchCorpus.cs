using System.Text;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Ingest.Journal;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Benchmarks;

/// <summary>
/// A million segments in ten thousand meetings of two tenants over two years: four to sixteen words each, of 50,000 whose frequency falls with
/// their rank (Zipf). Seeded: always the same.
/// </summary>
internal sealed class SearchCorpus
{
    public const int Meetings = 10_000, SegmentsEach = 100, Vocabulary = 50_000, Participants = 400, TracksEach = 4;
    public static readonly TenantId[] Tenants = [new("north"), new("south")];
    private static readonly DateTimeOffset First = new(2024, 1, 8, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Between = TimeSpan.FromMinutes(105);            // from one meeting's start to the next one's

    private readonly double[] upTo = new double[Vocabulary];

    public SearchCorpus()
    {
        double sum = 0;
        for (int rank = 0; rank < Vocabulary; rank++) upTo[rank] = sum += 1.0 / (rank + 1);
    }

    /// <summary>By tenant and word: in how many segments it is.</summary>
    public int[][] SegmentsWith { get; } = [new int[Vocabulary], new int[Vocabulary]];

    public static int TenantOf(int meeting) => meeting % Tenants.Length;
    public static DateTimeOffset StartOf(int meeting) => First + (Between * meeting);

    /// <summary>Syllables, so that words share beginnings as words do.</summary>
    public static string Word(int rank)
    {
        var word = new StringBuilder();
        uint left = ((uint)rank * 48_271u) % 50_021u;                                // both primes: no two ranks get one word, neighbours no like ones
        for (int n = 0; n < 3 || left > 0; n++, left /= 75) word.Append("bdfgklmnprstvyz"[(int)(left % 15)]).Append("aeiou"[(int)(left / 15 % 5)]);
        return word.ToString();
    }

    /// <summary>The words of one segment, by rank, and who of the meeting's participants says them.</summary>
    public (int[] Words, int Track) Segment(int meeting, int segment)
    {
        var random = new Random((meeting * SegmentsEach) + segment);
        int[] words = new int[random.Next(4, 17)];
        for (int i = 0; i < words.Length; i++)
        {
            int at = Array.BinarySearch(upTo, random.NextDouble() * upTo[^1]);
            words[i] = Math.Min(at < 0 ? ~at : at, Vocabulary - 1);
        }
        return (words, 1 + random.Next(TracksEach));
    }

    public static string Participant(int meeting, int track) => $"person-{new Random((meeting * 10) + track).Next(Participants / TracksEach) + ((track - 1) * Participants / TracksEach)}";

    public async Task StoreAsync(IMeetingStore store, string folder, IKeyVault vault) => await Parallel.ForEachAsync(
        Enumerable.Range(0, Meetings), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (m, _) => await StoreAsync(store, folder, vault, m));

    private async Task StoreAsync(IMeetingStore store, string folder, IKeyVault vault, int number)
    {
        var at = StartOf(number);
        var id = MeetingId.New(at);
        new MeetingFolder(folder, id).OpenOrCreateKeys(vault);
        var tracks = Enumerable.Range(1, TracksEach).Select(t => new NewTrack(TrackId.New(at), new TrackSpec
        {
            Participant = new Participant(Participant(number, t), $"Person {t}", "granted"),
            PayloadType = (byte)(100 + t),
        }));
        var announced = Meeting.Decide(new CreateMeeting(id, Tenants[TenantOf(number)], new MeetingSpec { Title = $"Meeting {number}" }, [.. tracks], CaptionsStatus.Live), at);
        var meeting = Meeting.Apply(announced);
        await store.CommitAsync(meeting, [announced]);

        List<MeetingEvent> said = [.. meeting.Decide(new MeetingCommand.MediaOpened(1, 26000), at)];
        var then = meeting.Apply(said);
        for (int s = 0; s < SegmentsEach; s++)
        {
            var (words, track) = Segment(number, s);
            foreach (int word in words.Distinct()) Interlocked.Increment(ref SegmentsWith[TenantOf(number)][word]);
            var start = TimeSpan.FromSeconds(8 * s);
            var caption = new Caption(track, start, start + TimeSpan.FromSeconds(6), string.Join(' ', words.Select(Word)), "en", [], Late: false);
            var one = then.Decide(new MeetingCommand.CaptionHeard(1, SegmentId.New(at + start), caption), at + start);
            then = then.Apply(one);
            said.AddRange(one);
        }
        await store.CommitAsync(meeting.Apply(said), said);
    }
}
