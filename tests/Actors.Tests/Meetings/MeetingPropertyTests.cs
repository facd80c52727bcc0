using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Decisions;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Tests.Meetings;

/// <summary>
/// Whatever a meeting is told, in whatever order, it comes to what <see cref="MeetingModel"/> says, and keeps what a meeting always
/// keeps. A failure names the shortest story that was found, and the seed with which it comes again.
/// </summary>
public sealed class MeetingPropertyTests
{
    /// <summary>What is told; A and B choose which track, run or word, as far as there are such.</summary>
    public sealed record Step(string What, int A, int B, int Seconds)
    {
        public override string ToString() => $"{What}({A},{B})+{Seconds}s";
    }

    private static readonly string[] Told =
    [
        "add", "add", "end", "name", "consent", "consent", "bind", "patch", "pause", "resume", "seen", "seen", "seen", "heard", "heard", "tick",
        "stop", "stopped", "stopped", "stopped", "processed", "processed", "failed", "crash", "recovered", "opened",
    ];

    private static readonly Gen<Step> AnyStep =
        from what in Gen.Elements(Told)
        from a in Gen.Choose(0, 11)
        from b in Gen.Choose(0, 11)
        from seconds in Gen.Elements(0, 1, 1, 7, 40)
        select new Step(what, a, b, seconds);

    private static readonly Arbitrary<Step[]> Stories = Arb.From(Gen.ArrayOf(AnyStep), Shorter);

