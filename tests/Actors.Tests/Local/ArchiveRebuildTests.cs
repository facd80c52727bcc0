using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors.Local;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Decisions;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Actors.Tests.Media;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Tests.Local;

/// <summary>A data folder with real journals and recordings, whose archive is made anew.</summary>
public sealed class ArchiveRebuildTests : IAsyncDisposable
{
    private static readonly TenantId Acme = new("acme"), Other = new("other");
    private static readonly DateTimeOffset Start = new(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);

    private readonly TestKit.TemporaryFolder folder = new();
    private readonly FileKeyVault vault;
    private EmbeddedMeetingStore archive;
    private JournaledMeetingStore store;

    public ArchiveRebuildTests()
    {
        vault = new FileKeyVault(folder["keys"]);
        (archive, store) = Open();
    }

    private string Data => folder["data"];
    private string ArchiveFile => Path.Combine(Data, "archive.db");

    [Fact(Timeout = 120_000)]
    public async Task An_archive_made_of_journals_alone_says_all_that_the_one_before_said()
    {
        var first = await CompleteAsync(await RecordAsync(Acme, 0, "First"));
        var running = await DoAsync(await RecordAsync(Other, 1, "Second"), Said(1, 5, "late"), new MeetingCommand.PauseRecording());
        await DoAsync(await AnnounceAsync(Acme, 2, "Never begun"), new MeetingCommand.Recovered(2));
        first = await DoAsync(first, new MeetingCommand.PatchMeeting(new MeetingPatch("First, renamed")));
        await CorrectAsync(first, 1, "corrected once");
        await CorrectAsync(first, 1, "corrected twice");
        await CorrectAsync(running, 1, "while it runs");
        await ((IApiKeyStore)archive).AddAsync(new StoredApiKey(KeyId.New(Start), Acme, "a key", ["admin"], Start, [.. Enumerable.Repeat((byte)7, 32)]));
        Directory.CreateDirectory(folder["data/search"]);
        await File.WriteAllTextAsync(folder["data/search/acme.sqlite"], "an index of the archive before");
        string said = await EverythingAsync();

        var (meetings, result) = await RebuildAsync();

        Assert.Equal(said, await EverythingAsync());
        Assert.All(meetings, m => Assert.True(m is { IsThere: true, Notes: [] }, $"{m.Id} {m.Summary}: {string.Join("; ", m.Notes)}"));
        Assert.Equal((3, 0, 1), (result.Meetings, result.Lost, result.Keys));
        Assert.Equal("a key", (await ((IApiKeyStore)archive).FindByHashAsync(Enumerable.Repeat((byte)7, 32).ToArray(), default))!.Name);
        Assert.True(File.Exists(result.Backup));
        Assert.Empty(Directory.GetFiles(folder["data/search"]));

        running = await DoAsync((await store.LoadAsync(Other, running.Id, default))!, new MeetingCommand.ResumeRecording(), Said(1, 9, "it goes on"));
        Assert.Equal(3, running.LastSequence);
        said = await EverythingAsync();
        (meetings, result) = await RebuildAsync(before: () => File.Delete(ArchiveFile));
        Assert.Equal(said, await EverythingAsync());
        Assert.Equal(((int?)null, (string?)null), (result.Keys, result.Backup));
    }

