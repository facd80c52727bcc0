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
        return new TextCheck(findings).Passes(root) ? null : findings.Refusal();
    }

    /// <summary>For requests that say nothing: no body, or an object without members.</summary>
    public static Problem? RefuseMembers(RequestBody body)
    {
        if (body.Bytes.IsEmpty) return null;
        var findings = new BodyFindings();
        if (TryParse(body, findings, out var root) is { } refused) return refused;
        JsonFields.Of(root, "", findings)?.RefuseOthers();
        return findings.Refusal();
    }

    /// <summary>RFC 6901 §3.</summary>
    public static string Append(string pointer, string member) => $"{pointer}/{member.Replace("~", "~0").Replace("/", "~1")}";
}
