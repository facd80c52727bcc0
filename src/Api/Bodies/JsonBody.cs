using System.Text.Json;
using System.Text.Unicode;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Bodies;

/// <summary>Parses a body and checks what holds for any: JSON in UTF-8, not too deep, no member twice, text that is text.</summary>
internal static class JsonBody
{
    /// <summary>The contract's deepest body has five levels.</summary>
    private const int MaxDepth = 32;

    /// <summary>Null when it is fit to be read, whatever was found already; else the refusal.</summary>
    public static Problem? TryParse(RequestBody body, BodyFindings findings, out JsonElement root)
    {
        root = default;
        if (!body.IsJson) return new Problem(ProblemKind.UnsupportedMediaType, "Send the body as `Content-Type: application/json`, in UTF-8.");
        if (!Utf8.IsValid(body.Bytes.Span)) return new Problem(ProblemKind.MalformedJson, "The body is not UTF-8.");
        try
        {
            root = JsonElement.Parse(body.Bytes.Span, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException wrong)
        {
            return new Problem(ProblemKind.MalformedJson, $"The body is not JSON: line {wrong.LineNumber + 1}, byte {wrong.BytePositionInLine + 1}.");
        }
        return CheckText(root, "", findings) ? null : findings.Refusal();
    }

    /// <summary>RFC 6901 §3.</summary>
    public static string Append(string pointer, string member) => $"{pointer}/{member.Replace("~", "~0").Replace("/", "~1")}";

    /// <summary>False when something cannot be read as text: an escaped half of a surrogate pair. A member that is there twice is a finding, but can be read.</summary>
    private static bool CheckText(JsonElement element, string pointer, BodyFindings findings)
    {
        bool good = true;
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                good = TryRead(() => element.GetString()!, pointer, findings, out _);
                break;
            case JsonValueKind.Array:
                int index = 0;
                foreach (var item in element.EnumerateArray()) good &= CheckText(item, $"{pointer}/{index++}", findings);
                break;
            case JsonValueKind.Object:
                var seen = new HashSet<string>();
                foreach (var member in element.EnumerateObject())
                {
                    if (!TryRead(() => member.Name, pointer, findings, out string name))
                    {
                        good = false;
                        continue;
                    }
                    string at = Append(pointer, name);
                    good &= CheckText(member.Value, at, findings);
                    if (!seen.Add(name)) findings.Invalid(at, "is there more than once");
                }
                break;
        }
        return good;
    }

    private static bool TryRead(Func<string> read, string pointer, BodyFindings findings, out string text)
    {
        try
        {
            text = read();
            return true;
        }
        catch (InvalidOperationException)   // how the reader says that an escape is not Unicode
        {
            findings.Invalid(pointer, "holds text that is not Unicode");
            text = "";
            return false;
        }
    }
}
