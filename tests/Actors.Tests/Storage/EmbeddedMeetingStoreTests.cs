using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Storage;

public sealed class EmbeddedMeetingStoreTests : MeetingStoreContract
{
    private readonly string folder = Directory.CreateTempSubdirectory("store-").FullName;
    private readonly TestSealer sealer = new();
    private readonly Meters meters = new();
    private EmbeddedMeetingStore store;

    public EmbeddedMeetingStoreTests() => store = Open();

    public override IMeetingStore Store => store;
    private string Database => Path.Combine(folder, "archive.db");

    [Fact]
    public async Task What_was_said_is_nowhere_in_the_files()
    {
        var meeting = await StartAsync(spec: new MeetingSpec { Title = "watermelon" });
        await DoAsync(meeting, Heard(meeting, 1, 1, "pineapple"));
        string bytes = string.Concat(Directory.GetFiles(folder).Select(f => Encoding.Latin1.GetString(Read(f))));
        Assert.Contains("watermelon", bytes);   // so the search would find it
        Assert.DoesNotContain("pineapple", bytes);
    }

    [Fact]
    public async Task An_answered_commit_is_in_the_file_whatever_becomes_of_the_store()
    {
        var meeting = await StartAsync();
        foreach (string file in Directory.GetFiles(folder)) await File.WriteAllBytesAsync(file + ".copy", Read(file));   // as after a kill
        string copy = Path.Combine(folder, "crashed.db");
        File.Move(Database + ".copy", copy);
        File.Move(Database + "-wal.copy", copy + "-wal");
        await using var again = EmbeddedMeetingStore.Open(copy, sealer, TimeProvider.System, Node.Metrics());
        Assert.NotNull(await again.FindAsync(Acme, meeting.Id, default));
    }

