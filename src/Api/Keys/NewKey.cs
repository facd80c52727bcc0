using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Keys;

/// <summary>What is said of a key to be made. For the API's description: <see cref="NewKey"/> does the reading.</summary>
internal sealed record NewKeyDto
{
    [Required, MaxLength(NewKey.LongestName)]
    public string Name { get; init; } = "";
    /// <summary>At least one, each once.</summary>
    [Required]
    public IReadOnlyList<string> Scopes { get; init; } = [];
    /// <summary>1 to 100 letters, digits, `.`, `_` and `-`; null: the caller's own.</summary>
    public string? Tenant { get; init; }
}

/// <summary>Reads the body of `POST /v1/keys`.</summary>
internal static partial class NewKey
{
    public const int LongestName = 200;

    /// <summary>Null when there is a key to make; else everything that is wrong.</summary>
    public static Problem? TryRead(RequestBody body, out NewKeyDto asked)
    {
        asked = new NewKeyDto();
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        if (JsonFields.Of(root, "", findings) is { } fields)
        {
            asked = new NewKeyDto
            {
                Name = fields.RequiredText("name", LongestName) ?? "",
                Scopes = ReadScopes(fields),
                Tenant = fields.NullableText("tenant", 100),
            };
            if (asked.Tenant is { } tenant && !SaneTenant().IsMatch(tenant)) fields.Invalid("tenant", "must have 1 to 100 letters, digits, `.`, `_` or `-`");
            fields.RefuseOthers();
        }
        return findings.Refusal();
    }

    private static string[] ReadScopes(JsonFields fields)
    {
        var scopes = new List<string>();
        var items = fields.Array("scopes");
        if (!fields.TryGet("scopes", out var given)) fields.Invalid("scopes", "is required");
        else if (given.ValueKind == JsonValueKind.Array && items.Count == 0) fields.Invalid("scopes", "must name at least one scope");
        else
            for (int i = 0; i < items.Count; i++)
            {
                string? scope = items[i].ValueKind == JsonValueKind.String ? items[i].GetString() : null;
                if (scope is null || !Scopes.All.Contains(scope)) fields.Findings.Invalid($"/scopes/{i}", $"must be one of {string.Join(", ", Scopes.All)}");
                else if (scopes.Contains(scope)) fields.Findings.Invalid($"/scopes/{i}", "is there more than once");
                else scopes.Add(scope);
            }
        return [.. scopes];
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,100}\z")]
    private static partial Regex SaneTenant();
}
