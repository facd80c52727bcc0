using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>What one kill cost.</summary>
/// <param name="Lost">What had been received before the kill and is not there: what was not yet written, and on a busy machine what the server did not come to read.</param>
/// <param name="Restart">From the start of the next process to the first packet it took.</param>
internal readonly record struct KillFigures(TimeSpan Lost, TimeSpan Restart);

/// <summary>What a meeting came to whose server was killed, held against what was sent to it.</summary>
internal sealed class KilledMeeting(PlayedMeeting played, RecordedMeeting recorded, string seed, ITestOutputHelper output)
{
    /// <summary>How long a busy machine may keep the server from the processor just before it is killed. How long it did, the figures tell.</summary>
    private static readonly TimeSpan Starved = TimeSpan.FromSeconds(2);
    /// <summary>A packet is 20 ms, decoders and players move by less.</summary>
    private static readonly TimeSpan InPlace = TimeSpan.FromMilliseconds(20), Window = TimeSpan.FromMilliseconds(200), Edge = TimeSpan.FromMilliseconds(60);
    private const double Alike = 0.35;

    private TimeSpan Length => TimeSpan.FromMilliseconds(recorded.Meeting.DurationMs);
    /// <summary>What was sent when the meeting was stopped is not of it.</summary>
    private TimeSpan LastSent
    {
        get
        {
            var sent = recorded.Log.Packets.Max(p => p.Sent ?? TimeSpan.Zero) - recorded.StartedUnix;
            return sent < Length ? sent : Length;
        }
    }

    /// <summary>Every file is there and as long as the meeting, and every kill is a gap of every track: not earlier than it was, and not longer than it took.</summary>
    public void AssertFiles()
    {
        foreach (var (file, probe) in recorded.Files)
            Assert.True(Math.Abs(probe.Duration.TotalMilliseconds - recorded.Meeting.DurationMs) <= 50, $"{seed}: {file.Kind} lasts {probe.Duration}, the meeting {Length}");
        Assert.Equal(
            played.Source.Streams.Select(s => s.Participant.Id).Append("mix").Order(), recorded.Sound.Keys.Order());

        foreach (var track in recorded.Quality.Tracks)
        {
            string told = $"{seed}: {track.Participant?.Id} has {string.Join(", ", track.Gaps.Select(g => $"{g.Kind} {g.FromMs} … {g.ToMs}"))}; killed {string.Join(", ", played.Outages.Select(o => $"{o.Killing.TotalMilliseconds:0} … {o.Back.TotalMilliseconds:0}"))}";
            foreach (var outage in played.Outages.Where(o => o.Killing < LastSent)) Assert.True(track.Gaps.Any(g => IsOf(g, outage) || g.Kind == "pause" && From(g) <= outage.Killed && To(g) >= outage.Killed), told);
            foreach (var gap in track.Gaps.Where(g => From(g) < LastSent - Edge)) Assert.True(gap.Kind == "outage" ? played.Outages.Any(o => IsOf(gap, o)) : gap.Kind == "pause" && played.Sound is not null, told);
        }
    }

    /// <summary>Of what was rustled everything outside the gaps is in its place, and of the pauses nothing.</summary>
    public void AssertRustling()
    {
        var track = Assert.Single(recorded.Quality.Tracks);
        var origin = recorded.Log.OriginOf(played.Source.Streams[0]) - recorded.StartedUnix;
        int found = 0;
        double worst = 1;
        foreach (string file in recorded.Sound.Keys)
        {
            for (var at = TimeSpan.Zero; origin + at + Window < LastSent && at + Window < played.Source.Duration; at += Window)
            {
                var (from, to) = (origin + at, origin + at + Window);
                if (track.Gaps.Any(g => new Stretch(From(g) - Edge, To(g) + Edge).Touches(from, to))) continue;
                var (off, peak) = recorded.Locate(file, Samples(played.Sound!, at, at + Window), from);
                Assert.True(off.Duration() <= InPlace && peak > Alike, $"{seed}: {file} at {from}: {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00}); gaps {string.Join(", ", track.Gaps.Select(g => $"{g.Kind} {g.FromMs} … {g.ToMs}"))}");
                worst = Math.Min(worst, peak);
                found++;
            }
            foreach (var pause in played.Pauses.Where(p => p.To - p.From > 2 * Edge))
            {
                float loudest = Samples(recorded.Sound[file], pause.From + Edge, pause.To - Edge).Max(Math.Abs);
                Assert.True(loudest < 0.003f, $"{seed}: the pause at {pause.From} is not silent in {file} ({loudest:0.00000})");
            }
        }
        output.WriteLine($"rustling of {Length.TotalSeconds:0.0} s: {found} stretches of 200 ms in their places, likeness ≥ {worst:0.00}; {played.Outages.Count} outages, {played.Pauses.Count} pauses");
        Assert.True(found > 0);
    }

