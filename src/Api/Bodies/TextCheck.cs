using System.Text.Json;

namespace Pipeline.Api.Bodies;

/// <summary>Walks a whole body once. Pointers are made only for what is found: a body can be built so that making them all costs seconds.</summary>
internal sealed class TextCheck(BodyFindings findings)
{
    /// <summary>Longer than any the contract has, or lets one choose.</summary>
    private const int LongestName = 200;

    private readonly List<(string? Name, int Index)> path = [];

    /// <summary>
    /// False when something cannot be read as text (an escaped half of a surrogate pair), or as a name. A member that is there
    /// twice is a finding, but can be read.
    /// </summary>
    public bool Passes(JsonElement element) => findings.IsFull || element.ValueKind switch
    {
        JsonValueKind.String => IsText(element),
        JsonValueKind.Array => PassesArray(element),
        JsonValueKind.Object => PassesObject(element),
        _ => true,
    };

    private bool PassesArray(JsonElement array)
    {
        bool passes = true;
        int index = 0;
        foreach (var item in array.EnumerateArray()) passes &= At((null, index++), item);
        return passes;
    }

    private bool PassesObject(JsonElement element)
    {
        bool passes = true;
        var seen = new HashSet<string>();
        foreach (var member in element.EnumerateObject())
        {
            if (NameOf(member) is not { } name)
            {
                findings.Invalid(Pointer(), $"has a member whose name is not Unicode, or over {LongestName} characters");
                passes = false;
                continue;
            }
            if (!seen.Add(name)) findings.Invalid(JsonBody.Append(Pointer(), name), "is there more than once");
            passes &= At((name, 0), member.Value);
        }
        return passes;
    }

    private bool At((string?, int) step, JsonElement value)
    {
        path.Add(step);
        bool passes = Passes(value);
        path.RemoveAt(path.Count - 1);
        return passes;
    }

    private bool IsText(JsonElement element)
    {
        try
        {
            element.GetString();
            return true;
        }
        catch (InvalidOperationException)   // how the reader says that an escape is not Unicode
        {
            findings.Invalid(Pointer(), "holds text that is not Unicode");
            return false;
        }
    }

    private static string? NameOf(JsonProperty member)
    {
        try
        {
            return member.Name.Length <= LongestName ? member.Name : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private string Pointer() => path.Aggregate("", (pointer, step) => JsonBody.Append(pointer, step.Name ?? step.Index.ToString()));
}
