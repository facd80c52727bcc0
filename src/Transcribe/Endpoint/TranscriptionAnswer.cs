using System.Text;
using System.Text.Json;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Endpoint;

/// <summary>
/// Reads what an OpenAI-compatible endpoint answers in the form <c>verbose_json</c>. Servers differ: words may stand beside the segments (OpenAI) or in
/// them (whisper.cpp), be whole words or tokens that begin one with a space, and have a probability or none. Pure.
/// </summary>
internal static class TranscriptionAnswer
{
    private const int MaxWords = 4096;

    /// <summary>Of words nothing is said about: neither sure enough to be left alone nor so unsure that it is dropped.</summary>
    private const double UnknownConfidence = 0.8;

    /// <param name="duration">Of the sound: no word lies beyond it.</param>
    /// <param name="asked">The language, where the answer names none that is known.</param>
    /// <exception cref="InvalidDataException">It is no such answer.</exception>
    public static RecognizeOutcome.Recognized Read(ReadOnlyMemory<byte> json, TimeSpan duration, string asked)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.String)
                throw new InvalidDataException("The answer has no text.");
            string language = root.TryGetProperty("language", out var named) && named.ValueKind == JsonValueKind.String ? LanguageNames.CodeOf(named.GetString()!) ?? asked : asked;
            var segments = Items(root, "segments").ToList();
            var pieces = Items(root, "words").Select(word => Piece(word, ConfidenceOf(segments, word))).OfType<Heard>().ToList();
            if (pieces.Count == 0) pieces = [.. segments.SelectMany(segment => Items(segment, "words").Select(word => Piece(word, Confidence(segment)))).OfType<Heard>()];
            if (pieces.Count == 0) pieces = [.. segments.SelectMany(segment => Spread(segment.TryGetProperty("text", out var said) ? said.GetString() : null, Span(segment, duration), Confidence(segment)))];
            if (pieces.Count == 0) pieces = [.. Spread(text.GetString(), (TimeSpan.Zero, duration), UnknownConfidence)];
            return new RecognizeOutcome.Recognized(Words(pieces, duration), language);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or OverflowException)
        {
            throw new InvalidDataException("The answer is not what was asked for.", e);
        }
    }

    private sealed record Heard(string Text, TimeSpan Start, TimeSpan End, double Confidence);

    private static IEnumerable<JsonElement> Items(JsonElement of, string name) =>
        of.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array
            ? items.EnumerateArray().Take(MaxWords).Where(item => item.ValueKind == JsonValueKind.Object)
            : [];

    /// <summary>Null for one without text or times.</summary>
    private static Heard? Piece(JsonElement word, double confidence)
    {
        if (!word.TryGetProperty("word", out var text) || text.GetString() is not { Length: > 0 } said) return null;
        if (Time(word, "start") is not { } start || Time(word, "end") is not { } end) return null;
        return new Heard(said, start, end, Number(word, "probability") is { } probability ? Math.Clamp(probability, 0, 1) : confidence);
    }

    /// <summary>Where some but the first begin with a space they are tokens, and those without one go on with the word before.</summary>
    private static List<SpokenWord> Words(List<Heard> pieces, TimeSpan duration)
    {
        bool areTokens = pieces.Skip(1).Any(piece => piece.Text[0] == ' ');
        List<List<Heard>> words = [];
        foreach (var piece in pieces)
        {
            if (words.Count == 0 || !areTokens || piece.Text[0] == ' ') words.Add([]);
            words[^1].Add(piece);
        }
        List<SpokenWord> spoken = [];
        foreach (var word in words)
        {
            var text = new StringBuilder();
            foreach (var piece in word) text.Append(piece.Text);
            string trimmed = text.Replace("\uFFFD", "").ToString().Trim();
            if (trimmed.Length == 0) continue;
            var earliest = spoken.Count == 0 ? TimeSpan.Zero : spoken[^1].Start;
            var start = Clamp(word[0].Start, earliest, duration);
            double confidence = Math.Exp(word.Average(piece => Math.Log(Math.Max(piece.Confidence, 1e-6))));
            spoken.Add(new SpokenWord(trimmed, start, Clamp(word[^1].End, start, duration), Math.Min(1, confidence)));
        }
        return spoken;
    }

    /// <summary>Each word gets its share, by its length: of those without times.</summary>
    private static IEnumerable<Heard> Spread(string? text, (TimeSpan Start, TimeSpan End) span, double confidence)
    {
        string[] words = (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        double all = words.Sum(word => word.Length + 1), done = 0;
        foreach (string word in words.Take(MaxWords))
        {
            var start = span.Start + (span.End - span.Start) * (done / all);
            done += word.Length + 1;
            yield return new Heard(word, start, span.Start + (span.End - span.Start) * (done / all), confidence);
        }
    }

    private static (TimeSpan, TimeSpan) Span(JsonElement segment, TimeSpan duration)
    {
        var start = Clamp(Time(segment, "start") ?? TimeSpan.Zero, TimeSpan.Zero, duration);
        return (start, Clamp(Time(segment, "end") ?? duration, start, duration));
    }

    /// <summary>Of the segment the word lies in.</summary>
    private static double ConfidenceOf(List<JsonElement> segments, JsonElement word)
    {
        if (Time(word, "start") is not { } start) return UnknownConfidence;
        foreach (var segment in segments)
            if (Time(segment, "end") is { } end && start < end) return Confidence(segment);
        return UnknownConfidence;
    }

    private static double Confidence(JsonElement segment) => Number(segment, "avg_logprob") is { } mean ? Math.Clamp(Math.Exp(mean), 0, 1) : UnknownConfidence;

    private static TimeSpan? Time(JsonElement of, string name) => Number(of, name) is { } seconds and >= 0 and < 86_400 ? TimeSpan.FromSeconds(seconds) : null;

    private static double? Number(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null;

    private static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;
}