    /// <summary>Every sentence that no gap touches is in its place and has a caption, and nothing is said twice.</summary>
    public void AssertSpoken()
    {
        int found = 0;
        foreach (var line in SpokenLine.Read(Fixtures.Speech("release-review.json")))
        {
            var stream = played.Source.Streams.Single(s => s.Participant.Name == line.Speaker);
            var origin = recorded.Log.OriginOf(stream) - recorded.StartedUnix;
            var (from, to) = (origin + line.Start, origin + line.End);
            var gaps = recorded.Quality.Tracks.Single(t => t.Participant!.Id == stream.Participant.Id).Gaps;
            if (to > LastSent || gaps.Any(g => new Stretch(From(g) - Edge, To(g) + Edge).Touches(from, to))) continue;
            var (off, peak) = recorded.Locate(stream.Participant.Id, line.Samples, from);
            Assert.True(off.Duration() <= InPlace && peak > 0.3, $"{seed}: “{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
            Assert.True(
                recorded.Transcript.Segments.Any(s => s.Participant.Name == line.Speaker && s.StartMs < to.TotalMilliseconds && s.EndMs > from.TotalMilliseconds),
                $"{seed}: “{line.Text}” at {from} has no caption; killed at {string.Join(", ", played.Outages.Select(o => $"{o.Killing.TotalSeconds:0.0} … {o.Back.TotalSeconds:0.0}"))}; captions are {recorded.Meeting.CaptionsStatus}, of {line.Speaker} {string.Join(" | ", recorded.Transcript.Segments.Where(s => s.Participant.Name == line.Speaker).Select(s => $"{s.StartMs} … {s.EndMs} {s.Text}"))}");
            found++;
        }
        foreach (var said in recorded.Transcript.Segments.GroupBy(s => s.Participant.Id))
            foreach (var (one, next) in said.OrderBy(s => s.StartMs).Zip(said.OrderBy(s => s.StartMs).Skip(1)))
                Assert.True(next.StartMs >= one.EndMs - Edge.TotalMilliseconds, $"{seed}: said twice: {one.StartMs} … {one.EndMs} “{one.Text}” and {next.StartMs} … {next.EndMs} “{next.Text}”");
        output.WriteLine($"{found} sentences in their places and captioned");
    }

    /// <summary>Of a meeting in which something is sent all the time.</summary>
    public IEnumerable<KillFigures> Figures() =>
        from outage in played.Outages
        from gap in Assert.Single(recorded.Quality.Tracks).Gaps
        where IsOf(gap, outage)
        select new KillFigures(outage.Killing > From(gap) ? outage.Killing - From(gap) : TimeSpan.Zero, To(gap) - outage.Starting);

    /// <summary>It begins with the kill, and ends with the next packet that is sent after the start: where there is one.</summary>
    private bool IsOf(GapInfo gap, Outage outage) => gap.Kind == "outage"
        && From(gap) >= outage.Killing - Starved && From(gap) <= outage.Killed + Edge && To(gap) >= outage.Killed
        && (To(gap) <= outage.Back + Starved || outage.Back + Starved > LastSent);

    private static TimeSpan From(GapInfo gap) => TimeSpan.FromMilliseconds(gap.FromMs);
    private static TimeSpan To(GapInfo gap) => TimeSpan.FromMilliseconds(gap.ToMs);

    private static float[] Samples(float[] sound, TimeSpan from, TimeSpan to) =>
        sound[(int)(from.TotalSeconds * RecordedMeeting.Rate)..Math.Min((int)(to.TotalSeconds * RecordedMeeting.Rate), sound.Length)];
}
