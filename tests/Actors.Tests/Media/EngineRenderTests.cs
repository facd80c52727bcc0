using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Tests.Media;

/// <summary>Renders of a real journal by the real engine.</summary>
public sealed class EngineRenderTests : IDisposable
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(6);
    private readonly RecordingId id = RecordingId.New(DateTimeOffset.UtcNow);
    private readonly EngineNode node = new();

    public void Dispose() => node.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task A_part_of_a_meeting_is_made_under_its_id_and_tells_what_was_asked()
    {
        await node.WriteRunAsync(1, 0, 6, [1, 4]);
        var request = Sound(["alice"], 0.5, 5);
        var made = Assert.IsType<RenderMediaResult.Made>(await RenderAsync(request)).File;

        Assert.Equal(("mix", "audio/ogg", "opus", TimeSpan.FromSeconds(4.5), request), (made.Kind, made.ContentType, made.Codec, made.Duration, made.Render));
        Assert.InRange(made.Loudness!.Value, -17.5, -14.5);
        Assert.Equal($"{id}.ogg", Path.GetFileName(made.Path));
        Assert.Equal("OggS"u8, node.Content(made).AsSpan(0, 4));
        Assert.Equal([made.Path], Directory.GetFiles(node.Meeting.Recordings));

        node.Engine.DiscardRender(node.Id, id);
        Assert.Empty(Directory.GetFiles(node.Meeting.Recordings));
        node.Engine.DiscardRender(node.Id, id);
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_somebody_who_said_nothing_there_is_silence()
    {
        await node.WriteRunAsync(1, 0, 6, [1, 4]);
        var made = Assert.IsType<RenderMediaResult.Made>(await RenderAsync(Sound(["bob"], 0, 6))).File;
        Assert.Equal((null, Duration), (made.Loudness, made.Duration));
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_its_key_a_meeting_cannot_be_rendered_and_trying_again_is_no_use()
    {
        await node.WriteRunAsync(1, 0, 1, [0]);
        File.Delete(node.Meeting.Key);
        var failed = Assert.IsType<RenderMediaResult.Failed>(await RenderAsync(Sound(null, 0, 1)));
        Assert.Equal(("key_unavailable", false), (failed.Reason, failed.CanRetry));
    }

    [Fact(Timeout = 60_000)]
    public async Task Where_nothing_can_be_written_it_is_worth_trying_again()
    {
        await node.WriteRunAsync(1, 0, 1, [0]);
        await File.WriteAllTextAsync(node.Meeting.Recordings, "a file where a folder should be");
        var failed = Assert.IsType<RenderMediaResult.Failed>(await RenderAsync(Sound(null, 0, 1)));
        Assert.Equal(("storage_failed", true), (failed.Reason, failed.CanRetry));
        Assert.DoesNotContain(node.Meeting.Path, failed.Detail);
    }

    [Fact(Timeout = 60_000)]
    public async Task On_a_disk_that_is_nearly_full_nothing_is_made_so_that_meetings_can_go_on()
    {
        using var full = new EngineNode(firstPort: 30000, diskReserve: long.MaxValue);
        await full.WriteRunAsync(1, 0, 1, [0]);
        var failed = Assert.IsType<RenderMediaResult.Failed>(await full.Engine.RenderAsync(full.Job(), Duration, Sound(null, 0, 1), RenderText.None, id, new Progress<double>(), default));
        Assert.Equal(("storage_failed", true), (failed.Reason, failed.CanRetry));
        Assert.False(Directory.Exists(full.Meeting.Recordings));
    }

    private static RenderRequest Sound(IReadOnlyList<string>? participants, double from, double to) =>
        new(null, participants, TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to), 0, 0, RenderFormat.Ogg);

    private Task<RenderMediaResult> RenderAsync(RenderRequest request) =>
        node.Engine.RenderAsync(node.Job(), Duration, request, RenderText.None, id, new Progress<double>(), default);
}
