namespace Pipeline.Benchmarks;

/// <summary>Results as they go into a document.</summary>
internal sealed class Table(params string[] heading)
{
    public const string NotMeasured = "not measured";
    private readonly List<string[]> rows = [heading];

    public void Add(params string[] cells) => rows.Add(cells);

    /// <param name="values">One of each round; more is better.</param>
    /// <param name="goal">Null: none is set.</param>
    public void Rate(string what, double? goal, IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        double median = sorted[sorted.Length / 2];
        rows.Add([what, goal is { } g ? $"≥ {g:N0}" : "–", $"{median:N0}", $"{sorted[^1]:N0}", goal is { } of ? $"{median / of:F2}" : "–"]);
    }

    /// <param name="values">One of each round; less is better.</param>
    public void Cost(string what, string goal, IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        rows.Add([what, goal, $"{sorted[sorted.Length / 2]:F2}", $"{sorted[0]:F2}", "–"]);
    }

    public void Print()
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(row => row[c].Length))];
        for (int r = 0; r < rows.Count; r++)
        {
            Console.WriteLine($"| {string.Join(" | ", rows[r].Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c])))} |");
            if (r == 0) Console.WriteLine($"|{string.Join("|", widths.Select((w, c) => c == 0 ? new string('-', w + 2) : new string('-', w + 1) + ":"))}|");
        }
    }
}
