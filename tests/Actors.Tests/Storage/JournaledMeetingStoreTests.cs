using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Decisions;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Tests.Storage;

/// <summary>Decisions go to the meeting's journal first; for the rest it is an archive like any other.</summary>
public sealed class JournaledMeetingStoreTests : MeetingStoreContract
{
    private readonly TestKit.TemporaryFolder folder = new();
    private readonly FileKeyVault vault;
    private EmbeddedMeetingStore archive;
    private FaultyStore faulty;
    private JournaledMeetingStore store;

    public JournaledMeetingStoreTests()
    {
        vault = new FileKeyVault(folder["keys"]);
        (archive, faulty, store) = Open();
    }

    public override IMeetingStore Store => store;
    private string Data => folder["data"];

    [Fact]
    public async Task What_was_decided_is_in_the_journal_before_it_is_answered_and_comes_to_the_same_meeting()
    {
        var meeting = await StartAsync(spec: new MeetingSpec { Title = "watermelon" });
        meeting = await DoAsync(meeting, Heard(meeting, 1, 1, "pineapple"), new MeetingCommand.PauseRecording(), new MeetingCommand.ResumeRecording());
        Assert.Equivalent(meeting.View(), History(meeting).Meeting.View(), strict: true);

        meeting = await CompleteAsync(meeting);
        var segment = Assert.Single(await Store.SegmentsAsync(Acme, meeting.Id, 0, 10, default));
        await Store.CorrectSegmentAsync(Acme, meeting.Id, segment.Id, "apple", "key_1", Start, null, default);
        var history = History(meeting);

        Assert.Equivalent(meeting.View(), history.Meeting.View(), strict: true);
        Assert.Equal((0, 0), (history.LostCommits, history.LostSegments));
        Assert.Equal(new Corrected(1, 1, "key_1", Start, "apple"), Assert.Single(history.Corrections));
        Assert.Equal((await LedgerAsync(Acme)).Select(e => e.Seq), history.Commits.SelectMany(c => Numbers(meeting, c)));
        Assert.Equal((await LedgerAsync(Acme)).Select(e => e.Id), history.Commits.SelectMany(c => c.Events.Select((e, n) => (e, n)).Where(e => LedgerEntry.Of(meeting.Id, e.e) is not null).Select(e => LedgerEntry.IdOf(meeting.Id, c.Revision, e.n, e.e.At))));
        string bytes = System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(new MeetingFolder(Data, meeting.Id).Decisions));
        Assert.DoesNotContain("pineapple", bytes);
        Assert.DoesNotContain("watermelon", bytes);
    }

    [Fact]
    public async Task A_meeting_that_is_announced_and_withdrawn_leaves_nothing()
    {
        var announced = await AnnounceAsync();
        await Store.WithdrawAsync(Acme, announced.Id);
        Assert.False(Directory.Exists(Path.Combine(Data, "meetings")));
    }

    [Fact]
    public async Task A_decision_that_the_archive_did_not_take_gives_way_to_the_next()
    {
        var meeting = await StartAsync();
        faulty.Plan = _ => Fault.Fail;
        await Assert.ThrowsAsync<IOException>(() => DoAsync(meeting, new MeetingCommand.Stop("requested")));
        faulty.Plan = _ => Fault.None;

        meeting = await DoAsync(meeting, new MeetingCommand.PauseRecording());
        Assert.Equivalent(meeting.View(), History(meeting).Meeting.View(), strict: true);
        Assert.Equal(0, History(meeting).LostCommits);
    }

    [Fact]
    public async Task A_stored_decision_of_which_nobody_was_told_is_built_upon()
    {
        var meeting = await StartAsync();
        faulty.Plan = _ => Fault.DieAfter;
        await Assert.ThrowsAsync<IOException>(() => DoAsync(meeting, new MeetingCommand.PauseRecording()));
        await ReopenAsync();

        meeting = await DoAsync((await Store.LoadAsync(Acme, meeting.Id, default))!, new MeetingCommand.ResumeRecording());
        Assert.Equivalent(meeting.View(), History(meeting).Meeting.View(), strict: true);
        Assert.Equal(["meeting.started", "track.started", "meeting.paused", "meeting.resumed"], (await LedgerAsync(Acme)).Select(e => e.Type));
    }

    [Fact]
    public async Task Two_who_decide_at_once_leave_in_the_journal_what_the_archive_took()
    {
        var meeting = await CompleteAsync(await StartAsync());
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
        {
            var decided = meeting.Decide(new MeetingCommand.PatchMeeting(new MeetingPatch($"Title {n}")), Start);
            try { await Store.CommitAsync(meeting.Apply(decided), decided); }
            catch (StaleMeetingException) { return false; }
            return true;
        }));
        Assert.Single(outcomes, true);
        Assert.Equal((await Store.FindAsync(Acme, meeting.Id, default))!.Spec.Title, History(meeting).Meeting.Spec.Title);
    }

    [Fact]
    public async Task A_journal_that_takes_nothing_refuses_what_somebody_asks_and_not_what_is_seen()
    {
        var meeting = await StartAsync();
        string journal = new MeetingFolder(Data, meeting.Id).Journal;
        Directory.Move(journal, journal + ".away");
        await File.WriteAllTextAsync(journal, "");
        await Assert.ThrowsAnyAsync<IOException>(() => DoAsync(meeting, new MeetingCommand.PauseRecording()));
        var snapshot = new MediaSnapshot(TimeSpan.FromSeconds(59), MediaHealth.Failing, [], new Dictionary<string, long>());
        meeting = await DoAsync(meeting, new MeetingCommand.MediaSeen(1, snapshot));
        Assert.Equal(MediaHealth.Failing, (await Store.FindAsync(Acme, meeting.Id, default))!.Health);
        File.Delete(journal);
        Directory.Move(journal + ".away", journal);

        meeting = await DoAsync(meeting, new MeetingCommand.PauseRecording());
        Assert.Equivalent(meeting.View(), History(meeting).Meeting.View(), strict: true);
        Assert.Equal(1, History(meeting).LostCommits);
    }

    [Fact]
    public async Task Without_its_key_a_meeting_still_gets_its_title_and_nothing_is_written_for_it()
    {
        var meeting = await CompleteAsync(await StartAsync());
        Directory.Delete(new MeetingFolder(Data, meeting.Id).Path, recursive: true);
        meeting = await DoAsync(meeting, new MeetingCommand.PatchMeeting(new MeetingPatch("Another")));
        Assert.Equal("Another", (await Store.FindAsync(Acme, meeting.Id, default))!.Spec.Title);
        Assert.False(Directory.Exists(new MeetingFolder(Data, meeting.Id).Path));
    }

    [Fact]
    public async Task Of_a_meeting_from_before_there_were_decisions_the_state_is_written_with_the_first()
    {
        var meeting = await StartAsync(spec: new MeetingSpec { Title = "Old" });
        File.Delete(new MeetingFolder(Data, meeting.Id).Decisions);
        await ReopenAsync();
        meeting = await DoAsync(meeting, new MeetingCommand.PauseRecording());
        Assert.Equivalent(meeting.View(), History(meeting).Meeting.View(), strict: true);
        Assert.Equal(2, History(meeting).LostCommits);
    }

    [Fact]
    public async Task Whatever_is_lost_of_the_decisions_what_is_left_is_a_meeting()
    {
        var meeting = await StartAsync(tracks: [Tracks.Of("alice"), Tracks.Of("bob", 112)]);
        for (int n = 0; n < 30; n++)
        {
            meeting = await DoAsync(meeting, Heard(meeting, 1 + n % 2, n, $"number {n}"), n % 2 == 0 ? new MeetingCommand.PauseRecording() : new MeetingCommand.ResumeRecording());
            if (n % 10 == 5) meeting = await DoAsync(meeting, new MeetingCommand.AddTracks([new NewTrack(TrackId.New(Start), Tracks.Of($"late{n}", (byte)(113 + n)))]));
            if (n % 10 == 7) meeting = await DoAsync(meeting, new MeetingCommand.PatchTrack(meeting.Tracks[^1].Track.Id, new TrackPatch(Name: $"Name {n}", Consent: "denied")));
        }
        meeting = await CompleteAsync(meeting);
        var all = Records(meeting);
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            double kept = random.NextDouble();
            var left = all.Where(_ => random.NextDouble() < kept).ToList();
            if (DecisionHistory.Of(left) is not { } history) continue;
            Assert.Equal(meeting.Id, history.Meeting.Id);
            Assert.Equal(Acme, history.Meeting.Tenant);
            if (left.Contains(all.OfType<Committed>().Last())) Assert.Equal(meeting.Status, history.Meeting.Status);
            bool whole = history.LostSegments == 0;
            if (history.Meeting.IsOver) Assert.Equal(whole ? CaptionsStatus.Live : CaptionsStatus.Deferred, history.Meeting.Captions);
        }
        Assert.Null(DecisionHistory.Of([]));
    }

    protected override void OpenMedia(MeetingId meeting) => new MeetingFolder(Data, meeting).OpenOrCreateKeys(vault);
    protected override void DestroyKey(MeetingId meeting) => File.Delete(new MeetingFolder(Data, meeting).Key);

    protected override async Task ReopenAsync()
    {
        await store.DisposeAsync();
        await archive.DisposeAsync();
        (archive, faulty, store) = Open();
    }

    public override async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await archive.DisposeAsync();
        folder.Dispose();
    }

    private (EmbeddedMeetingStore, FaultyStore, JournaledMeetingStore) Open()
    {
        var opened = EmbeddedMeetingStore.Open(Path.Combine(Data, "archive.db"), new MeetingTextSealer(Data, vault), TimeProvider.System, Node.Metrics());
        var between = new FaultyStore(opened);
        return (opened, between, new JournaledMeetingStore(between, Data, vault, NullLogger<JournaledMeetingStore>.Instance));
    }

    private List<DecisionRecord> Records(Meeting meeting)
    {
        var place = new MeetingFolder(Data, meeting.Id);
        var reader = new DecisionReader(place.Decisions, place.OpenKeys(vault));
        List<DecisionRecord> records = [.. reader.Read().Select(json => DecisionRecord.TryRead(json, out var record) ? record : throw new InvalidDataException("It cannot be read back."))];
        Assert.Empty(reader.Damage);
        return records;
    }

    private DecisionHistory History(Meeting meeting) => DecisionHistory.Of(Records(meeting))!;

    private static IEnumerable<long> Numbers(Meeting meeting, DecisionHistory.Commit commit)
    {
        int shown = commit.Events.Count(e => LedgerEntry.Of(meeting.Id, e) is not null);
        return shown == 0 ? [] : Enumerable.Range(0, shown).Select(n => commit.First!.Value + n);
    }
}