    [Fact]
    public async Task A_closed_archive_is_one_sound_file_of_the_known_version()
    {
        await StartAsync();
        await store.DisposeAsync();
        Assert.Equal([Database], Directory.GetFiles(folder));
        using (var connection = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            connection.Open();
            Assert.Equal("ok", connection.Scalar<string>("PRAGMA integrity_check"));
            Assert.Equal(6L, connection.Scalar<long>("PRAGMA user_version"));
            Assert.Equal("wal", connection.Scalar<string>("PRAGMA journal_mode"));
            Assert.Equal(1L, connection.Scalar<long>("SELECT count(*) FROM meetings WHERE status = 'recording'"));
        }
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Database));
        store = Open();
    }

    [Fact]
    public async Task An_archive_of_a_newer_program_is_refused()
    {
        await store.DisposeAsync();
        long version;
        using (var connection = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            connection.Open();
            version = connection.Scalar<long>("PRAGMA user_version");
            connection.Run("PRAGMA user_version = 99");
        }
        Assert.Throws<InvalidOperationException>(() => Open());
        using (var connection = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            connection.Open();
            connection.Run($"PRAGMA user_version = {version}");
        }
        store = Open();
    }

    [Fact]
    public async Task Opening_again_changes_nothing()
    {
        var meeting = await StartAsync();
        for (int i = 0; i < 3; i++) await ReopenAsync();
        Assert.NotNull(await store.FindAsync(Acme, meeting.Id, default));
        Assert.Equal(2, (await LedgerAsync(Acme)).Count);
    }

    [Fact]
    public async Task Keys_are_found_by_hash_alone_listed_by_tenant_and_deleted_by_their_own_tenant_only()
    {
        StoredApiKey Key(TenantId tenant, int n) => new(
            KeyId.New(Start.AddSeconds(n)), tenant, $"key {n}", ["meetings:read", "admin"], Start.AddSeconds(n), [.. Enumerable.Repeat((byte)n, 32)]);
        StoredApiKey[] made = [Key(Acme, 1), Key(Acme, 2), Key(Other, 3), Key(Acme, 4)];
        foreach (var key in made) await ((IApiKeyStore)store).AddAsync(key);
        await ReopenAsync();

        IApiKeyStore keys = store;
        foreach (var key in made)
        {
            Assert.Equivalent(key, await keys.FindByHashAsync(key.Hash, default), strict: true);
            Assert.Equivalent(key, await keys.FindAsync(key.Tenant, key.Id, default), strict: true);
        }
        Assert.Null(await keys.FindByHashAsync(new byte[32], default));
        Assert.Null(await keys.FindByHashAsync(made[0].Hash.AsMemory(0, 31), default));
        Assert.Null(await keys.FindAsync(Other, made[0].Id, default));

        Assert.Equal(["key 4", "key 2"], (await keys.ListAsync(Acme, null, 2, default)).Select(key => key.Name));
        Assert.Equal(["key 1"], (await keys.ListAsync(Acme, made[1].Id, 2, default)).Select(key => key.Name));

        Assert.False(await keys.DeleteAsync(Other, made[0].Id));
        Assert.True(await keys.DeleteAsync(Acme, made[0].Id));
        Assert.False(await keys.DeleteAsync(Acme, made[0].Id));
        Assert.Null(await keys.FindByHashAsync(made[0].Hash, default));
        Assert.Null(await keys.FindAsync(Acme, made[0].Id, default));
        Assert.NotNull(await keys.FindByHashAsync(made[1].Hash, default));
    }

    [Fact]
    public async Task A_damaged_segment_is_left_out_and_the_others_are_read()
    {
        var meeting = await StartAsync();
        meeting = await DoAsync(meeting, [.. Enumerable.Range(1, 5).Select(n => Heard(meeting, 1, n, $"number {n}"))]);
        var damaged = (await store.SegmentsAsync(Acme, meeting.Id, 1, 1, default))[0];
        SealedBytes.TurnBit(Database, "segments", meeting, 2);
        SealedBytes.TurnBit(Database, "segments", meeting, 3);

        Assert.Equal(["number 1", "number 4", "number 5"], (await store.TranscriptAsync(Acme, meeting.Id, default))!.Select(s => s.Text));
        Assert.Null(await store.FindSegmentAsync(Acme, meeting.Id, damaged.Id, default));
        Assert.IsType<CorrectSegmentResult.NoSuchSegment>(await store.CorrectSegmentAsync(Acme, meeting.Id, damaged.Id, "x", "k", Start, null, default));
        // A page is as long as there is more to come: readers go by that.
        Assert.Equal(["number 1", "number 4"], (await store.SegmentsAsync(Acme, meeting.Id, 0, 2, default)).Select(s => s.Text));
        Assert.Equal(["number 4"], (await store.SegmentsAsync(Acme, meeting.Id, 1, 1, default)).Select(s => s.Text));

        long counted = 0;
        using var listener = new MeterListener { InstrumentPublished = (instrument, it) => { if (meters.Made.Contains(instrument.Meter) && instrument.Name == "pipeline.store.texts.damaged") it.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => counted += count);
        listener.Start();
        await store.TranscriptAsync(Acme, meeting.Id, default);
        Assert.Equal(2, counted);
    }

    [Fact]
    public async Task Under_a_damaged_correction_is_the_original_and_it_can_be_corrected_again()
    {
        var meeting = await StartAsync();
        meeting = await DoAsync(meeting, Heard(meeting, 1, 1, "bored"));
        var original = (await store.SegmentsAsync(Acme, meeting.Id, 0, 1, default))[0];
        Assert.IsType<CorrectSegmentResult.Corrected>(await store.CorrectSegmentAsync(Acme, meeting.Id, original.Id, "board", "key_1", Start, 0, default));
        SealedBytes.TurnBit(Database, "corrections", meeting, 1);
        Assert.Equivalent(original, await store.FindSegmentAsync(Acme, meeting.Id, original.Id, default), strict: true);

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var again = await store.CorrectSegmentAsync(Acme, meeting.Id, original.Id, "the board", "key_2", Start, ifRevision: 0, patience.Token);
        Assert.Equal(("the board", 2), (Assert.IsType<CorrectSegmentResult.Corrected>(again).Segment.Text, ((CorrectSegmentResult.Corrected)again).Segment.Correction!.Revision));
        Assert.IsType<CorrectSegmentResult.OtherRevision>(await store.CorrectSegmentAsync(Acme, meeting.Id, original.Id, "x", "k", Start, ifRevision: 0, default));
    }

    protected override async Task ReopenAsync()
    {
        await store.DisposeAsync();
        store = Open();
    }

    protected override void DestroyKey(MeetingId meeting) => sealer.Destroy(meeting);

    public override async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private EmbeddedMeetingStore Open() => EmbeddedMeetingStore.Open(Database, sealer, new SimulatedClock(), new ActorsMetrics(meters));

    /// <summary>Also while the store has it open.</summary>
    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
