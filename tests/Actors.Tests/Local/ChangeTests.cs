using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

public sealed class ChangeTests : IAsyncLifetime
{
    private static readonly TenantId Acme = Node.Acme;
    private static readonly TrackPatch Deny = new(Consent: "denied");
    private Node node = null!;

    public async Task InitializeAsync() => node = await Node.StartAsync();
    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact(Timeout = 60_000)]
    public async Task A_port_of_a_tracks_own_is_kept_for_it_and_of_one_that_is_refused_given_back()
    {
        var meeting = await node.CreateAsync(null, Tracks.Of("alice"));
        var own = Tracks.Of("bob") with { OwnPort = true };

        var added = Assert.IsType<AddTracksResult.Added>(await node.Meetings.AddTracksAsync(Acme, meeting.Id, [own, own], default));

        var ports = added.Tracks.Select(t => t.Track.Port!.Value).ToList();
        Assert.Equal(ports.Distinct(), node.Engine.Reserved.Keys.Order());           // this media takes none
        Assert.IsType<AddTracksResult.AmbiguousTrack>(await node.Meetings.AddTracksAsync(Acme, meeting.Id, [own, Tracks.Of("carol")], default));
        Assert.IsType<AddTracksResult.NotFound>(await node.Meetings.AddTracksAsync(Acme, MeetingId.New(DateTimeOffset.UtcNow), [own], default));
        node.Engine.IsFull = true;
        Assert.IsType<AddTracksResult.NoCapacity>(await node.Meetings.AddTracksAsync(Acme, meeting.Id, [own], default));
        Assert.IsType<CreateMeetingResult.NoCapacity>(await node.Meetings.CreateAsync(Acme, new MeetingSpec(), [own], default));
        Assert.Equal(ports.Order(), node.Engine.Reserved.Keys.Order());
    }

    [Fact(Timeout = 60_000)]
    public async Task New_words_to_expect_are_told_to_the_media_that_runs_and_kept()
    {
        var id = (await node.CreateAsync(new MeetingSpec { Vocabulary = ["Kubernetes"] }, Tracks.Of("alice", ssrc: 7))).Id;
        await node.Meetings.PatchAsync(Node.Acme, id, new MeetingPatch { Vocabulary = ["Terraform", "Ansible"] }, default);
        await node.Meetings.PatchAsync(Node.Acme, id, new MeetingPatch(Title: "Other"), default);
        Assert.Equal(["expect Terraform, Ansible"], node.Engine.Newest.Told);
        await node.RestartAsync();
        Assert.Equal(["Terraform", "Ansible"], node.Engine.OpenAsked.Last().Spec.Vocabulary);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_denied_consent_is_answered_once_the_media_took_it_also_when_it_is_said_again()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var (alice, slow) = (made.Tracks[0].Track.Id, new TaskCompletionSource());
        node.Engine.Newest.BeforeTold = slow.Task;

        var first = node.Meetings.PatchTrackAsync(Acme, made.Id, alice, Deny, default);
        await node.UntilAsync(made.Id, m => m.Tracks[0].Track.Spec.Participant.IsDenied);
        var second = node.Meetings.PatchTrackAsync(Acme, made.Id, alice, Deny, default);
        await node.Meetings.QualityAsync(Acme, made.Id, default);                    // a letter behind both
        Assert.False(first.IsCompleted || second.IsCompleted);

        slow.SetResult();
        Assert.True(Assert.IsType<PatchTrackResult.Patched>(await first).Track.Track.Spec.Participant.IsDenied);
        Assert.IsType<PatchTrackResult.Patched>(await second);
        Assert.Equal(["alice denied", "alice denied"], node.Engine.Newest.Told);
        Assert.Single(await node.LedgerAsync(made.Id), t => t == "consent.changed");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_consent_the_media_could_not_be_told_of_is_not_answered_as_done_and_can_be_said_again()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        node.Engine.Newest.TellFails = new IOException("the disk is gone");
        await Assert.ThrowsAsync<IOException>(() => node.Meetings.PatchTrackAsync(Acme, made.Id, made.Tracks[0].Track.Id, Deny, default));

        node.Engine.Newest.TellFails = null;
        Assert.IsType<PatchTrackResult.Patched>(await node.Meetings.PatchTrackAsync(Acme, made.Id, made.Tracks[0].Track.Id, Deny, default));
        Assert.Equal(["alice denied"], node.Engine.Newest.Told);
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_denied_is_told_to_the_media_before_their_track_and_to_the_next_run_by_its_job()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        await node.Meetings.AddTracksAsync(Acme, made.Id, [Denied("bob", 112)], default);
        Assert.Equal(["bob denied"], node.Engine.Newest.Told);

        await node.RestartAsync();
        Assert.Equal(["bob"], node.Engine.Newest.Job.Denied);
        await node.Meetings.PatchTrackAsync(Acme, made.Id, made.Tracks[0].Track.Id, new TrackPatch("Alice B.", Ssrc: new SsrcPatch(7)), default);
        Assert.Equal(["track 1 Alice B. 7"], node.Engine.Newest.Told);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_decided_while_the_media_is_being_opened_is_answered_once_it_knows()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var (opening, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        node.Engine.BeforeOpen = _ => { opening.TrySetResult(); return go.Task; };
        node.Engine.Newest.Breaks.SetResult();
        await node.Store.UntilAsync(async () => (await node.LedgerAsync(made.Id)).Contains("meeting.recovered"));
        node.Clock.Advance(TimeSpan.FromSeconds(3));
        await opening.Task;                                                          // by a job that knows of nothing that follows

        var denied = node.Meetings.PatchTrackAsync(Acme, made.Id, made.Tracks[0].Track.Id, Deny, default);
        var added = node.Meetings.AddTracksAsync(Acme, made.Id, [Denied("bob", 112)], default);
        await node.UntilAsync(made.Id, m => m.Tracks.Count == 2);
        Assert.False(denied.IsCompleted || added.IsCompleted);
        go.SetResult();

        Assert.IsType<PatchTrackResult.Patched>(await denied);
        Assert.IsType<AddTracksResult.Added>(await added);
        Assert.Empty(node.Engine.Newest.Job.Denied);
        Assert.Equal(["alice denied", "bob denied"], node.Engine.Newest.Told);
        Assert.Single(node.Engine.Newest.Added);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_decided_while_the_media_is_being_opened_is_so_before_a_stop_that_follows_it()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var (opening, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        node.Engine.BeforeOpen = _ => { opening.TrySetResult(); return go.Task; };
        string[] toldBeforeStop = [];
        node.Engine.BeforeStop = _ => { toldBeforeStop = [.. node.Engine.Newest.Told]; return Task.CompletedTask; };
        node.Engine.Newest.Breaks.SetResult();
        await node.Store.UntilAsync(async () => (await node.LedgerAsync(made.Id)).Contains("meeting.recovered"));
        node.Clock.Advance(TimeSpan.FromSeconds(3));
        await opening.Task;

        var denied = node.Meetings.PatchTrackAsync(Acme, made.Id, made.Tracks[0].Track.Id, Deny, default);
        await node.UntilAsync(made.Id, m => m.Tracks[0].Track.Spec.Participant.IsDenied);
        var paused = node.Meetings.PauseAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, m => m.Paused);
        await node.Meetings.StopAsync(Acme, made.Id, default);
        Assert.False(denied.IsCompleted || paused.IsCompleted);
        go.SetResult();

        Assert.IsType<PatchTrackResult.Patched>(await denied);
        Assert.IsType<PauseMeetingResult.Done>(await paused);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.Equal(["alice denied", "pause"], toldBeforeStop);
    }

    [Fact(Timeout = 60_000)]
    public async Task Media_that_does_not_answer_keeps_no_meeting_from_its_end()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var never = new TaskCompletionSource();
        node.Engine.Newest.BeforeTold = never.Task;
        var paused = node.Meetings.PauseAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, m => m.Paused);
        await node.Meetings.StopAsync(Acme, made.Id, default);

        var ended = node.UntilAsync(made.Id, MeetingStatus.Completed);
        while (!ended.IsCompleted)
        {
            node.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        await ended;
        Assert.False(paused.IsCompleted);
        never.SetResult();
        await paused;
    }

    [Fact(Timeout = 60_000)]
    public async Task An_ended_meeting_gets_its_title_and_is_found_by_it_and_its_metadata()
    {
        var made = await node.CreateAsync();
        await node.Meetings.StopAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        var patch = new MeetingPatch("Quarterly review", new Dictionary<string, string?> { ["case"] = "A-17" });

        var patched = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => node.Meetings.PatchAsync(
            Acme, made.Id, patch with { Metadata = new Dictionary<string, string?> { ["case"] = "A-17", [$"k{n}"] = "v" } }, default)));

        Assert.All(patched, p => Assert.IsType<PatchMeetingResult.Patched>(p));
        Assert.Equal(9, (await node.FindAsync(made.Id)).Spec.Metadata.Count);        // nobody overwrote another
        var query = new MeetingQuery { Text = "QUARTERLY", Metadata = new Dictionary<string, string> { ["case"] = "A-17" } };
        Assert.Single((await node.Meetings.ListAsync(Acme, query, default)).Meetings);
        Assert.Empty((await node.Meetings.ListAsync(Acme, new MeetingQuery { Text = "weekly" }, default)).Meetings);
        Assert.IsType<PatchMeetingResult.NotFound>(await node.Meetings.PatchAsync(new TenantId("other"), made.Id, patch, default));
        Assert.IsType<PatchMeetingResult.OtherVersion>(await node.Meetings.PatchAsync(Acme, made.Id, patch with { OnlyAt = made.Version }, default));
    }

    private static TrackSpec Denied(string participant, byte payloadType)
    {
        var track = Tracks.Of(participant, payloadType);
        return track with { Participant = track.Participant with { Consent = "denied" } };
    }
}
