using System.Text;

namespace Pipeline.TestKit;

/// <summary>How far recognised text is from what was said: changed, missing and added words for each word said.</summary>
public sealed record WordErrorRate(int Errors, int Words)
{
    /// <summary>0 is right throughout; may exceed 1.</summary>
    public double Rate => Words == 0 ? (Errors == 0 ? 0 : 1) : (double)Errors / Words;

    /// <summary>Case and punctuation do not count.</summary>
    public static WordErrorRate Of(string said, string recognised)
    {
        string[] reference = Normalise(said), hypothesis = Normalise(recognised);
        int[] above = [.. Enumerable.Range(0, hypothesis.Length + 1)];
        for (int r = 1; r <= reference.Length; r++)
        {
            int diagonal = above[0];
            above[0] = r;
            for (int h = 1; h <= hypothesis.Length; h++)
            {
                int substituted = diagonal + (reference[r - 1] == hypothesis[h - 1] ? 0 : 1);
                diagonal = above[h];
                above[h] = Math.Min(substituted, Math.Min(above[h], above[h - 1]) + 1);
            }
        }
        return new WordErrorRate(above[^1], reference.Length);
    }

    public static WordErrorRate operator +(WordErrorRate a, WordErrorRate b) => new(a.Errors + b.Errors, a.Words + b.Words);

    public override string ToString() => $"{100 * Rate:F2} % ({Errors} of {Words} words)";

    private static string[] Normalise(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (char c in text.ToLowerInvariant())
            plain.Append(char.IsLetterOrDigit(c) || c == '\'' ? c : ' ');
        return plain.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
