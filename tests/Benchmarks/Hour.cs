using System.Buffers.Binary;
using Pipeline.Benchmarks.Load;
using Pipeline.Ingest;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Recording;

namespace Pipeline.Benchmarks;

/// <summary>
/// A long meeting of ten, played into its journal as fast as it goes on the meeting's own clock: real Opus packets, those who do not talk send one every 400 ms (DTX).
/// </summary>
internal sealed class Hour : IDisposable
{
    private static readonly PeerAddress Sender = new(0x7F000001, 40000, IsIPv4: true);
    private static readonly TimeSpan Tick = Talkers.Tick;
    private const int HeaderLength = 12 + 8;

    private readonly DirectoryInfo folder;
    private readonly JournalDisk disk;
    private readonly MeetingKeys keys;
    private readonly Guid id = Guid.NewGuid();
    private readonly byte[] datagram = new byte[1500];

    public Hour(string parent)
    {
        folder = Directory.CreateDirectory(Path.Combine(parent, $"pipeline-bench-{id:N}"));
        disk = new JournalDisk(folder.FullName);
        keys = MeetingKeys.OpenOrCreate(folder.FullName, id, new FileKeyVault(Path.Combine(folder.FullName, "keys")));
    }

    public MeetingKeys Keys => keys;
    public string Folder => folder.FullName;
    public string Recordings => Path.Combine(folder.FullName, "recordings");
    private string Journal => Path.Combine(folder.FullName, "journal");

    /// <param name="mix">What the mix is handed to; null: nothing is decoded.</param>
    /// <param name="talking">Of ten.</param>
    /// <param name="each">Called at each full minute.</param>
    /// <returns>Packets sent.</returns>
    public async Task<long> PlayAsync(TimeSpan length, int talking, IMixSink? mix, Action<int>? each = null)
    {
        var voices = SpokenPackets.Talking();
        var silence = SpokenPackets.Silence();
        var sequence = new ushort[Talkers.TracksEach];
        long sent = 0;
        await using var journal = new JournalWriter(Journal, id, 1, keys, disk);
        using var pipeline = new MediaPipeline(journal, mix, speech: null) { Decodes = mix is not null };
        await journal.AppendAsync(new MeetingOpened(id.ToString(), 1, DateTimeOffset.UnixEpoch), default);
        for (int talker = 0; talker < Talkers.TracksEach; talker++)
        {
            var track = Talkers.Track(talker);
            await journal.AppendAsync(
                new TrackAdded(track.Number, track.Participant, track.Name, track.Codec, track.PayloadType, track.ClockRate, track.Channels, track.Ssrc, track.AudioLevelExtension), default);
            pipeline.AddTrack(track);
        }
        int ticks = (int)(length / Tick), minute = (int)(TimeSpan.FromMinutes(1) / Tick);
        for (int tick = 0; tick < ticks; tick++)
        {
            for (int talker = 0; talker < Talkers.TracksEach; talker++)
            {
                bool talks = (talker + tick / minute) % Talkers.TracksEach < talking;   // another one each minute
                if (!talks && (tick + talker) % 20 != 0) continue;
                var voice = voices[talker % voices.Length];
                pipeline.Receive(Datagram(talker, tick, sequence[talker]++, talks ? voice[(tick + 997 * talker) % voice.Length] : silence), Sender, Tick * tick + TimeSpan.FromMilliseconds(talker));
                sent++;
            }
            pipeline.Commit();
            pipeline.Advance(Tick * (tick + 1));
            if (tick % 16 == 0)
                while (journal.WaitingBytes > 0) Thread.Sleep(1);
            if (tick % minute == minute - 1) each?.Invoke(tick / minute + 1);
        }
        pipeline.Finish(length);
        pipeline.Commit();
        await journal.AppendAsync(new MeetingClosed((long)length.TotalMicroseconds), length);
        return sent;
    }

    /// <exception cref="InvalidDataException">It is not what was asked for.</exception>
    public async Task<RenderedMeeting> RenderAsync(TimeSpan length, bool mix, bool tracks)
    {
        var made = await new MeetingRenderer(new JournalReader(Journal, keys), Recordings, length).RenderAsync(mix, tracks, new Waveform(), CancellationToken.None);
        if ((made.MixFailure ?? made.TrackFailure) is { } why) throw new InvalidDataException(why);
        if (made.Damage.Count > 0) throw new InvalidDataException(made.Damage[0].ToString());
        return made;
    }

    public void Dispose()
    {
        disk.Dispose();
        folder.Delete(recursive: true);
    }

    private Span<byte> Datagram(int talker, int tick, ushort sequence, SpokenPacket packet)
    {
        datagram[0] = 0x90;
        datagram[1] = 111;
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(4), (uint)(tick * 960));
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(8), Talkers.Ssrc(talker));
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(12), 0xBEDE_0001);      // RFC 8285 §4.2, one word
        datagram[16] = 1 << 4;
        datagram[17] = packet.Level;
        datagram[18] = datagram[19] = 0;
        packet.Payload.CopyTo(datagram, HeaderLength);
        return datagram.AsSpan(0, HeaderLength + packet.Payload.Length);
    }
}
