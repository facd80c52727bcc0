using Pipeline.Ingest.Recording.Composite;

namespace Pipeline.Ingest.Tests.Recording.Composite;

/// <summary>Meetings as a layout sees them; times in seconds.</summary>
internal static class People
{
    public static readonly TimeRange Minute = Range(0, 60);

    public static TimeRange Range(double from, double to) => new(TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to));

    public static CastMember Member(string id, int number, double from = 0, double to = 60, params (double From, double To)[] speaking) =>
        new(id, char.ToUpperInvariant(id[0]) + id[1..], number, [Range(from, to)], [.. speaking.Select(s => Range(s.From, s.To))]);

    public static PictureTrack Camera(int track, string who, double from = 0, double to = 60, int width = 640, int height = 360) =>
        new(track, who, IsScreen: false, [Picture(from, to, width, height)]);

    public static PictureTrack Screen(int track, string who, double from, double to, int width = 1920, int height = 1080) =>
        new(track, who, IsScreen: true, [Picture(from, to, width, height)]);

    public static PictureSpan Picture(double from, double to, int width, int height, int rotation = 0) =>
        new(TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to), width, height, rotation);

    public static LoudestSpan Loudest(string who, double from, double to) => new(TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to), who);

    /// <summary>What is shown at a time.</summary>
    public static Scene At(this IReadOnlyList<Scene> scenes, double seconds) =>
        scenes.Single(s => s.From <= (int)(seconds * LayoutTimeline.Rate) && (int)(seconds * LayoutTimeline.Rate) < s.To);

    public static string Who(this Scene scene) => string.Join(' ', scene.Tiles.Select(t => t.Participant + (t.IsScreen ? "'s screen" : "")));
}
