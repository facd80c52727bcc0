using Pipeline.Api.Tests.Replay;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Tests.Journal;

public sealed class JournalDumpTests
{
    [Fact]
    public async Task Prints_a_line_for_each_record()
    {
        using var journal = new WrittenJournal();
        await using (var writer = journal.Open(run: 3))
        {
            await writer.AppendAsync(new SsrcBound(2, 9, 1_000_000), TimeSpan.FromSeconds(1));
            writer.AddPacket(RecordKind.Rtp, 2, TimeSpan.FromSeconds(1.5), CaptureBytes.Rtp(ssrc: 9, sequence: 5));
            writer.AddPacket(RecordKind.RtpHeader, 2, TimeSpan.FromSeconds(1.75), CaptureBytes.Rtp(ssrc: 9, sequence: 6, payloadLength: 0));
            writer.AddPacket(RecordKind.Rtcp, 2, TimeSpan.FromSeconds(2), [0x80, 200, 0, 1, 0, 0, 0, 9]);
            writer.AddPacket(RecordKind.Rtp, 2, TimeSpan.FromSeconds(2.000_001), [1, 2, 3]);
            writer.Commit();
        }
        var (exit, output, error) = journal.Run("dump");

        Assert.Equal(0, exit);
        Assert.Empty(error);
        Assert.Equal(
            """
                  1.000000 segment=1 block=0 run=3 control {"type":"ssrc_bound","number":2,"ssrc":9,"at_us":1000000}
                  1.500000 segment=1 block=1 run=3 rtp track=2 pt=111 seq=5 ts=4800 ssrc=9 marker=0 bytes=32
                  1.750000 segment=1 block=1 run=3 rtp-header track=2 pt=111 seq=6 ts=5760 ssrc=9 marker=0 bytes=12
                  2.000000 segment=1 block=1 run=3 rtcp track=2 pt=200 ssrc=9 bytes=8
                  2.000001 segment=1 block=1 run=3 rtp track=2 bytes=3

            """,
            output);
    }

    [Fact]
    public async Task Prints_only_decisions_when_asked()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        string[] lines = journal.Run("dump", "--control").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.Contains("\"type\":\"track_added\",\"number\":1,\"participant\":\"alice\"", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("control {\"type\":\"meeting_closed\",\"duration_us\":25000000}", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Goes_on_behind_damage_and_says_where_it_was()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        WrittenJournal.Flip(journal.Segment(2), 80 + 20 + 5);
        var (exit, output, error) = journal.Run("dump");
        Assert.Equal(0, exit);
        Assert.Equal(253, output.Count(c => c == '\n'));                             // of 254
        Assert.StartsWith("segment 2 at byte 80: block is damaged", error, StringComparison.Ordinal);
    }
}
