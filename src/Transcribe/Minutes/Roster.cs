namespace Pipeline.Transcribe.Minutes;

/// <summary>Whom a name means: an attendee where exactly one is called so, else a name that is nobody's here. Pure.</summary>
internal sealed class Roster
{
    private readonly Dictionary<string, string?> attendees = new(StringComparer.Ordinal);
    private readonly HashSet<string> heard = new(StringComparer.Ordinal);
    private readonly LanguageRules rules;

    public Roster(IReadOnlyList<Attendee> attendees, LanguageRules rules)
    {
        this.rules = rules;
        foreach (var attendee in attendees)
            foreach (string name in Tokenizer.Read(attendee.Name, null).Select(word => Plain(word.Text)).Distinct())
            {
                if (name.Length < 2 || rules.Titles.Contains(name)) continue;
                this.attendees[name] = this.attendees.TryGetValue(name, out string? other) && other != attendee.Id ? null : attendee.Id;
            }
    }

    /// <summary>
    /// Learns names of people who are not here: always with a capital, somewhere not at the beginning of a sentence, and never after an
    /// article or a preposition of place, as a company or a town would be.
    /// </summary>
    public void Listen(IReadOnlyList<Sentence> sentences)
    {
        var never = new HashSet<string>(StringComparer.Ordinal);
        foreach (var sentence in sentences)
            for (int at = 0; at < sentence.Words.Length; at++)
            {
                var word = sentence.Words[at];
                if (!word.Capital) never.Add(word.Text);
                else if (at > 0 && sentence.Words[at - 1].Text is "the" or "a" or "an" or "in" or "at" or "from" or "to" or "our" or "of" or "on" or "this") never.Add(word.Text);
                else if (at > 0 && word.Text.Length > 2 && !rules.StopWords.Contains(word.Text) && !rules.WordsThatAreNames.Contains(word.Text)) heard.Add(word.Text);
            }
        heard.ExceptWith(never);
    }

    /// <summary>A name that is called opens the clause after it, also where nobody wrote a comma: "steve you need to …".</summary>
    public void OpenClauses(IReadOnlyList<Sentence> sentences)
    {
        foreach (var sentence in sentences)
            for (int at = 0; at < sentence.Words.Length; at++)
                if (sentence.Words[at].OpensClause && At(sentence, at) is { Owner: not null, Length: var length } && at + length < sentence.Words.Length)
                    sentence.Words[at + length] = sentence.Words[at + length] with { OpensClause = true };
    }

    /// <summary>Whose name stands at `at`: the attendee's id, or the name; null where none does. `Length` is in words, with a title.</summary>
    public (string? Owner, int Length) At(Sentence sentence, int at)
    {
        var words = sentence.Words;
        int first = at;
        if (first < words.Length - 1 && rules.Titles.Contains(words[first].Text)) first++;
        if (first >= words.Length) return (null, 0);

        if (Attendee(words, first) is { } id)
        {
            bool surname = first + 1 < words.Length && attendees.TryGetValue(Plain(words[first + 1].Text), out string? other) && other == id;
            return (id, first - at + (surname ? 2 : 1));
        }
        if (!heard.Contains(words[first].Text)) return (null, 0);
        bool more = first + 1 < words.Length && words[first + 1].Capital && heard.Contains(words[first + 1].Text);
        return (sentence.Text[words[first].Start..words[first + (more ? 1 : 0)].End].Replace("'s", "", StringComparison.Ordinal), first - at + (more ? 2 : 1));
    }

    private string? Attendee(Word[] words, int at)
    {
        string name = Plain(words[at].Text);
        if (!attendees.TryGetValue(name, out string? id)) return null;
        if (id is null)                                                    // two of that first name: the next word may tell
            return at + 1 < words.Length && attendees.TryGetValue(Plain(words[at + 1].Text), out id) ? id : null;
        bool called = at == 0 || at + 1 < words.Length && words[at + 1].OpensClause;
        return rules.WordsThatAreNames.Contains(name) && !(words[at].Capital && (at > 0 || called)) ? null : id;
    }

    /// <summary>A recogniser does not write accents the way a roster does.</summary>
    private static string Plain(string name) => string.Create(name.Length, name, static (plain, name) =>
    {
        for (int at = 0; at < name.Length; at++)
            plain[at] = name[at] switch
            {
                'á' or 'à' or 'â' or 'ä' or 'ã' or 'å' => 'a',
                'é' or 'è' or 'ê' or 'ë' => 'e',
                'í' or 'ì' or 'î' or 'ï' => 'i',
                'ó' or 'ò' or 'ô' or 'ö' or 'õ' or 'ø' => 'o',
                'ú' or 'ù' or 'û' or 'ü' => 'u',
                'ñ' => 'n',
                'ç' => 'c',
                _ => name[at],
            };
    });
}
