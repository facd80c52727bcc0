using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Api.Replay;

/// <summary>What one packet's sender did with it.</summary>
/// <param name="Stream">Index in the source's streams.</param>
/// <param name="Sequence">RTP sequence number.</param>
/// <param name="Timestamp">RTP timestamp.</param>
/// <param name="Media">The packet's own time in the source; what jitter added shows only in <paramref name="Sent"/>.</param>
/// <param name="Sent">When it did leave, since the Unix epoch; null where it was lost on purpose.</param>
public readonly record struct SentPacket(int Stream, ushort Sequence, uint Timestamp, TimeSpan Media, TimeSpan? Sent, DeliveryKind Action);

/// <summary>
/// What was sent, and when: against this a recording can be judged. Written as JSON lines: <see cref="SendLogHeader"/>,
/// then a <see cref="SendLogLine"/> for each packet in the order of sending.
/// </summary>
/// <param name="Started">Since the Unix epoch, the moment of media time 0.</param>
/// <param name="Complete">False where the run was cancelled.</param>
public sealed record SendLog(ReplaySource Source, TimeSpan Started, double Speed, IReadOnlyList<SentPacket> Packets, bool Complete)
{
    private static readonly byte[] NewLine = [(byte)'\n'];

    public int Count(DeliveryKind action) => Packets.Count(p => p.Action == action);

    /// <returns>Since the Unix epoch: when sample 0 of the stream's reference sound was, or would have been, sent.</returns>
    public TimeSpan OriginOf(ReplayStream stream) => Started + stream.Origin / Speed;

    public void Write(Stream target, string meetingId)
    {
        var header = new SendLogHeader(meetingId, Microseconds(Started), Speed, Complete,
            [.. Source.Streams.Select(s => new SendLogStream(s.Participant.Id, s.Participant.Name, s.Kind, s.Ssrc, Microseconds(OriginOf(s))))]);
        target.Write(JsonSerializer.SerializeToUtf8Bytes(header, ReplayJson.Default.SendLogHeader));
        target.Write(NewLine);
        foreach (var packet in Packets)
        {
            var line = new SendLogLine(
                Source.Streams[packet.Stream].Ssrc, packet.Sequence, packet.Timestamp, packet.Media.TotalMilliseconds,
                packet.Sent is { } sent ? Microseconds(sent) : null,
                packet.Action switch { DeliveryKind.Sent => "sent", DeliveryKind.Lost => "lost", _ => "duplicate" });
            target.Write(JsonSerializer.SerializeToUtf8Bytes(line, ReplayJson.Default.SendLogLine));
            target.Write(NewLine);
        }
        target.Flush();
    }

    /// <summary>Reads a file that <see cref="Write"/> wrote.</summary>
    /// <exception cref="ReplayException">It is no such file.</exception>
    public static (SendLogHeader Header, IReadOnlyList<SendLogLine> Lines) Read(string path)
    {
        try
        {
            string[] lines = File.ReadAllLines(path);
            if (lines.Length == 0) throw new JsonException("it is empty");
            return (JsonSerializer.Deserialize(lines[0], ReplayJson.Default.SendLogHeader)!,
                [.. lines.Skip(1).Select(l => JsonSerializer.Deserialize(l, ReplayJson.Default.SendLogLine)!)]);
        }
        catch (JsonException e)
        {
            throw new ReplayException($"{path} is no sender's log: {e.Message}", e);
        }
    }

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}

/// <param name="StartedUnixUs">Wall clock at media time 0.</param>
public sealed record SendLogHeader(string MeetingId, long StartedUnixUs, double Speed, bool Complete, IReadOnlyList<SendLogStream> Streams);

/// <param name="OriginUnixUs">Wall clock at which sample 0 of the participant's reference sound was sent, or would have been.</param>
public sealed record SendLogStream(string Participant, string Name, string Kind, uint Ssrc, long OriginUnixUs);

/// <param name="Ts">RTP timestamp.</param>
/// <param name="MediaMs">When it should leave, before any jitter, since the replay began.</param>
/// <param name="SentUnixUs">Null where it was lost on purpose.</param>
/// <param name="Action">"sent", "lost" or "duplicate".</param>
public sealed record SendLogLine(
    uint Ssrc, ushort Seq, uint Ts, double MediaMs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? SentUnixUs,
    string Action);
