using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Search;

/// <summary>Finds what was said, in running meetings too: moments after a caption is stored.</summary>
public interface ISearch
{
    Task<SearchResult> SearchAsync(TenantId tenant, SearchQuery query, CancellationToken ct);
}

public sealed record SearchQuery
{
    public required SearchExpression Words { get; init; }
    /// <summary>Said by the participant of this id.</summary>
    public string? Participant { get; init; }
    /// <summary>Said at this time or later.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Said before this time.</summary>
    public DateTimeOffset? To { get; init; }
    public int Limit { get; init; } = 50;
    /// <summary>Where the page before ended; null: the first.</summary>
    public SearchPlace? After { get; init; }
}

/// <summary>The end of a page: of hits by their score, how many came before; of hits by time, newest first, the last one's place.</summary>
public readonly record struct SearchPlace(bool ByTime, long Value)
{
    public static bool TryParse(string text, out SearchPlace place)
    {
        bool ok = long.TryParse(text.AsSpan(Math.Min(1, text.Length)), System.Globalization.NumberStyles.None, null, out long value) && text[0] is 's' or 't';
        place = ok ? new SearchPlace(text[0] == 't', value) : default;
        return ok;
    }

    public override string ToString() => $"{(ByTime ? 't' : 's')}{Value}";
}

public abstract record SearchResult
{
    /// <param name="Next">Where the next page begins, or null.</param>
    public sealed record Found(IReadOnlyList<SearchHit> Hits, SearchPlace? Next) : SearchResult;
    /// <summary>The index is being made anew: ask again in a moment.</summary>
    public sealed record NotReady : SearchResult;
    /// <summary>Too many are waiting for their turn.</summary>
    public sealed record Busy : SearchResult;
    /// <summary>It took too long and was given up.</summary>
    public sealed record TooBroad : SearchResult;
}

/// <param name="Title">The meeting's.</param>
/// <param name="Snippet">Of the text as it is now; the parts joined are the text, or the piece of it around the hits.</param>
/// <param name="Score">Higher is better; 0 where hits are by time.</param>
public sealed record SearchHit(Segment Segment, string Title, DateTimeOffset StartedAt, IReadOnlyList<SnippetPart> Snippet, double Score);

public readonly record struct SnippetPart(string Text, bool IsHit);
