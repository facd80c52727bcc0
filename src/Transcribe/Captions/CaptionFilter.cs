using System.IO.Compression;
using System.Text;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>
/// Takes out what a speech model makes up: loops, text faster than anyone speaks, what it is not sure of, stock phrases over near silence.
/// Places what is left on the meeting's timeline. Pure.
/// </summary>
internal static class CaptionFilter
{
    private const int MaxPhraseWords = 5, MaxRepeats = 3;

    /// <summary>Fast speakers reach 6 words and 22 characters a second.</summary>
    private const double MaxWordsPerSecond = 9, MaxCharactersPerSecond = 30;

    /// <summary>Text that shrinks more than this says the same again and again. Shorter texts shrink too little to tell.</summary>
    private const double MaxCompression = 2.4;
    private const int MinCompressedBytes = 80;

    // Mean log probability of the words. Right text lies above −0.5.
    private const double NeverBelow = -1.3, NotWhenQuietBelow = -1.0, StockPhraseBelow = -0.7;

    /// <summary>dBFS after pre-emphasis; a person at a microphone is above −45.</summary>
    private const float QuietLevel = -50;

    /// <summary>How far outside of the detected speech a word may lie: the model's times are that coarse.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ShortSpeech = TimeSpan.FromSeconds(3);

    // What models learnt from subtitles and say into silence. People say such things too, so they go only where nothing speaks for them.
    private static readonly Dictionary<string, string[]> StockPhrases = new(StringComparer.Ordinal)
    {
        ["en"] = ["thank you", "thank you for watching", "thanks for watching", "please subscribe", "you", "bye"],
        ["de"] = ["vielen dank", "untertitel von stephanie geiges", "bis zum nächsten mal"],
        ["fr"] = ["merci d'avoir regardé cette vidéo", "sous-titrage société radio-canada"],
        ["es"] = ["gracias por ver el video", "suscríbete"],
    };

    /// <param name="heard">With times since the utterance's first sample.</param>
    /// <param name="glossary">What the engine was told to expect, if anything.</param>
    /// <returns>Words with times since the meeting began, in order, inside the utterance's speech; empty where none is believed.</returns>
    public static IReadOnlyList<Word> Apply(Utterance utterance, IReadOnlyList<SpokenWord> heard, string language, string? glossary = null)
    {
        var speechStart = Time(utterance.SpeechStart);
        var speechEnd = Time(utterance.SpeechEnd);
        var kept = WithoutLoops(heard);
        var words = AreCrammed(kept) ? Spread(kept, speechStart, speechEnd) : Place(kept, Time(utterance.FirstSample), speechStart, speechEnd);
        SpokenWord[] placed = [.. words.Select(word => new SpokenWord(word.Text, word.Start, word.End, word.Confidence))];
        if (AreCrammed(placed)) words = Spread(placed, speechStart, speechEnd);       // their times were mostly behind the end
        return words.Count > 0 && IsBelieved(words, speechEnd - speechStart, utterance.Level, language, glossary) ? words : [];
    }

    /// <summary>Cut where the same one to five words come for the fourth time in a row; the first time is kept.</summary>
    internal static IReadOnlyList<SpokenWord> WithoutLoops(IReadOnlyList<SpokenWord> words)
    {
        string[] plain = [.. words.Select(word => Plain(word.Text))];
        for (int start = 0; start < plain.Length; start++)
            for (int length = 1; length <= MaxPhraseWords; length++)
            {
                int repeats = 1;
                while (SamePhrase(plain, start, start + repeats * length, length)) repeats++;
                if (repeats > MaxRepeats) return [.. words.Take(start + length)];
            }
        return words;
    }

    private static bool SamePhrase(string[] plain, int first, int second, int length)
    {
        if (second + length > plain.Length) return false;
        return plain.AsSpan(first, length).SequenceEqual(plain.AsSpan(second, length));
    }

    /// <summary>
    /// Where the sound ends in the middle of a word, as it does where a recorder was killed, the engine may give all words the time of the
    /// end: nobody says them so fast.
    /// </summary>
    private static bool AreCrammed(IReadOnlyList<SpokenWord> words) =>
        words.Count > 1 && words.Sum(word => word.Text.Length + 1) > MaxCharactersPerSecond * (words[^1].End - words[0].Start).TotalSeconds;

