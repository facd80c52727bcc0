using Pipeline.Api.Problems;

namespace Pipeline.Api.Bodies;

/// <summary>Everything that is wrong with one body, so that a client hears of it at once.</summary>
internal sealed class BodyFindings
{
    /// <summary>A body can be wrong in more places than anyone wants to read about.</summary>
    private const int MaxErrors = 100;

    private readonly List<FieldError> invalid = [];
    private readonly List<FieldError> notBuilt = [];

    /// <summary>True when nobody would read more.</summary>
    public bool IsFull => invalid.Count >= MaxErrors;

    /// <summary>What is wrong, and behind it what is not built.</summary>
    public IReadOnlyList<FieldError> Errors => [.. invalid, .. notBuilt];

    public void Invalid(string pointer, string message)
    {
        if (invalid.Count < MaxErrors) invalid.Add(new FieldError(pointer, message));
    }

    /// <summary>A member whose only value, so far, is its default.</summary>
    public void NotBuilt(string pointer, string message)
    {
        if (notBuilt.Count < MaxErrors) notBuilt.Add(new FieldError(pointer, message));
    }

    /// <summary>Null when there is nothing to refuse. A wrong body is wrong first; only a right one can ask for too much.</summary>
    public Problem? Refusal() =>
        invalid.Count > 0 ? new Problem(ProblemKind.ValidationFailed, "The body has fields that are not valid.", invalid)
        : notBuilt.Count > 0 ? new Problem(ProblemKind.NotImplemented, "The body asks for what is not built yet.", notBuilt)
        : null;
}
