using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Net;

/// <summary>A bound UDP port read in batches, and answered from, with the kernel's own arrival times, so that a stall of this process moves nothing in time.</summary>
public sealed unsafe partial class UdpReceiver : IDisposable
{
    private const int SocketLevel = 1, ReceiveBufferForce = 33, TimestampNs = 35, DropCount = 40, DontWait = 0x40;
    /// <summary>About a second of a large meeting with video; the kernel may give less.</summary>
    private const int ReceiveBuffer = 4 << 20;

    private readonly Socket socket;
    private uint dropped, newlyDropped;

    private UdpReceiver(Socket socket) => (this.socket, Port) = (socket, ((IPEndPoint)socket.LocalEndPoint!).Port);

    /// <summary>Everything that came before this, since boot, has been read.</summary>
    public TimeSpan LastDrain { get; private set; } = BootClock.Now;
    /// <summary>Also when it is closed.</summary>
    public int Port { get; }

    /// <summary>Packets the kernel dropped as its buffer was full, since the last call.</summary>
    public uint TakeDropped()
    {
        uint count = newlyDropped;
        newlyDropped = 0;
        return count;
    }

    /// <summary>Null when another program has the port.</summary>
    public static UdpReceiver? TryBind(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.ReceiveBufferSize = ReceiveBuffer;
            try { socket.SetRawSocketOption(SocketLevel, ReceiveBufferForce, BitConverter.GetBytes(ReceiveBuffer)); }
            catch (SocketException) { /* Only root may go beyond the system's limit; what it gave is what there is. */ }
            socket.SetRawSocketOption(SocketLevel, TimestampNs, BitConverter.GetBytes(1));
            socket.SetRawSocketOption(SocketLevel, DropCount, BitConverter.GetBytes(1));
            socket.Bind(new IPEndPoint(address, port));
            return new UdpReceiver(socket);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Fills the batch with what waits. Never blocks; a full batch means there may be more.</summary>
    public void Drain(DatagramBatch batch)
    {
        int received = ReceiveMany((int)socket.Handle, batch.Prepare(), DatagramBatch.Capacity, DontWait, 0);
        batch.Count = Math.Max(received, 0);                                         // EAGAIN, or an ICMP error of another's making
    }

    /// <summary>
    /// When datagram <paramref name="index"/> came, since this boot. The kernel stamps by the wall clock, which can be stepped; the
    /// bounds cannot: it came after the drain before, which left nothing, and before now.
    /// </summary>
    public TimeSpan Arrival(DatagramBatch batch, int index, TimeSpan bootNow, TimeSpan wallNow)
    {
        var (wall, drops) = batch.Notes(index);
        if (drops is { } total && total != dropped)
        {
            newlyDropped += total - dropped;
            dropped = total;
        }
        var arrival = wall is { } stamped ? bootNow - (wallNow - stamped) : bootNow;
        return arrival < LastDrain ? LastDrain : arrival > bootNow ? bootNow : arrival;
    }

    /// <summary>Says that everything that came before <paramref name="bootNow"/> has been read.</summary>
    public void Drained(TimeSpan bootNow) => LastDrain = bootNow;

    /// <summary>Sends one datagram from this port. Never blocks: false where the kernel has no room, or no way there.</summary>
    public bool TrySend(ReadOnlySpan<byte> datagram, PeerAddress to)
    {
        Span<byte> name = stackalloc byte[28];                                       // `sockaddr_in6`, or the shorter `sockaddr_in`
        name.Clear();
        bool v4 = socket.AddressFamily == AddressFamily.InterNetwork;
        if (to.IsIPv4 != v4) return false;
        BitConverter.TryWriteBytes(name, (ushort)(v4 ? 2 : 10));                     // AF_INET, AF_INET6
        BinaryPrimitives.WriteUInt16BigEndian(name[2..], to.Port);
        if (v4) BinaryPrimitives.WriteUInt32BigEndian(name[4..], (uint)to.Address);
        else BinaryPrimitives.WriteUInt128BigEndian(name[8..], to.Address);
        fixed (byte* bytes = datagram)
        fixed (byte* address = name)
            return SendTo((int)socket.Handle, bytes, (nuint)datagram.Length, DontWait, address, v4 ? 16u : 28u) == datagram.Length;
    }

    public void Dispose() => socket.Dispose();

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    private static partial int ReceiveMany(int socket, DatagramBatch.MessageHeader* messages, uint count, int flags, nint timeout);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(int socket, byte* bytes, nuint length, int flags, byte* address, uint addressLength);
}