    [Fact]
    public void A_meeting_comes_to_what_the_model_says() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1500).WithEndSize(70), Prop.ForAll(Stories, story => { new Story().TellAsync(story).GetAwaiter().GetResult(); }));

    [Fact]
    public void Its_state_survives_every_crash_in_the_store()
    {
        using var folder = new TestKit.TemporaryFolder();
        using var store = new Disposer(EmbeddedMeetingStore.Open(folder["archive.db"], new TestSealer(), new SimulatedClock(), Node.Metrics()));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(25).WithEndSize(50), Prop.ForAll(Stories, story => { new Story { Store = store.Store }.TellAsync(story).GetAwaiter().GetResult(); }));
    }

    private static IEnumerable<Step[]> Shorter(Step[] story)
    {
        for (int length = story.Length / 2; length > 0; length /= 2)
            for (int at = 0; at + length <= story.Length; at += length) yield return [.. story[..at], .. story[(at + length)..]];
    }

    private sealed class Disposer(EmbeddedMeetingStore store) : IDisposable
    {
        public EmbeddedMeetingStore Store => store;
        public void Dispose() => store.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>One meeting, its model, and what went into its ledger.</summary>
    private sealed class Story
    {
        private static readonly TimeSpan Longest = TimeSpan.FromSeconds(600), Idle = TimeSpan.FromSeconds(90);
        private static readonly DateTimeOffset Start = new(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);
        private static readonly string[] Consents = ["unknown", "granted", "denied"];

        private readonly MeetingModel model = new(Start, Longest, Idle);
        private readonly List<(string Type, string? Track)> ledger = [];
        private readonly List<byte[]> journal = [];
        private readonly HashSet<(int, TimeSpan)> spoken = [];
        private DateTimeOffset now = Start;
        private Meeting meeting;

        public Story()
        {
            var first = new NewTrack(TrackId.New(Start), Spec(0, 111, null, "unknown"));
            Announced = Meeting.Decide(new CreateMeeting(
                MeetingId.New(Start), Node.Acme, new MeetingSpec { MaxDuration = Longest, IdleTimeout = Idle }, [first], CaptionsStatus.Live), Start);
            meeting = Meeting.Apply(Announced);
            model.Add([first], atCreation: true);
        }

        public EmbeddedMeetingStore? Store { get; init; }
        private MeetingAnnounced Announced { get; }

        public async Task TellAsync(Step[] story)
        {
            if (Store is not null) await Store.CommitAsync(meeting, [Announced]);
            journal.Add(new Committed(1, [Announced]).ToBytes());
            foreach (var step in story)
            {
                now += TimeSpan.FromSeconds(step.Seconds);
                // Nobody outside knows a meeting that is only announced; most stories begin with its media open.
                bool begins = !model.Opened && step.What is not ("crash" or "recovered" or "heard" or "seen" or "stopped" or "processed" or "failed" or "tick");
                if (begins) await DoAsync(new MeetingCommand.MediaOpened(model.Run, 26000), () => { model.Open(model.Run); return null; });
                if (!model.Opened && step.What == "tick") continue;
                if (!model.Opened && step.What == "seen") continue;
                await DoAsync(step);
            }
            var history = DecisionHistory.Of(journal.Select(json => DecisionRecord.TryRead(json, out var record) ? record : throw new InvalidDataException("A decision cannot be read back.")))!;
            Assert.Equal(Written(meeting), Written(history.Meeting));                // what was decided is all there is to know
        }

        private Task DoAsync(Step step)
        {
            int run = step.B < 3 ? model.Run - 1 : model.Run;                        // now and then it is late news of an old run
            switch (step.What)
            {
                case "add":
                    List<NewTrack> tracks = [new(step.B == 0 ? model.Voices[0].Id : TrackId.New(now), Spec(step.A % 4, (byte)(111 + step.A % 3), Ssrc(step.B), Consents[step.A % 3]))];
                    if (step.A > 8) tracks.Add(new(TrackId.New(now), Spec(step.B % 4, 120, (uint)(100 + step.A), Consents[step.B % 3])));
                    return DoAsync(new MeetingCommand.AddTracks(tracks), () => model.Add(tracks));
                case "end": return DoAsync(new MeetingCommand.EndTrack(Track(step.A)), () => model.End(Track(step.A)));
                case "name": return Patch(step.A, new TrackPatch(Name: step.B == 0 ? "" : $"Name {step.B}"));
                case "consent": return Patch(step.A, new TrackPatch(Consent: Consents[step.B % 3]));
                case "bind": return Patch(step.A, new TrackPatch(Ssrc: new SsrcPatch(Ssrc(step.B)), Consent: step.B == 5 ? "denied" : null));
                case "patch":
                    var notes = new Dictionary<string, string?> { [$"k{step.A % 3}"] = step.B % 3 == 0 ? null : $"v{step.B % 2}" };
                    string? title = step.B > 5 ? $"Title {step.A}" : null;
                    long? onlyAt = step.A switch { 0 => meeting.Version - 1, < 4 => meeting.Version, _ => null };
                    return DoAsync(new MeetingCommand.PatchMeeting(new MeetingPatch(title, notes, OnlyAt: onlyAt)), () => model.Change(title, notes, step.A != 0));
                case "pause": return DoAsync(new MeetingCommand.PauseRecording(), () => model.Hold(true, now));
                case "resume": return DoAsync(new MeetingCommand.ResumeRecording(), () => model.Hold(false, now));
                case "seen":
                    string[] looks = [.. model.Voices.Select((_, i) => ((TrackStatus)((step.A + i) % 4)).ToString())];
                    var health = (MediaHealth)(step.B % 5);
                    var last = step.A < 8 ? now - Start : TimeSpan.FromSeconds(1);
                    var snapshot = new MediaSnapshot(last, health, [.. looks.Select((l, i) => new TrackSnapshot(i + 1, Enum.Parse<TrackStatus>(l), Authenticated.None, TrackQuality.Empty))], new Dictionary<string, long>());
                    return DoAsync(new MeetingCommand.MediaSeen(run, snapshot), () => { model.See(run, health.ToString(), looks, last, now); return null; });
                case "heard":
                    var caption = Snapshots.Caption(step.A % 4, step.B, step.B + 1, "Hello.");
                    return DoAsync(new MeetingCommand.CaptionHeard(run, SegmentId.New(now), caption), () => { model.Hear(run, step.A % 4, step.B); return null; });
                case "tick": return DoAsync(new MeetingCommand.Tick(), () => { model.PassTime(now); return null; });
                case "stop" when step.A < 5: return DoAsync(new MeetingCommand.Stop("requested"), () => { model.Stop("requested", now); return null; });
                case "stopped": return DoAsync(new MeetingCommand.MediaStopped(run, null), () => { model.MediaStopped(run); return null; });
                case "processed":
                    return DoAsync(new MeetingCommand.MediaProcessed(run, [], MediaSnapshots.Empty, CaptionsStatus.Live), () => { model.Processed(run, null, now); return null; });
                case "failed":
                    return DoAsync(new MeetingCommand.ProcessingFailed(run, "broken", [], CaptionsStatus.Live), () => { model.Processed(run, "broken", now); return null; });
                case "opened": return DoAsync(new MeetingCommand.MediaOpened(run, 26002), () => { model.Open(run); return null; });
                case "recovered": return DoAsync(new MeetingCommand.Recovered(run), () => { model.Recover(run, now); return null; });
                case "crash": return CrashAsync();
                default: return Task.CompletedTask;
            }
        }

        private Task Patch(int track, TrackPatch patch) => DoAsync(new MeetingCommand.PatchTrack(Track(track), patch), () => model.Change(Track(track), patch));

        /// <summary>Whoever owned it is gone; the next reads it from where it was stored, and begins a run.</summary>
        private async Task CrashAsync()
        {
            meeting = Store is null ? Again(meeting) : (await Store.LoadAsync(Node.Acme, meeting.Id, default))!;
            await DoAsync(new MeetingCommand.Recovered(model.Run + 1), () => { model.Recover(model.Run + 1, now); return null; });
        }

        private async Task DoAsync(MeetingCommand command, Func<string?> expected)
        {
            var before = meeting;
            var refusal = before.Refuse(command);
            var decided = before.Decide(command, now);
            meeting = before.Apply(decided);
            if (Store is not null && decided.Count > 0) await Store.CommitAsync(meeting, decided);
            if (decided.Count > 0) journal.Add(new Committed(meeting.Revision, decided).ToBytes());
            Note(decided);

            string? expectedRefusal = expected();
            Assert.Equal(expectedRefusal, refusal?.GetType().Name);
            if (refusal is not null) Assert.Empty(decided);
            Assert.Equal(model.ToString(), MeetingModel.Of(meeting));
            AssertAlways(before, command, decided);
        }

        private void Note(IReadOnlyList<MeetingEvent> decided)
        {
            foreach (var happened in decided)
            {
                if (happened is CaptionFinal caption) spoken.Add((caption.Track.Number, caption.Caption.Start));
                if (LedgerEntry.Of(meeting.Id, happened) is not { } entry) continue;
                var data = JsonDocument.Parse(entry.Data).RootElement;
                ledger.Add((entry.Type, data.TryGetProperty("track_id", out var track) ? track.GetString() : null));
            }
        }

        private void AssertAlways(Meeting before, MeetingCommand command, IReadOnlyList<MeetingEvent> decided)
        {
            Assert.True(meeting.Status >= before.Status, $"{before.Status} → {meeting.Status}");
            Assert.Equal(before.Revision + (decided.Count > 0 ? 1 : 0), meeting.Revision);
            Assert.Equal(before.Version + (decided.Any(e => e is not CaptionFinal) ? 1 : 0), meeting.Version);
            Assert.Empty(meeting.Decide(command, now));                              // told again
            Assert.Equal(meeting.Status != MeetingStatus.Recording, meeting.EndedAt is not null);
            Assert.Equal(meeting.Status, meeting.History[^1].Status);
            Assert.All(meeting.History.Zip(meeting.History.Skip(1)), pair => Assert.True(pair.First.At <= pair.Second.At && pair.First.Status <= pair.Second.Status));
            Assert.True(Count("meeting.completed") + Count("meeting.failed") == (model.Over ? 1 : 0) && Count("meeting.stopped") <= 1 && Count("meeting.started") <= 1);
            Assert.True(Count("meeting.paused") - Count("meeting.resumed") is 0 or 1);
            foreach (var (track, number) in meeting.Tracks.Select((t, i) => (t.Track, i + 1)))
            {
                Assert.Equal(number, track.Number);
                Assert.Equal(model.Opened ? 1 : 0, Count("track.started", track));
                Assert.Equal(model.Opened && track.EndedAt is not null ? 1 : 0, Count("track.ended", track));
                Assert.True(track.EndedAt is not null || meeting.Status == MeetingStatus.Recording || !model.Opened);
            }
            Assert.Equal(spoken.Count, Count("caption.final"));
            var job = meeting.Job([]);
            Assert.Equal((model.Paused, string.Join(',', model.Silenced.Order())), (job.Paused, string.Join(',', job.Denied.Order())));
            Assert.Equal(MeetingModel.Of(meeting), MeetingModel.Of(Again(meeting)));
            Assert.Equal(Written(meeting), Written(Again(meeting)));
        }

        private int Count(string type) => ledger.Count(l => l.Type == type);
        private int Count(string type, Track track) => ledger.Count(l => l == (type, track.Id.ToString()));

        /// <summary>As it is read back: the captions it has heard are in the segments.</summary>
        private Meeting Again(Meeting m) => JsonSerializer.Deserialize(Written(m), StoredJson.Default.Meeting)! with { Heard = [.. spoken] };
        private static string Written(Meeting m) => JsonSerializer.Serialize(m, StoredJson.Default.Meeting);

        private TrackId Track(int n) => n < model.Voices.Count ? model.Voices[n].Id : new TrackId(Guid.Empty);
        private static uint? Ssrc(int n) => n > 5 ? (uint)n : null;
        private static TrackSpec Spec(int participant, byte payload, uint? ssrc, string consent) => new()
        {
            Participant = new Participant($"p{participant}", ssrc is null ? $"p{participant}" : $"P{ssrc}", consent),
            PayloadType = payload,
            Ssrc = ssrc,
        };
    }
}
