using System.Text.Json;

namespace Pipeline.Api.Bodies;

/// <summary>
/// One object of a body, read member by member. Every method answers with a value that can be carried on with, and puts what
/// was wrong into the findings: the first value that does not fit spoils the body, not the reading of the rest.
/// </summary>
internal sealed class JsonFields(JsonElement element, string pointer, BodyFindings findings)
{
    private readonly HashSet<string> known = [];

    /// <summary>Null, and a finding, unless the value is an object.</summary>
    public static JsonFields? Of(JsonElement value, string pointer, BodyFindings findings)
    {
        if (value.ValueKind == JsonValueKind.Object) return new JsonFields(value, pointer, findings);
        findings.Invalid(pointer, "must be an object");
        return null;
    }

    public BodyFindings Findings => findings;

    public string Pointer(string name) => JsonBody.Append(pointer, name);

    public void Invalid(string name, string message) => findings.Invalid(Pointer(name), message);

    public void NotBuilt(string name, string message) => findings.NotBuilt(Pointer(name), message);

    /// <summary>To be called once every member there may be has been asked for.</summary>
    public void RefuseOthers()
    {
        foreach (var member in element.EnumerateObject())
            if (!known.Contains(member.Name)) Invalid(member.Name, "is not a member of this");
    }

    /// <summary>False when the member is not there; with <paramref name="nullable"/>, also when it is null.</summary>
    public bool TryGet(string name, out JsonElement value, bool nullable = false)
    {
        known.Add(name);
        return element.TryGetProperty(name, out value) && !(nullable && value.ValueKind == JsonValueKind.Null);
    }

    public JsonFields? Object(string name, bool required = false)
    {
        if (TryGet(name, out var value)) return Of(value, Pointer(name), findings);
        if (required) Invalid(name, "is required");
        return null;
    }

    public IReadOnlyList<JsonElement> Array(string name)
    {
        if (!TryGet(name, out var value)) return [];
        if (value.ValueKind == JsonValueKind.Array) return [.. value.EnumerateArray()];
        Invalid(name, "must be an array");
        return [];
    }

    public bool Flag(string name, bool fallback)
    {
        if (!TryGet(name, out var value)) return fallback;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Invalid(name, "must be true or false");
        return fallback;
    }

    public string Text(string name, string fallback, int longest, int shortest = 0) =>
        TryGet(name, out var value) ? Text(value, Pointer(name), longest, shortest) ?? fallback : fallback;

    public string? NullableText(string name, int longest, int shortest = 0) =>
        TryGet(name, out var value, nullable: true) ? Text(value, Pointer(name), longest, shortest) : null;

    public string? RequiredText(string name, int longest)
    {
        if (TryGet(name, out var value)) return Text(value, Pointer(name), longest, shortest: 1);
        Invalid(name, "is required");
        return null;
    }

    public string OneOf(string name, string fallback, params ReadOnlySpan<string> words)
    {
        if (!TryGet(name, out var value)) return fallback;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } word && words.Contains(word)) return word;
        Invalid(name, $"must be one of {string.Join(", ", words!)}");
        return fallback;
    }

    public long Integer(string name, long fallback, long least, long most) =>
        TryGet(name, out var value) ? Integer(value, name, least, most) ?? fallback : fallback;

    public long? NullableInteger(string name, long least, long most) =>
        TryGet(name, out var value, nullable: true) ? Integer(value, name, least, most) : null;

    public long? RequiredInteger(string name, long least, long most)
    {
        if (TryGet(name, out var value)) return Integer(value, name, least, most);
        Invalid(name, "is required");
        return null;
    }

    /// <summary>A list of texts that are not blank.</summary>
    public IReadOnlyList<string> TextList(string name, int most, int longest)
    {
        var texts = new List<string>();
        var items = Array(name);
        if (items.Count > most) Invalid(name, $"must have at most {most} items");
        for (int n = 0; n < items.Count && n < most; n++)
        {
            string at = $"{Pointer(name)}/{n}";
            if (Text(items[n], at, longest, shortest: 1) is not { } text) continue;
            if (string.IsNullOrWhiteSpace(text)) findings.Invalid(at, "must not be blank");
            texts.Add(text);
        }
        return texts;
    }

    /// <summary>Texts by name; null is refused as a value.</summary>
    public Dictionary<string, string> Texts(string name, int most, int longestName, int longest)
    {
        var texts = new Dictionary<string, string>();
        foreach (var (member, value, at) in Named(name, longestName))
            if (Text(value, at, longest, lines: true) is { } text) texts[member] = text;
        if (TryGet(name, out var all) && all.ValueKind == JsonValueKind.Object && all.GetPropertyCount() > most) Invalid(name, $"must have at most {most} members");
        return texts;
    }

    /// <summary>The same as a merge patch (RFC 7396): null takes one out.</summary>
    public Dictionary<string, string?> TextPatches(string name, int longestName, int longest)
    {
        var texts = new Dictionary<string, string?>();
        foreach (var (member, value, at) in Named(name, longestName))
            if (value.ValueKind == JsonValueKind.Null) texts[member] = null;
            else if (Text(value, at, longest, lines: true) is { } text) texts[member] = text;
        return texts;
    }

    /// <summary>Length as the contract counts it: Unicode code points.</summary>
    public static int Characters(string text) => text.EnumerateRunes().Count();

    /// <summary>The members of an object whose names the client chose.</summary>
    private IEnumerable<(string Name, JsonElement Value, string Pointer)> Named(string name, int longest)
    {
        if (!TryGet(name, out var all) || Of(all, Pointer(name), findings) is null) yield break;
        foreach (var member in all.EnumerateObject())
        {
            string at = JsonBody.Append(Pointer(name), member.Name);
            if (member.Name.Length == 0 || Characters(member.Name) > longest) findings.Invalid(at, $"must have a name of 1 to {longest} characters");
            yield return (member.Name, member.Value, at);
        }
    }

    private string? Text(JsonElement value, string at, int longest, int shortest = 0, bool lines = false)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            findings.Invalid(at, "must be a string");
            return null;
        }
        string text = value.GetString()!;
        if (Characters(text) is var length && (length < shortest || length > longest))
            findings.Invalid(at, shortest > 0 ? $"must have {shortest} to {longest} characters" : $"must have at most {longest} characters");
        else if (text.Any(c => char.IsControl(c) && !(lines && c is ('\n' or '\r' or '\t'))))
            findings.Invalid(at, "must not hold control characters");
        else return text;
        return null;
    }

    private long? Integer(JsonElement value, string name, long least, long most)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least && number <= most) return number;
        Invalid(name, $"must be an integer from {least} to {most}");
        return null;
    }
}
