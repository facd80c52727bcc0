namespace Pipeline.Transcribe.Minutes;

/// <summary>Which words each sentence says, and how much they tell (tf·idf over sentences). Numbered as they come, so that no hash decides. Pure.</summary>
internal sealed class Terms
{
    /// <summary>What is in more sentences than this says nothing, in whatever language.</summary>
    private const double TooCommon = 0.25;
    private const int FewSentences = 20;

    /// <summary>Beyond this many gaps a hill is another topic's.</summary>
    private const int MaxClimb = 100;

    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly List<int> sentencesWith = [];
    private readonly List<string> spelling = [];
    private readonly List<int[]> bySentence = [];
    private readonly double[] weights;

    public Terms(List<Sentence> sentences, LanguageRules? rules, IReadOnlyList<Attendee> attendees)
    {
        var names = attendees.SelectMany(attendee => Tokenizer.Read(attendee.Name, null)).Select(word => word.Text).ToHashSet(StringComparer.Ordinal);
        foreach (var sentence in sentences)
        {
            var said = new List<int>();
            foreach (var word in sentence.Words)
            {
                if (!Stems.IsContent(word.Text, rules?.StopWords) || names.Contains(word.Text)) continue;
                int id = Id(word.Text, rules is not null);
                if (!said.Contains(id)) said.Add(id);
            }
            said.Sort();
            foreach (int id in said) sentencesWith[id]++;
            bySentence.Add([.. said]);
        }
        weights = [.. sentencesWith.Select(with => with > TooCommon * sentences.Count && sentences.Count >= FewSentences ? 0 : Math.Log(1 + sentences.Count / (double)with))];
    }

    private int Id(string word, bool stems)
    {
        string stem = stems ? Stems.Of(word) : word;
        if (ids.TryGetValue(stem, out int id)) return id;
        ids[stem] = id = spelling.Count;
        spelling.Add(word);
        sentencesWith.Add(0);
        return id;
    }

    /// <summary>Cosine of two sentences, 0 … 1.</summary>
    public double Similarity(int one, int other)
    {
        int[] a = bySentence[one], b = bySentence[other];
        double both = 0;
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            if (a[i] == b[j]) both += weights[a[i]] * weights[b[j++]];
            if (j < b.Length && a[i] > b[j]) j++;
            else i++;
        }
        return both == 0 ? 0 : both / (Length(a) * Length(b));
    }

    private double Length(int[] terms)
    {
        double sum = 0;
        foreach (int term in terms) sum += weights[term] * weights[term];
        return Math.Sqrt(sum);
    }

    /// <summary>Gaps at which the words change, the deepest first.</summary>
    public List<int> Valleys(int window)
    {
        int count = bySentence.Count;
        if (count < 2 * window) return [];
        double[] cohesion = new double[count];
        for (int gap = window; gap <= count - window; gap++) cohesion[gap] = Cohesion(gap, window);

        double[] depths = new double[count];
        for (int gap = window; gap <= count - window; gap++)
        {
            int left = gap, right = gap;
            while (left > window && gap - left < MaxClimb && cohesion[left - 1] >= cohesion[left]) left--;
            while (right < count - window && right - gap < MaxClimb && cohesion[right + 1] >= cohesion[right]) right++;
            depths[gap] = cohesion[left] + cohesion[right] - 2 * cohesion[gap];
        }
        double mean = depths.Average(), deviation = Math.Sqrt(depths.Average(depth => (depth - mean) * (depth - mean)));
        return [.. Enumerable.Range(window, count - 2 * window + 1).Where(gap => depths[gap] > mean + deviation).OrderByDescending(gap => depths[gap]).ThenBy(gap => gap)];
    }

    private double Cohesion(int gap, int window)
    {
        var before = Counts(gap - window, gap);
        var after = Counts(gap, gap + window);
        double both = 0, one = 0, other = 0;
        foreach (var (term, count) in before)
        {
            one += count * count;
            both += count * after.GetValueOrDefault(term);
        }
        foreach (var (_, count) in after) other += count * count;
        return both == 0 ? 0 : both / Math.Sqrt(one * other);
    }

    private SortedDictionary<int, double> Counts(int from, int to)
    {
        var counts = new SortedDictionary<int, double>();
        for (int n = from; n < to; n++)
            foreach (int term in bySentence[n]) counts[term] = counts.GetValueOrDefault(term) + weights[term];
        return counts;
    }

    /// <summary>The two words that tell most of these sentences; null where they say nothing.</summary>
    public string? Title(int from, int to)
    {
        var counts = Counts(from, to);
        // Said twice here and hardly elsewhere: what the topic is about.
        var best = counts.Where(term => term.Value > 0)
            .Select(term => (Term: term.Key, term.Value, Here: Math.Round(term.Value / weights[term.Key])))
            .Select(term => (term.Term, Score: term.Value * term.Here / sentencesWith[term.Term] * Math.Min(2, term.Here)))
            .OrderByDescending(term => term.Score).ThenBy(term => term.Term).Take(2).Select(term => spelling[term.Term]).ToList();
        return best.Count == 0 ? null : Wording.Task(string.Join(", ", best));
    }
}
