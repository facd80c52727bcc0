using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.Benchmarks.Load;

/// <summary>
/// The sending side, a program of its own so that its CPU is nobody else's: says "ready" once it has its packets, begins at a line on its standard
/// input, and ends with how many it sent of each SSRC.
/// </summary>
internal static class Sender
{
    /// <summary>Meetings take turns within a tick, as they would on a network.</summary>
    private const int Turns = 4;
    private const int HeaderLength = 12 + 8, DtxTicks = 20;
    private const byte PayloadType = 111, AudioLevelId = 1;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    public static void Run(SendPlan plan)
    {
        var speech = SpokenPackets.Talking();
        var silence = SpokenPackets.Silence();
        Console.WriteLine("ready");
        Console.ReadLine();

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var to = Enumerable.Range(0, plan.Meetings * Talkers.TracksEach).Select(track => Destinations(plan, track)).ToArray();
        long[] sent = new long[to.Length];
        byte[] datagram = new byte[1500];
        var clock = Stopwatch.StartNew();
        int ticks = plan.Seconds * 50;
        for (int turn = 0; turn < ticks * Turns; turn++)
        {
            int tick = turn / Turns;
            for (int meeting = turn % Turns; meeting < plan.Meetings; meeting += Turns)
                for (int t = 0; t < Talkers.TracksEach; t++)
                {
                    int track = meeting * Talkers.TracksEach + t;
                    bool talks = t < plan.Talking;
                    if (!talks && plan.Silence == Silence.Unsent && tick % DtxTicks != track % DtxTicks) continue;
                    var voice = speech[track % speech.Length];
                    int length = Write(datagram, track, tick, (ushort)sent[track], talks ? voice[(tick + 97 * track) % voice.Length] : silence);
                    foreach (var address in to[track]) socket.SendTo(datagram.AsSpan(0, length), SocketFlags.None, address);
                    sent[track]++;
                }
            var wait = Tick * (turn + 1) / Turns - clock.Elapsed;
            if (wait > TimeSpan.Zero) Thread.Sleep(wait);
        }
        for (int track = 0; track < sent.Length; track++) Console.WriteLine($"{Talkers.Ssrc(track)} {sent[track]}");
    }

    private static SocketAddress[] Destinations(SendPlan plan, int track)
    {
        var (meeting, within) = Math.DivRem(track, Talkers.TracksEach);
        return
        [
            .. plan.OnePort.Select(ports => new IPEndPoint(IPAddress.Loopback, ports[meeting]).Serialize()),
            .. plan.PortEach.Select(ports => new IPEndPoint(IPAddress.Loopback, ports[meeting] + 2 * within).Serialize()),
        ];
    }

    private static int Write(Span<byte> datagram, int track, int tick, ushort sequence, SpokenPacket packet)
    {
        datagram[0] = 0x90;                                                          // version 2, header extension
        datagram[1] = PayloadType;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[4..], (uint)(tick * 960));
        BinaryPrimitives.WriteUInt32BigEndian(datagram[8..], Talkers.Ssrc(track));
        BinaryPrimitives.WriteUInt32BigEndian(datagram[12..], 0xBEDE_0001);          // RFC 8285 §4.2, one word
        (datagram[16], datagram[17], datagram[18], datagram[19]) = (AudioLevelId << 4, packet.Level, 0, 0);
        packet.Payload.CopyTo(datagram[HeaderLength..]);
        return HeaderLength + packet.Payload.Length;
    }
}
