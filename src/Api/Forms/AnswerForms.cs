using Microsoft.Net.Http.Headers;

namespace Pipeline.Api.Forms;

/// <summary>The forms one resource is answered in: chosen by the query's word, else by `Accept` (RFC 9110 §12.5.1).</summary>
/// <param name="forms">The word and the media type of each; the first is JSON, for whoever does not care.</param>
internal sealed class AnswerForms(params (string Format, string MediaType)[] forms)
{
    /// <summary>For people, in one line.</summary>
    public string Formats { get; } = string.Join(", ", forms.Select(form => form.Format));
    public string MediaTypes { get; } = string.Join(", ", forms.Select(form => form.MediaType));

    public bool Has(string format) => forms.Any(form => form.Format == format);

    public string MediaTypeOf(string format) => forms.First(form => form.Format == format).MediaType;

    /// <summary>The form that `Accept` likes best, the first where it does not care; null when it wants none of these.</summary>
    public string? Preferred(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        if (accepted.Count == 0) return forms[0].Format;
        return accepted.Where(type => type.Quality is not 0)
            .OrderByDescending(type => type, MediaTypeHeaderValueComparer.QualityComparer)
            .Select(type => forms.FirstOrDefault(form => new MediaTypeHeaderValue(form.MediaType).IsSubsetOf(Plain(type))).Format)
            .FirstOrDefault(format => format is not null);
    }

    /// <summary>Without parameters: a charset or a profile does not make it another form.</summary>
    private static MediaTypeHeaderValue Plain(MediaTypeHeaderValue type) => new(type.MediaType);
}
