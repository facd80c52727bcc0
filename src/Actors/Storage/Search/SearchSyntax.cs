using System.Text;

namespace Pipeline.Actors.Storage.Search;

/// <summary>
/// What people type: words, "phrases", prefix*, AND, OR, NOT in capitals and parentheses. Words side by side are AND; NOT binds
/// tighter than AND, AND tighter than OR. Everything else is text: there is no other operator.
/// </summary>
public static class SearchSyntax
{
    /// <summary>Longer than anybody types; what is pasted in is not a search.</summary>
    public const int LongestQuery = 1000;
    /// <summary>Each costs a walk through the index.</summary>
    public const int MostWords = 32;
    /// <summary>Of letters and digits before a `*`: fewer would be a good part of the dictionary.</summary>
    public const int ShortestPrefix = 2;
    private const int Deepest = 16;

    /// <summary>False, and one sentence about what is wrong, unless it is a search. Never throws.</summary>
    public static bool TryParse(string query, out SearchExpression? expression, out string wrong)
    {
        var reader = new Reader();
        try
        {
            expression = reader.Read(query);
            wrong = "";
            return true;
        }
        catch (FormatException e)
        {
            (expression, wrong) = (null, e.Message);
            return false;
        }
    }

    /// <summary>The words in a text, as far as letters and digits make them.</summary>
    public static IEnumerable<string> WordsIn(string text)
    {
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsOfWord(rune))
            {
                word.Append(rune);
                continue;
            }
            if (word.Length > 0) yield return word.ToString();
            word.Clear();
        }
        if (word.Length > 0) yield return word.ToString();
    }

    /// <summary>Letters with their marks, and numbers.</summary>
    private static bool IsOfWord(Rune rune) => Rune.IsLetter(rune) || Rune.IsNumber(rune) || (Rune.GetUnicodeCategory(rune)
        is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.PrivateUse);

    private enum Kind { Word, Phrase, And, Or, Not, Open, Close, End }

    private readonly record struct Token(Kind Kind, string Text, bool IsPrefix);

    private sealed class Reader
    {
        private readonly List<Token> tokens = [];
        private int next, depth, words;

        public SearchExpression Read(string query)
        {
            if (query.EnumerateRunes().Count() > LongestQuery) throw new FormatException($"must have at most {LongestQuery} characters");
            if (query.Any(char.IsControl)) throw new FormatException("must not hold control characters");
            Split(query);
            if (Peek == Kind.End) throw new FormatException("must have a word to look for");
            var found = ReadAny();
            return Peek == Kind.End ? found : throw new FormatException("closes a parenthesis that was not opened");
        }

        private Kind Peek => tokens[next].Kind;

        private SearchExpression ReadAny()
        {
            List<SearchExpression> parts = [ReadAll()];
            while (Peek == Kind.Or)
            {
                next++;
                parts.Add(ReadAll());
            }
            return parts is [var only] ? only : new SearchExpression.Any(parts);
        }

        private SearchExpression ReadAll()
        {
            List<SearchExpression> parts = [ReadWithout()];
            while (Peek is not (Kind.Or or Kind.Close or Kind.End))
            {
                if (Peek == Kind.And) next++;
                if (Peek == Kind.Not)                                                // `a AND NOT b`, as many write it
                {
                    next++;
                    var wanted = parts is [var one] ? one : new SearchExpression.All([.. parts]);
                    parts = [new SearchExpression.Without(wanted, ReadOne())];
                }
                else parts.Add(ReadWithout());
            }
            return parts is [var only] ? only : new SearchExpression.All(parts);
        }

        private SearchExpression ReadWithout()
        {
            var found = ReadOne();
            while (Peek == Kind.Not)
            {
                next++;
                found = new SearchExpression.Without(found, ReadOne());
            }
            return found;
        }

        private SearchExpression ReadOne()
        {
            var token = tokens[next];
            switch (token.Kind)
            {
                case Kind.Word or Kind.Phrase:
                    next++;
                    return new SearchExpression.Words(token.Text, token.IsPrefix);
                case Kind.Open:
                    if (++depth > Deepest) throw new FormatException($"must not have more than {Deepest} parentheses inside each other");
                    next++;
                    var inside = ReadAny();
                    if (Peek != Kind.Close) throw new FormatException("has a parenthesis that is not closed");
                    next++;
                    depth--;
                    return inside;
                case Kind.Not when next == 0 || tokens[next - 1].Kind == Kind.Open:
                    throw new FormatException("has a NOT with nothing before it: say what to look for, then NOT what must not be there");
                case Kind.Close:
                    throw new FormatException("has a parenthesis with nothing in it, or one that was not opened");
                case Kind.End:
                    throw new FormatException("ends where a word should follow");
                default:
                    throw new FormatException($"has {token.Text} where a word should be; to look for the word itself, put it in quotation marks");
            }
        }

        private void Split(string query)
        {
            int at = 0;
            while (at < query.Length)
            {
                char c = query[at];
                if (char.IsWhiteSpace(c)) at++;
                else if (c is '(' or ')')
                {
                    tokens.Add(new Token(c == '(' ? Kind.Open : Kind.Close, c.ToString(), false));
                    at++;
                }
                else if (c == '"')
                {
                    int end = query.IndexOf('"', at + 1);
                    if (end < 0) throw new FormatException("has a quotation mark that is not closed");
                    bool prefix = end + 1 < query.Length && query[end + 1] == '*';
                    tokens.Add(Words(Kind.Phrase, query[(at + 1)..end], prefix));
                    at = end + (prefix ? 2 : 1);
                }
                else
                {
                    int end = at;
                    while (end < query.Length && !char.IsWhiteSpace(query[end]) && query[end] is not ('(' or ')' or '"')) end++;
                    tokens.Add(Bare(query[at..end]));
                    at = end;
                }
            }
            tokens.Add(new Token(Kind.End, "", false));
        }

        private Token Bare(string text) => text switch
        {
            "AND" => new Token(Kind.And, text, false),
            "OR" => new Token(Kind.Or, text, false),
            "NOT" => new Token(Kind.Not, text, false),
            ['-', ..] => throw new FormatException($"has {text}: to exclude a word, write NOT before it"),
            [.., '*'] => Words(Kind.Word, text[..^1], prefix: true),
            _ => Words(Kind.Word, text, prefix: false),
        };

        private Token Words(Kind kind, string text, bool prefix)
        {
            if (text.Contains('*')) throw new FormatException("has a * that is not at the end of a word");
            string? last = WordsIn(text).LastOrDefault();
            if (last is null) throw new FormatException($"has {(text.Length == 0 && !prefix ? "quotation marks" : text + (prefix ? "*" : ""))} without a letter or digit to look for");
            if (prefix && last.EnumerateRunes().Count() < ShortestPrefix) throw new FormatException($"must have at least {ShortestPrefix} letters before a *");
            if (++words > MostWords) throw new FormatException($"must have at most {MostWords} words and phrases");
            return new Token(kind, text, prefix);
        }
    }
}
