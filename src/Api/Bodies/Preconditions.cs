using Microsoft.Net.Http.Headers;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Bodies;

/// <summary>A change is only meant for what its sender has seen: `If-Match` (RFC 9110 §13.1.1).</summary>
internal sealed class Preconditions
{
    private readonly IList<EntityTagHeaderValue> expected;

    private Preconditions(IList<EntityTagHeaderValue> expected) => this.expected = expected;

    /// <summary>Null unless the header is there and cannot be read.</summary>
    /// <param name="read">Null where there are none: no header, or `*`, which is met by whatever there is.</param>
    public static Problem? TryRead(HttpRequest request, out Preconditions? read)
    {
        read = null;
        if (request.Headers.IfMatch.Count == 0) return null;
        var tags = request.GetTypedHeaders().IfMatch;
        if (tags.Count == 0) return Problem.BadHeader("`If-Match` must be `*` or entity tags.");
        if (!tags.Contains(EntityTagHeaderValue.Any)) read = new Preconditions(tags);
        return null;
    }

    /// <param name="now">The tag of what there is now.</param>
    public bool HoldFor(EntityTagHeaderValue now) => expected.Any(tag => tag.Compare(now, useStrongComparison: true));
}
