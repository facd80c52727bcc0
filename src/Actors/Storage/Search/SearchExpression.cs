namespace Pipeline.Actors.Storage.Search;

/// <summary>What is looked for in spoken text.</summary>
public abstract record SearchExpression
{
    private SearchExpression() { }

    /// <summary>A word, or words that stand side by side: what is between two letters or digits splits words.</summary>
    /// <param name="Text">Has a letter or digit, no quotation mark and no control character.</param>
    /// <param name="IsPrefix">The last word may go on.</param>
    public sealed record Words(string Text, bool IsPrefix) : SearchExpression;

    public sealed record All(IReadOnlyList<SearchExpression> Parts) : SearchExpression;
    public sealed record Any(IReadOnlyList<SearchExpression> Parts) : SearchExpression;
    public sealed record Without(SearchExpression Found, SearchExpression Excluded) : SearchExpression;

    /// <summary>Every word or phrase that may be in what is found; not those it must be without.</summary>
    public IEnumerable<Words> Wanted() => this switch
    {
        Words words => [words],
        All all => all.Parts.SelectMany(part => part.Wanted()),
        Any any => any.Parts.SelectMany(part => part.Wanted()),
        Without without => without.Found.Wanted(),
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