    /// <summary>Each word gets its share of the speech, by its length: the best guess where the engine's times say nothing.</summary>
    private static List<Word> Spread(IReadOnlyList<SpokenWord> words, TimeSpan speechStart, TimeSpan speechEnd)
    {
        var spread = new List<Word>(words.Count);
        double all = words.Sum(word => word.Text.Length + 1), done = 0;
        foreach (var word in words)
        {
            var start = speechStart + (speechEnd - speechStart) * (done / all);
            done += word.Text.Length + 1;
            spread.Add(new Word(word.Text, start, speechStart + (speechEnd - speechStart) * (done / all), word.Confidence));
        }
        return spread;
    }

    private static List<Word> Place(IReadOnlyList<SpokenWord> words, TimeSpan origin, TimeSpan speechStart, TimeSpan speechEnd)
    {
        var placed = new List<Word>(words.Count);
        var earliest = speechStart;
        var (from, scale) = words.Count == 0 ? (speechStart, 1) : Stretch(words, origin, speechStart);
        foreach (var word in words)
        {
            var start = from + scale * (word.Start - words[0].Start);
            var end = from + scale * (word.End - words[0].Start);
            if (start > speechEnd + Slack || end < speechStart - Slack) continue;

            start = Clamp(start, earliest, speechEnd);
            placed.Add(new Word(word.Text, start, Clamp(end, start, speechEnd), word.Confidence));
            earliest = start;
        }
        return placed;
    }

    /// <summary>
    /// The engine gives its start token a share of the time, so words come late, the first by up to half a second. Where the detector heard
    /// the speech begin shortly before, the words are stretched to begin there; the last one's end stays.
    /// </summary>
    private static (TimeSpan From, double Scale) Stretch(IReadOnlyList<SpokenWord> words, TimeSpan origin, TimeSpan speechStart)
    {
        var first = origin + words[0].Start;
        var last = origin + words[^1].End;
        bool late = first > speechStart && first - speechStart <= Slack && last > first;
        return late ? (speechStart, (last - speechStart) / (last - first)) : (first, 1);
    }

    private static bool IsBelieved(List<Word> words, TimeSpan speech, float level, string language, string? glossary)
    {
        // Half a second holds one word whatever its length.
        double seconds = Math.Max(0.5, speech.TotalSeconds);
        int characters = words.Sum(word => word.Text.Length + 1);
        if (words.Count > MaxWordsPerSecond * seconds || characters > MaxCharactersPerSecond * seconds) return false;

        double logProbability = words.Average(word => Math.Log(Math.Max(word.Confidence, 1e-6)));
        if (logProbability < NeverBelow) return false;
        if (logProbability < NotWhenQuietBelow && level < QuietLevel) return false;

        string text = string.Join(' ', words.Select(word => word.Text));
        if (Compression(text) > MaxCompression) return false;

        bool unsupported = level < QuietLevel || logProbability < StockPhraseBelow;
        if (!unsupported) return true;
        return !(speech < ShortSpeech && IsStockPhrase(text, language)) && !Glossary.IsEcho(glossary, [.. words.Select(word => word.Text)]);
    }

    private static bool IsStockPhrase(string text, string language) =>
        StockPhrases.TryGetValue(language, out string[]? phrases)
        && phrases.Contains(string.Join(' ', text.Split(' ').Select(Plain)), StringComparer.Ordinal);

    private static double Compression(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length < MinCompressedBytes) return 1;
        var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true)) zlib.Write(bytes);
        return (double)bytes.Length / compressed.Length;
    }

    /// <summary>A word without what may differ where the same is said.</summary>
    internal static string Plain(string word) => word.ToLowerInvariant().Trim('.', ',', '!', '?', ';', ':', '"', '…');

    internal static TimeSpan Time(long sample) => TimeSpan.FromTicks(sample * (TimeSpan.TicksPerSecond / SpeechJob.SampleRate));

    private static TimeSpan Clamp(TimeSpan value, TimeSpan min, TimeSpan max) => value < min ? min : value > max ? max : value;
}
