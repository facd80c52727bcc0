using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Pipeline.Api.Tests;

public sealed class OpenApiTests(ApiServer server) : IClassFixture<ApiServer>
{
    [Fact]
    public async Task The_document_in_docs_is_the_one_that_is_served()
    {
        string kept = (await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "api", "openapi.json"))).Trim();
        string served = (await server.Stranger.GetStringAsync("/openapi/v1.json")).Trim();
        Assert.True(kept == served, "docs/api/openapi.json is not what is served: write it anew with `pipeline openapi > docs/api/openapi.json`.");
    }

    [Fact]
    public async Task It_is_OpenAPI_3_1_and_names_no_server()
    {
        var document = await (await server.Stranger.GetAsync("/openapi/v1.json")).JsonAsync();
        Assert.StartsWith("3.1", document.Text("openapi"));
        Assert.DoesNotContain("127.0.0.1", document.GetRawText());
    }

    [Fact]
    public async Task Every_reference_leads_somewhere()
    {
        var document = await (await server.Stranger.GetAsync("/openapi/v1.json")).JsonAsync();
        foreach (string reference in References(document))
        {
            var at = document;
            foreach (string part in reference.Split('/').Skip(1)) Assert.True(at.TryGetProperty(part, out at), reference);
        }
    }

    /// <summary>The reading is by hand, the description by type: they must know the same members.</summary>
    [Theory]
    [InlineData("NewMeetingDto", "/v1/meetings", "")]
    [InlineData("NewTrackDto", "/v1/meetings/{id}/tracks", "")]
    [InlineData("NewParticipantDto", "/v1/meetings/{id}/tracks", "/participant")]
    public async Task Every_member_that_is_described_is_read(string schema, string path, string at)
    {
        var document = await (await server.Stranger.GetAsync("/openapi/v1.json")).JsonAsync();
        var members = document.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties").Names();
        string wrong = "{" + string.Join(',', members.Select(name => $"\"{name}\":[{{}}]")) + "}";   // no member is an array of objects without members
        if (at.Length > 0) wrong = $$"""{"participant":{{wrong}},"payload_type":1}""";
        path = path.Replace("{id}", await server.CreateAsync());
        var answer = await server.PostAsync(path, wrong);
        var pointers = await answer.IsProblemAsync(422, "validation_failed");
        foreach (string name in members) Assert.Contains(pointers, pointer => pointer.StartsWith($"{at}/{name}", StringComparison.Ordinal));
        Assert.DoesNotContain("is not a member", await answer.Content.ReadAsStringAsync());
    }

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member =>
            member.Name == "$ref" ? [member.Value.GetString()!] : References(member.Value)),
        _ => [],
    };

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(here, "..", "..", ".."));
}