    [Fact(Timeout = 120_000)]
    public async Task Recordings_that_are_lost_or_damaged_are_made_again_under_their_ids()
    {
        var meeting = await CompleteAsync(await RecordAsync(Acme, 0, "First"));
        string said = await EverythingAsync();
        var files = (await store.RecordingsAsync(Acme, meeting.Id, default))!;
        Assert.Equal(["mix", "track", "waveform", "waveform"], files.Select(f => f.Kind).Order());
        var whole = files.ToDictionary(f => f.Id, f => PlainFiles.Content(f.Path, Keys(meeting)));
        File.Delete(files.Single(f => f.Kind == "track").Path);
        byte[] mix = await File.ReadAllBytesAsync(files[0].Path);
        mix[mix.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(files[0].Path, mix);

        var (meetings, _) = await RebuildAsync();

        Assert.Empty(Assert.Single(meetings).Notes);
        Assert.Equal(said, await EverythingAsync());
        Assert.All(files, f => Assert.Equal(whole[f.Id], PlainFiles.Content(f.Path, Keys(meeting))));

        await RebuildAsync(allFiles: true);
        Assert.Equal(said, await EverythingAsync());

        Directory.Delete(new MeetingFolder(Data, meeting.Id).Recordings, recursive: true);
        await RebuildAsync();
        Assert.Equal(said, await EverythingAsync());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_meeting_that_is_broken_or_destroyed_keeps_no_other_from_coming_back()
    {
        var whole = await CompleteAsync(await RecordAsync(Acme, 0, "Whole"));
        var destroyed = await RecordAsync(Acme, 1, "Destroyed");
        var broken = await RecordAsync(Acme, 2, "Broken");
        File.Delete(new MeetingFolder(Data, destroyed.Id).Key);
        foreach (string file in Directory.GetFiles(new MeetingFolder(Data, broken.Id).Journal)) await File.WriteAllTextAsync(file, "not a journal any more, of whatever kind it was before");

        var (meetings, result) = await RebuildAsync();

        Assert.Equal([(whole.Id.ToString(), true), (destroyed.Id.ToString(), false), (broken.Id.ToString(), false)], meetings.Select(m => (m.Id, m.IsThere)));
        Assert.Equal((1, 2), (result.Meetings, result.Lost));
        Assert.Contains("key is gone", meetings[1].Summary, StringComparison.Ordinal);
        Assert.NotEmpty(meetings[2].Notes);
        Assert.Equal(whole.Id, Assert.Single((await store.ListAsync(Acme, new MeetingQuery(), default)).Meetings).Id);
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_its_decisions_a_meeting_is_what_its_packets_tell_and_is_made_whole_by_the_next_start()
    {
        var meeting = await CompleteAsync(await RecordAsync(Other, 0, "Only packets"));
        File.Delete(new MeetingFolder(Data, meeting.Id).Decisions);

        var (meetings, _) = await RebuildAsync();

        Assert.Contains("its packets tell", Assert.Single(Assert.Single(meetings).Notes), StringComparison.Ordinal);
        var left = (await store.FindAsync(Other, meeting.Id, default))!;
        Assert.Equal(("Only packets", meeting.StartedAt, meeting.StartedAt + TimeSpan.FromSeconds(3)), (left.Spec.Title, left.StartedAt, left.EndedAt));
        Assert.Equal(meeting.Tracks[0].Track.Id, Assert.Single(left.Tracks).Track.Id);
        Assert.Equal(meeting.Id, Assert.Single(await store.UnfinishedAsync(default)).Id);
        left = await DoAsync(left, new MeetingCommand.Recovered(2));
        Assert.Equal(MeetingStatus.Processing, left.Status);
        string said = await EverythingAsync();
        await RebuildAsync();
        var again = (await store.FindAsync(Other, meeting.Id, default))!;
        Assert.Equivalent(left.View(), again.View(), strict: true);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_archive_that_cannot_be_read_costs_the_API_keys_and_nothing_else()
    {
        await CompleteAsync(await RecordAsync(Acme, 0, "First"));
        string said = await EverythingAsync();
        var (_, result) = await RebuildAsync(before: () => File.WriteAllText(ArchiveFile, new string('x', 20_000)));
        Assert.Equal(said, await EverythingAsync());
        Assert.Null(result.Keys);
        Assert.Equal(20_000, new FileInfo(result.Backup!).Length);
    }

    [Fact(Timeout = 120_000)]
    public async Task Whatever_becomes_of_the_decisions_the_archive_is_sound_and_the_damage_is_told()
    {
        var meeting = await RecordAsync(Acme, 0, "First");
        for (int n = 2; n < 12; n++) meeting = await DoAsync(meeting, Said(1, n, $"number {n}"));
        meeting = await CompleteAsync(meeting);
        await CorrectAsync(meeting, 4, "corrected");
        string path = new MeetingFolder(Data, meeting.Id).Decisions;
        byte[] whole = await File.ReadAllBytesAsync(path);
        for (int seed = 0; seed < 25; seed++)
        {
            var random = new Random(seed);
            byte[] damaged = random.Next(2) == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            for (int flips = random.Next(6); flips > 0 && damaged.Length > 0; flips--) damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(path, damaged);

            var (meetings, _) = await RebuildAsync();

            var told = Assert.Single(meetings);
            Assert.True(told.IsThere, $"seed {seed}: {told.Summary}");
            using (var connection = new SqliteConnection($"Data Source={ArchiveFile};Pooling=False;Mode=ReadOnly"))
            {
                connection.Open();
                Assert.Equal("ok", connection.Scalar<string>("PRAGMA integrity_check"));
            }
            var left = (await store.FindAsync(Acme, meeting.Id, default))!;
            var transcript = (await store.TranscriptAsync(Acme, meeting.Id, default))!;
            if (transcript.Count < 11) Assert.True(told.Notes.Count > 0 || !left.IsOver, $"seed {seed}: nobody tells of {11 - transcript.Count} lost segments");
            if (transcript.Count < left.LastSequence && left.IsOver) Assert.Equal(CaptionsStatus.Deferred, left.Captions);
            await EverythingAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await archive.DisposeAsync();
        folder.Dispose();
    }

    private (EmbeddedMeetingStore, JournaledMeetingStore) Open()
    {
        var opened = EmbeddedMeetingStore.Open(ArchiveFile, new MeetingTextSealer(Data, vault), TimeProvider.System, Node.Metrics());
        return (opened, new JournaledMeetingStore(opened, Data, vault, NullLogger<JournaledMeetingStore>.Instance));
    }

    private MeetingKeys Keys(Meeting meeting) => new MeetingFolder(Data, meeting.Id).OpenKeys(vault);

    private async Task<(IReadOnlyList<RebuiltMeeting> Meetings, RebuildResult Result)> RebuildAsync(bool allFiles = false, Action? before = null)
    {
        await store.DisposeAsync();
        await archive.DisposeAsync();
        before?.Invoke();
        var told = new List<RebuiltMeeting>();
        var result = await new ArchiveRebuild(Data, Path.Combine(Data, "search"), vault).RunAsync(allFiles, told.Add, default);
        (archive, store) = Open();
        return (told, result);
    }

    /// <summary>All that can be asked of the store, of both tenants.</summary>
    private async Task<string> EverythingAsync()
    {
        var said = new List<object?>();
        foreach (var tenant in new[] { Acme, Other })
        {
            said.Add(await store.LedgerAsync(tenant, null, 0, 1000, default));
            foreach (var meeting in (await store.ListAsync(tenant, new MeetingQuery(), default)).Meetings)
                said.Add(new object?[]
                {
                    meeting.View(), meeting.Revision, meeting.Run, await store.TranscriptAsync(tenant, meeting.Id, default), await store.RecordingsAsync(tenant, meeting.Id, default),
                    await store.QualityAsync(tenant, meeting.Id, default), await store.LedgerAsync(tenant, meeting.Id, 0, 1000, default),
                });
        }
        said.Add(await store.UnfinishedAsync(default));
        return JsonSerializer.Serialize(said);
    }

    private async Task<Meeting> AnnounceAsync(TenantId tenant, int minute, string title)
    {
        var now = Start.AddMinutes(minute);
        var announced = Meeting.Decide(new CreateMeeting(
            MeetingId.New(now), tenant, new MeetingSpec { Title = title, Metadata = new Dictionary<string, string> { ["case"] = "A-17" } }, [new NewTrack(TrackId.New(now), Tracks.Of("alice", ssrc: 7))], CaptionsStatus.Live), now);
        var meeting = Meeting.Apply(announced);
        await store.CommitAsync(meeting, [announced]);
        return meeting;
    }

    /// <summary>Three seconds in the journal, one segment said.</summary>
    private async Task<Meeting> RecordAsync(TenantId tenant, int minute, string title)
    {
        var meeting = await AnnounceAsync(tenant, minute, title);
        var place = new MeetingFolder(Data, meeting.Id);
        using (var disk = new JournalDisk(folder.Path))
        await using (var journal = new JournalWriter(place.Journal, meeting.Id.Value, 1, place.OpenOrCreateKeys(vault), disk))
        {
            _ = journal.AppendAsync(new MeetingOpened(meeting.Id.ToString(), 1, meeting.StartedAt) { Tenant = tenant.Value, Spec = MeetingOfPackets.Written(meeting.Spec) }, TimeSpan.Zero);
            await journal.AppendAsync(TrackMapping.ToRecord(meeting.Tracks[0].Track), TimeSpan.Zero);
            using var encoder = new OpusEncoder(32_000, 0);
            byte[] packet = new byte[1275];
            for (int n = 0; n < 145; n++)
            {
                int length = encoder.Encode([.. Enumerable.Range(0, 960).Select(i => 0.3f * MathF.Sin(0.05f * (960 * n + i)))], packet);
                journal.AddPacket(RecordKind.Rtp, 1, TimeSpan.FromMilliseconds(20 * n + 5), EngineNode.Datagram(n, packet.AsSpan(0, length)));
                journal.Commit();
            }
            await journal.AppendAsync(new MeetingClosed(3_000_000), TimeSpan.FromSeconds(3));
        }
        return await DoAsync(meeting, new MeetingCommand.MediaOpened(1, 26000), Said(1, 1, "hello"));
    }

    private async Task<Meeting> CompleteAsync(Meeting meeting)
    {
        meeting = await DoAsync(meeting, new MeetingCommand.Stop("requested"), new MeetingCommand.MediaStopped(1, null));
        var made = await new MeetingFiles(meeting.Job([]), new MeetingFolder(Data, meeting.Id), Keys(meeting), TimeSpan.FromSeconds(3)).MakeAsync(run: null, ready: _ => Task.CompletedTask, default);
        Assert.Null(made.Failure);
        return await DoAsync(meeting, new MeetingCommand.MediaProcessed(1, [.. made.Files.Select(f => new ReadyFile(RecordingId.New(Start), f))], made.Quality, CaptionsStatus.Live));
    }

    private async Task<Meeting> DoAsync(Meeting meeting, params MeetingCommand[] commands)
    {
        foreach (var command in commands)
        {
            var decided = meeting.Decide(command, meeting.StartedAt.AddSeconds(3));
            Assert.NotEmpty(decided);
            meeting = meeting.Apply(decided);
            await store.CommitAsync(meeting, decided);
        }
        return meeting;
    }

    private async Task CorrectAsync(Meeting meeting, long sequence, string text)
    {
        var segment = (await store.SegmentsAsync(meeting.Tenant, meeting.Id, sequence - 1, 1, default))[0];
        Assert.IsType<CorrectSegmentResult.Corrected>(await store.CorrectSegmentAsync(meeting.Tenant, meeting.Id, segment.Id, text, "key_1", Start.AddHours(1), null, default));
    }

    private static MeetingCommand.CaptionHeard Said(int run, double at, string text) => new(run, SegmentId.New(Start), Snapshots.Caption(1, at, at + 1, text));
}
