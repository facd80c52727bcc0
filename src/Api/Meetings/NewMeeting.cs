using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Meetings;

/// <summary>What a platform posts to have a meeting recorded. For the API's description: <see cref="NewMeeting"/> does the reading.</summary>
internal sealed record NewMeetingDto
{
    [MaxLength(NewMeeting.LongestTitle), DefaultValue("")]
    public string Title { get; init; } = "";
    [MaxLength(NewMeeting.LongestExternalId)]
    public string? ExternalId { get; init; }
    /// <summary>BCP 47, or "auto".</summary>
    [DefaultValue("auto")]
    public string Language { get; init; } = "auto";
    public IReadOnlyList<NewTrackDto> Tracks { get; init; } = [];
    /// <summary>Null: the platform sends RTP itself.</summary>
    public NewSourceDto? Source { get; init; }
    /// <summary>Any of "mix", "tracks" and "video".</summary>
    public IReadOnlyList<string> Outputs { get; init; } = ["mix", "tracks"];
    [DefaultValue(true)]
    public bool Captions { get; init; } = true;
    [DefaultValue(true)]
    public bool Minutes { get; init; } = true;
    [Range(60, 86400), DefaultValue(14400)]
    public int MaxDurationS { get; init; } = 14400;
    /// <summary>No RTP on any track for so long ends the meeting; 0: never.</summary>
    [Range(0, int.MaxValue), DefaultValue(300)]
    public int IdleTimeoutS { get; init; } = 300;
    /// <summary>Words that are likely to be said, the most important first: at most 100 of at most 100 characters.</summary>
    [MaxLength(NewMeeting.MostWords)]
    public IReadOnlyList<string> Vocabulary { get; init; } = [];
    /// <summary>"en": captions and transcript are English, whatever is spoken; null: as it is spoken.</summary>
    public string? TranslateTo { get; init; }
    /// <summary>At most 50 members, values of at most 500 characters.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}

/// <summary>Reads the body of `POST /v1/meetings`.</summary>
internal static partial class NewMeeting
{
    public const int LongestTitle = 1000;
    public const int LongestExternalId = 500;
    public const int MostWords = 100, LongestWord = 100;
    public const int LongestMetadataName = 100;
    public const int LongestMetadata = 500;

    /// <summary>Null when there is a meeting to create; else everything that is wrong.</summary>
    public static Problem? TryRead(RequestBody body, out MeetingSpec spec, out IReadOnlyList<TrackSpec> tracks)
    {
        (spec, tracks) = (new MeetingSpec(), []);
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        if (JsonFields.Of(root, "", findings) is { } fields)
        {
            spec = new MeetingSpec
            {
                Title = fields.Text("title", "", LongestTitle),
                ExternalId = fields.NullableText("external_id", LongestExternalId),
                Language = ReadLanguage(fields),
                Vocabulary = ReadVocabulary(fields),
                TranslateTo = ReadTranslation(fields),
                Outputs = ReadOutputs(fields),
                Captions = fields.Flag("captions", true),
                Minutes = fields.Flag("minutes", true),
                MaxDuration = TimeSpan.FromSeconds(fields.Integer("max_duration_s", 14400, 60, 86400)),
                IdleTimeout = TimeSpan.FromSeconds(fields.Integer("idle_timeout_s", 300, 0, int.MaxValue)),
                Source = NewSource.Read(fields),
                Metadata = fields.Texts("metadata", MeetingPatch.MaxMetadata, LongestMetadataName, LongestMetadata),
            };
            tracks = NewTrack.ReadAll(fields.Array("tracks"), fields.Pointer("tracks"), findings);
            RefuseNotBuilt(fields);
            fields.RefuseOthers();
        }
        return findings.Refusal();
    }

    private static string ReadLanguage(JsonFields fields)
    {
        string language = fields.Text("language", "auto", longest: 35, shortest: 1);
        if (language != "auto" && !LanguageTag().IsMatch(language)) fields.Invalid("language", "must be a BCP 47 tag such as \"en\" or \"pt-BR\", or \"auto\"");
        return language;
    }

    /// <summary>The engine translates to English, and to nothing else.</summary>
    private static string? ReadTranslation(JsonFields fields)
    {
        if (fields.NullableText("translate_to", longest: 35, shortest: 1) is not { } language) return null;
        if (!LanguageTag().IsMatch(language)) fields.Invalid("translate_to", "must be a BCP 47 tag such as \"en\", or null");
        else if (!language.Split('-')[0].Equals("en", StringComparison.OrdinalIgnoreCase)) fields.NotBuilt("translate_to", "speech is translated to English only");
        return language;
    }

    public static IReadOnlyList<string> ReadVocabulary(JsonFields fields) => fields.TextList("vocabulary", MostWords, LongestWord);

    private static IReadOnlyList<string> ReadOutputs(JsonFields fields)
    {
        if (!fields.TryGet("outputs", out _)) return new MeetingSpec().Outputs;
        var outputs = new List<string>();
        int index = 0;
        foreach (var item in fields.Array("outputs"))
        {
            string at = $"{fields.Pointer("outputs")}/{index++}";
            switch (item.ValueKind == JsonValueKind.String ? item.GetString() : null)
            {
                case "mix" or "tracks" or "video" when outputs.Contains(item.GetString()!): fields.Findings.Invalid(at, "is there more than once"); break;
                case ("mix" or "tracks" or "video") and { } output: outputs.Add(output); break;
                default: fields.Findings.Invalid(at, "must be one of mix, tracks, video"); break;
            }
        }
        return outputs;
    }

    /// <summary>Members of the contract that have only their default so far.</summary>
    private static void RefuseNotBuilt(JsonFields fields)
    {
        RefuseUnusedMembers(fields);
        if (fields.Integer("redundancy", 1, int.MinValue, int.MaxValue) != 1) fields.NotBuilt("redundancy", "a meeting is recorded once");
        if (fields.NullableText("region", longest: 100) is not null) fields.NotBuilt("region", "there are no regions");
    }

    /// <summary>The same, of those that may change later.</summary>
    public static void RefuseUnusedMembers(JsonFields fields)
    {
        if (fields.NullableInteger("retention_days", int.MinValue, int.MaxValue) is not null) fields.NotBuilt("retention_days", "meetings are kept for ever");
    }

    [GeneratedRegex(@"\A[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\z")]
    private static partial Regex LanguageTag();
}
