using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.EndToEnd.Tests;

/// <summary>
/// Stands between a sender and the server: passes media and reports on from one port, and what is answered back; loses some of all of it,
/// the same for the same seed and order, and keeps an account.
/// </summary>
internal sealed class LossyRelay : IDisposable
{
    private const byte Rtx = 97, Red = 63;
    private const int LossyUntil = 400;

    private readonly Socket media = Bound(), reports = Bound(), onward = Bound(), feedback = Bound();
    private readonly CancellationTokenSource over = new();
    private readonly Random random;
    private readonly double loss;
    private readonly List<(byte[] Payload, bool Lost)> sent = [];
    private readonly Task[] loops;
    private long lastSent = Environment.TickCount64;

    /// <param name="loss">Share of packets, either way, that are lost; of media, among the first 400: a sender that ends answers no more, and what is asked for in vain is asked for again.</param>
    public LossyRelay(IPEndPoint server, int seed, double loss)
    {
        (random, this.loss) = (new Random(seed), loss);
        FeedbackPort = PortOf(feedback);
        feedback.Dispose();                                                          // the sender's, from now on
        var sender = new IPEndPoint(IPAddress.Loopback, FeedbackPort);
        loops =
        [
            PassAsync(media, onward, server, IsLost),
            PassAsync(reports, onward, server, _ => false),
            PassAsync(onward, reports, sender, _ => Draw()),
        ];
    }

    /// <summary>Where the sender sends its media.</summary>
    public int MediaPort => PortOf(media);
    /// <summary>Where it sends its reports.</summary>
    public int ReportPort => PortOf(reports);
    /// <summary>Where it listens.</summary>
    public int FeedbackPort { get; }
    /// <summary>Packets sent again, lost or not.</summary>
    public int Repairs { get; private set; }
    /// <summary>What was sent at first, in order: the Opus of each packet.</summary>
    public List<(byte[] Payload, bool Lost)> Media { get { lock (sent) return [.. sent]; } }

    public bool Arrived(int index)
    {
        lock (sent) return index < sent.Count && !sent[index].Lost;
    }

    /// <summary>That many packets were sent, and nothing has come for a second: all that was asked for has come.</summary>
    public async Task WhenOverAsync(int packets)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (Media.Count < packets || Environment.TickCount64 - Interlocked.Read(ref lastSent) < 1000) await tick.WaitForNextTickAsync();
    }

    public void Dispose()
    {
        over.Cancel();
        Task.WhenAll(loops).ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        media.Dispose();
        reports.Dispose();
        onward.Dispose();
        over.Dispose();
    }

    private bool IsLost(ReadOnlySpan<byte> packet)
    {
        Interlocked.Exchange(ref lastSent, Environment.TickCount64);
        int type = packet[1] & 0x7F;
        lock (sent)
        {
            bool lost = Draw() && sent.Count is > 5 and < LossyUntil;
            if (type == Rtx) Repairs++;
            else sent.Add((Opus(packet[12..], type).ToArray(), lost));
            return lost;
        }
    }

    private bool Draw()
    {
        lock (random) return random.NextDouble() < loss;
    }

    /// <summary>A RED packet's own, behind its headers and the blocks they announce.</summary>
    private static ReadOnlySpan<byte> Opus(ReadOnlySpan<byte> payload, int type)
    {
        int at = 0, blocks = 0;
        for (; type == Red && (payload[at] & 0x80) != 0; at += 4) blocks += BinaryPrimitives.ReadUInt16BigEndian(payload[(at + 2)..]) & 0x3FF;
        return type == Red ? payload[(at + 1 + blocks)..] : payload;
    }

    private delegate bool Decision(ReadOnlySpan<byte> packet);

    private async Task PassAsync(Socket from, Socket by, IPEndPoint to, Decision isLost)
    {
        var packet = new byte[2048];
        while (!over.IsCancellationRequested)
        {
            int length;
            try { length = (await from.ReceiveFromAsync(packet, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), over.Token)).ReceivedBytes; }
            catch (OperationCanceledException) { return; }
            if (!isLost(packet.AsSpan(0, length))) await by.SendToAsync(packet.AsMemory(0, length), SocketFlags.None, to);
        }
    }

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
}
