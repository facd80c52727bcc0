using Pipeline.Api.Replay;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Commands;

/// <summary>`pipeline journal pcap`: the packets as a capture, in the order of the journal.</summary>
internal static class JournalCapture
{
    private const ushort SourcePort = 5004, FirstPort = 20000;
    /// <summary>A track's number has 16 bits, and so has a port: beyond this many tracks ports are used again.</summary>
    private const int Ports = (ushort.MaxValue + 1 - FirstPort) / 2;
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <returns>The exit code: 0, also where damage was passed over.</returns>
    /// <exception cref="IOException">A file of the journal cannot be read, or the capture not be written.</exception>
    public static int Run(string folder, MeetingKeys keys, string path, TextWriter output, TextWriter error)
    {
        if (Path.GetFullPath(path).StartsWith(Path.GetDirectoryName(Path.GetFullPath(folder))! + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            error.WriteLine($"{path} lies in the meeting's own folder, where nothing but the server writes: choose another place for the capture.");
            return 1;
        }
        var reader = new JournalReader(folder, keys);
        var clock = FirstAnchor(reader);
        long rtp = 0, rtcp = 0, headers = 0;
        using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Private }))
        {
            var capture = new PcapWriter(file);
            capture.WriteHeader();
            foreach (var block in reader.ReadBlocks())
                foreach (var record in block)
                {
                    var (source, destination) = (SourcePort, Port(record.Track));
                    switch (record.Kind)
                    {
                        case RecordKind.Rtp:
                            rtp++;
                            break;
                        case RecordKind.Rtcp:
                            rtcp++;
                            (source, destination) = ((ushort)(source + 1), (ushort)(destination + 1));
                            break;
                        case RecordKind.RtpHeader:
                            headers++;
                            continue;
                        default:
                            if (record.Control is ClockAnchor anchor) clock = anchor;
                            continue;
                    }
                    capture.Write(Wall(clock, record.Arrival), source, destination, record.Data);
                }
        }
        JournalDump.Passed(reader.Damage, error);
        if (clock is null) error.WriteLine("No clock anchor could be read: times are since the meeting began, as if that were 1970.");
        output.WriteLine($"{path}: {rtp} RTP packets, {rtcp} RTCP packets; {headers} left out of which only the header was kept.");
        return 0;
    }

    /// <summary>20000 and even for RTP, the odd one above for RTCP (RFC 3550 §11).</summary>
    internal static ushort Port(int track) => (ushort)(FirstPort + 2 * (track % Ports));

    /// <summary>A packet before every anchor that can be read is placed by the first of them.</summary>
    private static ClockAnchor? FirstAnchor(JournalReader reader)
    {
        foreach (var block in reader.ReadBlocks())
            foreach (var record in block)
                if (record.Control is ClockAnchor anchor) return anchor;
        return null;
    }

    private static TimeSpan Wall(ClockAnchor? clock, TimeSpan arrival) =>
        clock is null ? arrival : clock.Wall - DateTimeOffset.UnixEpoch + arrival - TimeSpan.FromMicroseconds(clock.MeetingUs);
}
