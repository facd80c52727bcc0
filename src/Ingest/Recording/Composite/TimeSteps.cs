namespace Pipeline.Ingest.Recording.Composite;

/// <summary>
/// A value that changes with time, as an expression of `ffmpeg`: a tree, as its parser takes no sum of more than a hundred terms, and a tree is
/// evaluated in a few steps however often the value changes.
/// </summary>
internal static class TimeSteps
{
    /// <param name="spans">Pictures [From, To) and the value meanwhile; none overlap. It is 0 elsewhere.</param>
    /// <returns>Of `t`; its steps lie between two pictures.</returns>
    public static string Expression(IEnumerable<(int From, int To, int Value)> spans)
    {
        var steps = new List<(int From, int Value)> { (int.MinValue, 0) };
        foreach (var (from, to, value) in spans.OrderBy(s => s.From))
        {
            if (steps[^1].From == from) steps.RemoveAt(steps.Count - 1);              // another span ended here
            if (steps.Count == 0 || steps[^1].Value != value) steps.Add((from, value));
            steps.Add((to, 0));
        }
        return Tree(steps, 0, steps.Count);
    }

    private static string Tree(List<(int From, int Value)> steps, int from, int to)
    {
        if (to - from == 1) return $"{steps[from].Value}";
        int middle = (from + to) / 2;
        return $"if(lt(t,{CompositeGraph.Seconds(steps[middle].From - 0.5)}),{Tree(steps, from, middle)},{Tree(steps, middle, to)})";
    }
}
