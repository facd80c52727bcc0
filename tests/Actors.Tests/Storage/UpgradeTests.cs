using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Storage.Embedded.Search;
using Pipeline.Actors.Storage.Search;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Storage;

/// <summary>An archive of the first version, with the rows its program wrote, as this program opens it.</summary>
public sealed class UpgradeTests : IDisposable
{
    private static readonly TenantId Acme = new("acme"), Other = new("other");
    private static readonly DateTimeOffset Start = new(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);

    private readonly string folder = Directory.CreateTempSubdirectory("upgrade-").FullName;
    private readonly TestSealer sealer = new();
    private readonly MeetingId first = MeetingId.New(Start), second = MeetingId.New(Start.AddHours(1)), others = MeetingId.New(Start);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task What_the_first_version_stored_is_there_in_order_and_can_be_gone_on_with()
    {
        WriteFirstVersion();
        await using (var store = Open())
        {
            var meeting = (await store.FindAsync(Acme, first, default))!;
            Assert.Equal(("Weekly first", MeetingStatus.Completed, 2, false), (meeting.Spec.Title, meeting.Status, meeting.Tracks.Count, meeting.Paused));
            Assert.Equal(["said 1", "said 2", "said 3"], (await store.SegmentsAsync(Acme, first, 0, 100, default)).Select(s => s.Text));
            Assert.Equal([second, first], (await store.ListAsync(Acme, new MeetingQuery { Limit = 10 }, default)).Meetings.Select(m => m.Id));
            Assert.Equal(["meeting.started", "meeting.started"], (await store.LedgerAsync(Acme, null, 0, 10, default)).Select(e => e.Type));
            Assert.Equal("/files/mix.m4a", Assert.Single((await store.RecordingsAsync(Acme, first, default))!).Path);
            Assert.Equal(second, Assert.Single(await store.UnfinishedAsync(default)).Id);

            Assert.Equal([(Acme, 5), (Other, 3)], await store.TenantsAsync(default));
            Assert.Equal([1L, 2, 3, 4, 5], (await store.ChangesAsync(Acme, 0, 100, default)).Select(c => c.Number));
            Assert.Equal([1L, 2, 3], (await store.ChangesAsync(Other, 0, 100, default)).Select(c => c.Number));

            var segment = (await store.SegmentsAsync(Acme, first, 1, 1, default))[0];
            Assert.IsType<CorrectSegmentResult.Corrected>(await store.CorrectSegmentAsync(Acme, first, segment.Id, "written 2", "key_1", Start, null, default));
            var running = (await store.LoadAsync(Acme, second, default))!;
            var more = running.Decide(new MeetingCommand.CaptionHeard(running.Run, SegmentId.New(Start), Snapshots.Caption(1, 60, 61, "said since")), Start.AddHours(2));
            await store.CommitAsync(running.Apply(more), more);
        }
        await using (var store = Open())                                             // and once more, upgraded already
        {
            Assert.Equal(["said 1", "written 2", "said 3"], (await store.TranscriptAsync(Acme, first, default))!.Select(s => s.Text));
            Assert.Equal([6L, 7], (await store.ChangesAsync(Acme, 5, 100, default)).Select(c => c.Number));
        }
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "archive.db")};Pooling=False");
        connection.Open();
        Assert.Equal((Schema.Versions.Length, "ok"), (connection.Scalar<long>("PRAGMA user_version"), connection.Scalar<string>("PRAGMA integrity_check")));
    }

    [Fact]
    public async Task What_the_first_version_stored_is_found_by_a_search_it_knew_nothing_of()
    {
        WriteFirstVersion();
        await using var store = Open();
        string index = Path.Combine(folder, "search");
        using var follower = new SearchFollower(index, store, TimeProvider.System, Node.Metrics(), NullLogger<SearchFollower>.Instance);
        using var search = new EmbeddedSearch(index, store, follower, TimeProvider.System);
        Assert.Equal(8, await follower.CatchUpAsync(default));
        Assert.True(SearchSyntax.TryParse("said 2", out var words, out _));
        var found = Assert.IsType<SearchResult.Found>(await search.SearchAsync(Acme, new SearchQuery { Words = words!, Participant = "bob" }, default));
        Assert.Equal([(first, "said 2"), (second, "said 2")], found.Hits.Select(hit => (hit.Segment.Meeting, hit.Segment.Text)).OrderBy(hit => hit.Meeting.ToString()));
    }

    private EmbeddedMeetingStore Open() => EmbeddedMeetingStore.Open(Path.Combine(folder, "archive.db"), sealer, new SimulatedClock(), Node.Metrics());

    private void WriteFirstVersion()
    {
        SystemSqlite.Use();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "archive.db")};Pooling=False");
        connection.Open();
        connection.Run("PRAGMA journal_mode = WAL");
        connection.Run(Schema.Versions[0]);
        connection.Run("PRAGMA user_version = 1");
        WriteMeeting(connection, Acme, first, "Completed", "Weekly first", Start, segments: 3, seq: 1);
        WriteMeeting(connection, Other, others, "Completed", "Theirs", Start, segments: 3, seq: 1);
        WriteMeeting(connection, Acme, second, "Recording", "Weekly second", Start.AddHours(1), segments: 2, seq: 2);
    }

    /// <summary>With what that program kept of a meeting: nothing of pauses, consent, corrections and what else came later.</summary>
    private void WriteMeeting(SqliteConnection connection, TenantId tenant, MeetingId id, string status, string title, DateTimeOffset at, int segments, long seq)
    {
        string Track(int number, string participant) => $$$"""
            {"Track":{"Id":"{{{TrackId.New(at)}}}","Number":{{{number}}},"Spec":{"Participant":{"Id":"{{{participant}}}","Name":"{{{participant}}}","Consent":"unknown"},
            "Kind":"audio","Source":"microphone","Codec":"opus","PayloadType":{{{110 + number}}},"ClockRate":48000,"Channels":2,"Ssrc":null,"Fmtp":null,"HeaderExtensions":{},"From":null},
            "EndedAt":null},"Status":"Flowing","Authenticated":"Address"}
            """;
        string when = at.ToString("yyyy-MM-ddTHH:mm:sszzz", System.Globalization.CultureInfo.InvariantCulture);
        string ended = status == "Completed" ? $"\"{at.AddMinutes(5).ToString("yyyy-MM-ddTHH:mm:sszzz", System.Globalization.CultureInfo.InvariantCulture)}\"" : "null";
        string state = $$$"""
            {"Id":"{{{id}}}","Tenant":"{{{tenant.Value}}}","Spec":{"Title":"{{{title}}}","ExternalId":null,"Language":"en","Outputs":["mix","tracks"],"Captions":true,"Minutes":true,
            "RetentionDays":null,"MaxDuration":"04:00:00","IdleTimeout":"00:05:00","Metadata":{"case":"A-17"}},"StartedAt":"{{{when}}}","EndedAt":{{{ended}}},"Status":"{{{status}}}",
            "Reason":null,"History":[{"Status":"Recording","At":"{{{when}}}","Reason":null}],"Run":1,"Port":26000,"Tracks":[{{{Track(1, "alice")}}},{{{Track(2, "bob")}}}],
            "Health":"Flowing","Captions":"Live","ListeningSince":"{{{when}}}","LastSequence":{{{segments}}},"Revision":4,"Version":4}
            """;
        connection.Run("""
            INSERT INTO meetings (tenant, id, external_id, status, known, created_at, title, revision, state)
            VALUES ($tenant, $id, NULL, $status, 1, $created, $title, 4, $state)
            """,
            ("$tenant", tenant.Value), ("$id", id.ToString()), ("$status", status.ToLowerInvariant()), ("$created", at.ToUnixTimeMilliseconds()),
            ("$title", title.ToLowerInvariant()), ("$state", state));
        foreach (string participant in new[] { "alice", "bob" })
            connection.Run("INSERT INTO participants (tenant, participant, meeting) VALUES ($tenant, $participant, $meeting)",
                ("$tenant", tenant.Value), ("$participant", participant), ("$meeting", id.ToString()));
        connection.Run("INSERT INTO tenants (tenant, last_seq) VALUES ($tenant, $seq) ON CONFLICT (tenant) DO UPDATE SET last_seq = $seq", ("$tenant", tenant.Value), ("$seq", seq));
        connection.Run("INSERT INTO ledger (tenant, seq, id, type, at, meeting, data) VALUES ($tenant, $seq, $id, 'meeting.started', $at, $meeting, $data)",
            ("$tenant", tenant.Value), ("$seq", seq), ("$id", $"evt_{seq}"), ("$at", at.ToUnixTimeMilliseconds()), ("$meeting", id.ToString()), ("$data", $$"""{"meeting_id":"{{id}}"}"""));
        for (int n = 1; n <= segments; n++)
        {
            var start = TimeSpan.FromSeconds(5 * n);
            connection.Run("""
                INSERT INTO segments (tenant, meeting, sequence, id, track, start_ticks, end_ticks, language, late, sealed)
                VALUES ($tenant, $meeting, $sequence, $id, $track, $start, $end, 'en', 0, $sealed)
                """,
                ("$tenant", tenant.Value), ("$meeting", id.ToString()), ("$sequence", n), ("$id", SegmentId.New(at).ToString()), ("$track", 1 + ((n + 1) % 2)),
                ("$start", start.Ticks), ("$end", (start + TimeSpan.FromSeconds(2)).Ticks),
                ("$sealed", sealer.Seal(id, Encoding.UTF8.GetBytes($$"""{"Text":"said {{n}}","Words":[]}"""))));
        }
        if (status != "Completed") return;
        connection.Run("""
            INSERT INTO recordings (tenant, meeting, id, place, kind, track, content_type, codec, bytes, duration_ticks, sha256, created_at, path)
            VALUES ($tenant, $meeting, $id, 1, 'mix', NULL, 'audio/mp4', 'aac', 4096, 600000000, 'aa', $at, '/files/mix.m4a')
            """,
            ("$tenant", tenant.Value), ("$meeting", id.ToString()), ("$id", RecordingId.New(at).ToString()), ("$at", at.ToUnixTimeMilliseconds()));
    }
}
