using System.Globalization;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Bodies;

/// <summary>
/// A query's parameters, read one by one; what is wrong is collected, so that a client hears of it at once. A parameter nobody asked for
/// is refused: it would have changed nothing.
/// </summary>
internal sealed class QueryFields(IQueryCollection query)
{
    private readonly HashSet<string> known = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<FieldError> errors = [];

    public long Integer(string name, long fallback, long least, long most)
    {
        if (Text(name) is not { } text) return fallback;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most) return number;
        Invalid(name, $"must be an integer from {least} to {most}");
        return fallback;
    }

    public string? Text(string name)
    {
        known.Add(name);
        if (query[name] is not { Count: > 0 } values) return null;
        if (values.Count > 1) Invalid(name, "is there more than once");
        return values[0] ?? "";
    }

    /// <summary>A time with a date (ISO 8601); without an offset it is UTC.</summary>
    public DateTimeOffset? Time(string name) => Read<DateTimeOffset>(name, "must be a time such as 2026-01-02T03:04:05.678Z", text =>
        text.Length >= 10 && char.IsAsciiDigit(text[0])
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null);

    /// <param name="parse">Null for what it is not.</param>
    /// <param name="otherwise">What is said of that.</param>
    public T? Read<T>(string name, string otherwise, Func<string, T?> parse) where T : struct
    {
        if (Text(name) is not { } text) return null;
        var value = parse(text);
        if (value is null) Invalid(name, otherwise);
        return value;
    }

    /// <summary>Those of the form `name[key]`, by key.</summary>
    public IReadOnlyDictionary<string, string> Members(string name)
    {
        var members = new Dictionary<string, string>();
        foreach (string given in query.Keys.Where(given => given.StartsWith($"{name}[", StringComparison.Ordinal) && given.EndsWith(']')))
            members[given[(name.Length + 1)..^1]] = Text(given) ?? "";
        return members;
    }

    public void Invalid(string name, string message) => errors.Add(new FieldError($"?{name}", message));

    /// <summary>To be asked once every parameter there may be has been read; null when there is nothing to refuse.</summary>
    public Problem? Refusal()
    {
        foreach (string name in query.Keys)
            if (!known.Contains(name)) Invalid(name, "is not a parameter of this");
        return errors.Count == 0 ? null : Problem.BadQuery(errors);
    }
}
