using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Pipeline.Api.Replay;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Api.Commands;

/// <summary>`pipeline journal dump`: a line for each record, as `name=value` after time and place.</summary>
internal static class JournalDump
{
    /// <returns>The exit code: 0, also where damage was passed over.</returns>
    public static int Run(string folder, MeetingKeys keys, bool controlOnly, TextWriter output, TextWriter error)
    {
        var reader = new JournalReader(folder, keys);
        foreach (var block in reader.ReadBlocks())
            foreach (var record in block)
                if (!controlOnly || record.Kind == RecordKind.Control) output.WriteLine(Line(block, record));
        Passed(reader.Damage, error);
        return 0;
    }

    /// <summary>Says what could not be read, in the order of the journal.</summary>
    public static void Passed(IReadOnlyList<JournalDamage> damage, TextWriter error)
    {
        foreach (var each in damage) error.WriteLine($"segment {each.Segment} at byte {each.Offset}: {each.What}");
        if (damage.Count > 0) error.WriteLine("What could be read is all there; pipeline journal verify tells more.");
    }

    private static string Line(JournalBlock block, in JournalRecord record) => string.Create(
        CultureInfo.InvariantCulture,
        $"{record.Arrival.TotalSeconds,14:F6} segment={block.Segment} block={block.Index} run={block.Run} {What(record)}");

    private static string What(in JournalRecord record) => record.Kind switch
    {
        RecordKind.Control => $"control {Encoding.UTF8.GetString(record.Data)}",
        RecordKind.Rtp => Rtp("rtp", record),
        RecordKind.RtpHeader => Rtp("rtp-header", record),
        RecordKind.Rtcp => Rtcp(record),
        RecordKind.SrtpIndex when SrtpIndexRecord.TryRead(record.Data, out uint ssrc, out long index) =>
            $"srtp-index track={record.Track} ssrc={ssrc} roc={index >> 16} seq={index & 0xFFFF}",
        var later => $"kind-{(byte)later} track={record.Track} bytes={record.Data.Length}",
    };

    private static string Rtp(string kind, in JournalRecord record) => RtpHeader.TryRead(record.Data, out var header)
        ? $"{kind} track={record.Track} pt={header.PayloadType} seq={header.SequenceNumber} ts={header.Timestamp} ssrc={header.Ssrc} marker={(header.Marker ? 1 : 0)} bytes={record.Data.Length}"
        : $"{kind} track={record.Track} bytes={record.Data.Length}";

    /// <summary>Type and sender of the first packet of the compound (RFC 3550 §6.4).</summary>
    private static string Rtcp(in JournalRecord record) => record.Data.Length >= 8
        ? $"rtcp track={record.Track} pt={record.Data[1]} ssrc={BinaryPrimitives.ReadUInt32BigEndian(record.Data[4..])} bytes={record.Data.Length}"
        : $"rtcp track={record.Track} bytes={record.Data.Length}";
}
