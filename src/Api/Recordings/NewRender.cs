using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Json;
using Pipeline.Api.Problems;
using Pipeline.Ingest.Recording;

namespace Pipeline.Api.Recordings;

/// <summary>A file to be made of a meeting that is over. For the API's description: <see cref="NewRender"/> does the reading.</summary>
internal sealed record NewRenderDto
{
    /// <summary>"grid", "speaker" or "screen", with "mp4" and "webm"; null with the others, which are sound alone.</summary>
    public string? Layout { get; init; }
    /// <summary>Ids of those to be heard and seen; null: everybody.</summary>
    public IReadOnlyList<string>? Participants { get; init; }
    [Range(0, int.MaxValue), DefaultValue(0)]
    public int FromMs { get; init; }
    /// <summary>Null: the meeting's end.</summary>
    public int? ToMs { get; init; }
    /// <summary>Even.</summary>
    [Range(NewRender.Smallest, NewRender.Largest), DefaultValue(NewRender.Width)]
    public int Width { get; init; } = NewRender.Width;
    /// <summary>Even.</summary>
    [Range(NewRender.Smallest, NewRender.Largest), DefaultValue(NewRender.Height)]
    public int Height { get; init; } = NewRender.Height;
    /// <summary>"mp4", "webm", "m4a", "ogg" or "wav".</summary>
    public required string Format { get; init; }
}

/// <summary>Reads the body of `POST …/renders`.</summary>
internal static class NewRender
{
    public const int Smallest = 128;
    public const int Largest = 1920;
    public const int Width = 1280;
    public const int Height = 720;
    /// <summary>As many as a meeting can have tracks.</summary>
    private const int MostParticipants = Meeting.MaxTracks;
    private static readonly string[] Layouts = ["grid", "speaker", "screen"], Formats = ["mp4", "webm", "m4a", "ogg", "wav"];

    /// <summary>Null when there is something to make; else everything that is wrong.</summary>
    public static Problem? TryRead(RequestBody body, MeetingView meeting, out RenderRequest request)
    {
        request = new RenderRequest(null, null, TimeSpan.Zero, TimeSpan.Zero, 0, 0, default);
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        if (JsonFields.Of(root, "", findings) is { } fields)
        {
            var format = ReadFormat(fields);
            var layout = ReadLayout(fields, format);
            var (from, to) = ReadPart(fields, meeting.Duration);
            var (width, height) = ReadSize(fields, format);
            request = new RenderRequest(layout, ReadParticipants(fields, meeting), from, to, width, height, format ?? default);
            fields.RefuseOthers();
        }
        return findings.Refusal();
    }

    private static RenderFormat? ReadFormat(JsonFields fields)
    {
        if (fields.TryGet("format", out _)) return fields.OneOf("format", "", Formats) is { Length: > 0 } word ? Enum.Parse<RenderFormat>(word, ignoreCase: true) : null;
        fields.Invalid("format", "is required");
        return null;
    }

    private static bool HasPictures(RenderFormat? format) => format is RenderFormat.Mp4 or RenderFormat.WebM;

    /// <param name="format">Null: nobody knows what it was to be.</param>
    private static RenderLayout? ReadLayout(JsonFields fields, RenderFormat? format)
    {
        if (!fields.TryGet("layout", out _, nullable: true))
        {
            if (HasPictures(format)) fields.Invalid("layout", "is required where there are pictures");
            return null;
        }
        if (fields.OneOf("layout", "", Layouts) is not { Length: > 0 } word) return null;
        if (format is not null && !HasPictures(format)) fields.Invalid("layout", "is for mp4 and webm: the other formats are sound alone");
        return Enum.Parse<RenderLayout>(word, ignoreCase: true);
    }

    /// <summary>The end is known to the millisecond: told so, it is the end, whatever is behind that.</summary>
    private static (TimeSpan From, TimeSpan To) ReadPart(JsonFields fields, TimeSpan duration)
    {
        long length = Milliseconds.Of(duration);
        long from = fields.Integer("from_ms", 0, 0, Math.Max(0, length - 1));
        long to = fields.NullableInteger("to_ms", 1, Math.Max(1, length)) ?? length;
        if (to <= from) fields.Invalid("to_ms", "must be after from_ms");
        return (TimeSpan.FromMilliseconds(from), to == length ? duration : TimeSpan.FromMilliseconds(to));
    }

    private static (int Width, int Height) ReadSize(JsonFields fields, RenderFormat? format)
    {
        var (width, height) = (Read("width", Width), Read("height", Height));
        return HasPictures(format) ? (width, height) : (0, 0);

        int Read(string name, int fallback)
        {
            if (!fields.TryGet(name, out _)) return fallback;
            int size = (int)fields.Integer(name, fallback, Smallest, Largest);
            if (size % 2 != 0) fields.Invalid(name, "must be even");
            if (format is not null && !HasPictures(format)) fields.Invalid(name, "is for mp4 and webm: the other formats are sound alone");
            return size;
        }
    }

    private static List<string>? ReadParticipants(JsonFields fields, MeetingView meeting)
    {
        if (!fields.TryGet("participants", out _, nullable: true)) return null;
        var asked = fields.Array("participants");
        if (asked.Count is 0 or > MostParticipants) fields.Invalid("participants", $"must have 1 to {MostParticipants} ids");
        var known = meeting.Tracks.Select(view => view.Track.Spec.Participant.Id).ToHashSet();
        List<string> participants = [];
        for (int i = 0; i < asked.Count; i++)
        {
            string at = $"{fields.Pointer("participants")}/{i}";
            if (asked[i].ValueKind != JsonValueKind.String) fields.Findings.Invalid(at, "must be a string");
            else if (asked[i].GetString()! is var id && !known.Contains(id)) fields.Findings.Invalid(at, "is nobody of this meeting");
            else if (participants.Contains(id)) fields.Findings.Invalid(at, "is there more than once");
            else participants.Add(id);
        }
        return participants;
    }
}
