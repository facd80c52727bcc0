using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Storage.Embedded.Search;
using Pipeline.Actors.Storage.Search;
using Pipeline.Ingest.Journal;

namespace Pipeline.Benchmarks;

/// <summary>
/// Searches over a real archive and a real index: sealed texts in SQLite, one key file a meeting, the index made by the server's own follower.
/// Times are from the parsed search to the page of 50 with its snippets.
/// </summary>
internal static class SearchTimes
{
    private const int Rare = 400, Phrases = 250, Narrowed = 200, Frequent = 150;
    private static readonly string[] Kinds = ["a rare word", "a phrase", "two words, participant, dates", "a word in ≥ 10 % of segments"];

    /// <exception cref="InvalidDataException">A search did not find what is there.</exception>
    public static async Task RunAsync(string parent)
    {
        string folder = Directory.CreateDirectory(Path.Combine(parent, $"pipeline-bench-{Guid.NewGuid():N}")).FullName;
        try
        {
            using var meters = new Meters();
            var metrics = new ActorsMetrics(meters);
            var vault = new FileKeyVault(Path.Combine(folder, "keys"));
            await using var store = EmbeddedMeetingStore.Open(Path.Combine(folder, "archive.db"), new MeetingTextSealer(folder, vault), TimeProvider.System, metrics);
            var corpus = new SearchCorpus();
            long began = Stopwatch.GetTimestamp();
            await corpus.StoreAsync(store, folder, vault);
            Console.WriteLine($"archive: {SearchCorpus.Meetings:N0} meetings, {SearchCorpus.Meetings * SearchCorpus.SegmentsEach:N0} segments stored in {Stopwatch.GetElapsedTime(began).TotalSeconds:N0} s");

            string index = Path.Combine(folder, "search");
            using var follower = new SearchFollower(index, store, TimeProvider.System, metrics, NullLogger<SearchFollower>.Instance);
            began = Stopwatch.GetTimestamp();
            long taken = await follower.CatchUpAsync(default);
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds, megabytes = Directory.GetFiles(index).Sum(file => new FileInfo(file).Length) / 1e6;
            Console.WriteLine($"index: {taken:N0} segments in {seconds:N0} s, {taken / seconds:N0} a second, {megabytes:N0} MB");
            Console.WriteLine();

            using var search = new EmbeddedSearch(index, store, follower, TimeProvider.System, metrics);
            await MeasureAsync(corpus, search);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(SearchCorpus corpus, EmbeddedSearch search)
    {
        var random = new Random(42);
        int[] kinds = [.. Enumerable.Repeat(0, Rare), .. Enumerable.Repeat(1, Phrases), .. Enumerable.Repeat(2, Narrowed), .. Enumerable.Repeat(3, Frequent)];
        random.Shuffle(kinds);
        var times = Enumerable.Range(0, Kinds.Length).Select(_ => new List<double>()).ToArray();
        foreach (int kind in kinds)
        {
            int meeting = random.Next(SearchCorpus.Meetings), tenant = SearchCorpus.TenantOf(meeting);
            var (query, word) = Query(kind, corpus, meeting, random);
            long began = Stopwatch.GetTimestamp();
            var result = await search.SearchAsync(SearchCorpus.Tenants[tenant], query, default);
            times[kind].Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            int least = kind is 0 or 3 ? Math.Min(query.Limit, corpus.SegmentsWith[tenant][word]) : 1;
            if (result is not SearchResult.Found { Hits: var hits } || hits.Count < least || hits.Any(hit => !hit.Snippet.Any(part => part.IsHit)))
                throw new InvalidDataException($"{Kinds[kind]}, {query}: {result}");
        }
        Print([.. Kinds.Select((kind, k) => (kind, times[k])), ("all, as mixed", [.. times.SelectMany(t => t)])]);
    }

    /// <returns>The search, and the word it is about.</returns>
    private static (SearchQuery Query, int Word) Query(int kind, SearchCorpus corpus, int meeting, Random random)
    {
        int[] frequent = [.. Enumerable.Range(0, 100).Where(rank => corpus.SegmentsWith[SearchCorpus.TenantOf(meeting)][rank] >= SearchCorpus.Meetings * SearchCorpus.SegmentsEach / SearchCorpus.Tenants.Length / 10)];
        var (words, track) = corpus.Segment(meeting, random.Next(SearchCorpus.SegmentsEach));
        int at = random.Next(words.Length - 1), word = kind switch
        {
            0 => random.Next(1000, SearchCorpus.Vocabulary),
            3 => frequent[random.Next(frequent.Length)],
            _ => words[at],
        };
        string text = kind switch
        {
            1 => $"\"{SearchCorpus.Word(words[at])} {SearchCorpus.Word(words[at + 1])}\"",
            2 => $"{SearchCorpus.Word(words[at])} AND {SearchCorpus.Word(words[at + 1])}",
            _ => SearchCorpus.Word(word),
        };
        if (!SearchSyntax.TryParse(text, out var parsed, out string wrong)) throw new InvalidDataException($"{text} {wrong}");
        var query = new SearchQuery { Words = parsed! };
        if (kind == 2)
            query = query with
            {
                Participant = SearchCorpus.Participant(meeting, track),
                From = SearchCorpus.StartOf(meeting).AddDays(-30),
                To = SearchCorpus.StartOf(meeting).AddDays(30),
            };
        return (query, word);
    }

    private static void Print(IReadOnlyList<(string Kind, List<double> Times)> rows)
    {
        Console.WriteLine("| search, 1,000 of them, ms        | searches |    p50 | p95 (≤ 50) | p99 (≤ 200) |    max |");
        Console.WriteLine("|----------------------------------|---------:|-------:|-----------:|------------:|-------:|");
        foreach (var (kind, times) in rows)
        {
            times.Sort();
            Console.WriteLine($"| {kind,-32} | {times.Count,8} | {At(times, 0.50),6:F1} | {At(times, 0.95),10:F1} | {At(times, 0.99),11:F1} | {times[^1],6:F1} |");
        }
    }

    private static double At(List<double> sorted, double share) => sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];

    private sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> made = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            made.Add(meter);
            return meter;
        }

        public void Dispose()
        {
            foreach (var meter in made) meter.Dispose();
        }
    }
}
