using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Net;

/// <summary>Who sent a datagram: compared, never kept or logged.</summary>
public readonly record struct PeerAddress(UInt128 Address, ushort Port, bool IsIPv4)
{
    public static PeerAddress Of(IPEndPoint endpoint)
    {
        UInt128 address = 0;
        foreach (byte b in endpoint.Address.GetAddressBytes()) address = address << 8 | b;
        return new PeerAddress(address, (ushort)endpoint.Port, endpoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork);
    }

    /// <summary>Of this machine: 127.0.0.0/8, ::1, or the former written as the latter.</summary>
    public bool IsLoopback => IsIPv4 ? Address >> 24 == 127 : Address == 1 || Address >> 24 == 0xFFFF7F;

    /// <summary>As <see cref="IPNetwork.Contains"/>, without an object for the address.</summary>
    public bool IsIn(IPNetwork network)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!network.BaseAddress.TryWriteBytes(bytes, out int length) || IsIPv4 != (length == 4)) return false;
        UInt128 first = IsIPv4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
        int host = 8 * length - network.PrefixLength;
        return host == 128 || (Address ^ first) >> host == 0;                        // a shift by 128 is none
    }
}

/// <summary>
/// A slab for up to 64 datagrams, filled by one system call and used again. Native memory in the layout of `recvmmsg`(2); owned by
/// one thread.
/// </summary>
public sealed unsafe class DatagramBatch : IDisposable
{
    public const int Capacity = 64;
    /// <summary>Longer datagrams are cut and refused: no media path carries them.</summary>
    public const int MaxDatagram = 2048;
    private const int NameLength = 32, ControlLength = 128;
    private const int SocketLevel = 1, TimestampNs = 35, DropCount = 40;             // SOL_SOCKET, SCM_TIMESTAMPNS, SO_RXQ_OVFL
    private const int Truncated = 0x20;                                              // MSG_TRUNC

    private readonly byte* memory = (byte*)NativeMemory.AlignedAlloc(Capacity * (MaxDatagram + NameLength + ControlLength), 64);
    private readonly MessageHeader* headers = (MessageHeader*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(MessageHeader));
    private readonly IoVector* vectors = (IoVector*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(IoVector));

    public int Count { get; internal set; }

    /// <summary>Valid, and the callee's to change, until the next drain.</summary>
    public Span<byte> Bytes(int index) =>
        (headers[index].Flags & Truncated) != 0 ? [] : new(memory + index * MaxDatagram, (int)headers[index].Received);

    /// <summary>Sender's address, from `sockaddr_in` or `sockaddr_in6`.</summary>
    public PeerAddress Peer(int index)
    {
        var name = new ReadOnlySpan<byte>(Name(index), NameLength);
        ushort port = (ushort)(name[2] << 8 | name[3]);
        UInt128 address = 0;
        bool v4 = MemoryMarshal.Read<ushort>(name) == 2;                             // AF_INET
        foreach (byte b in v4 ? name.Slice(4, 4) : name.Slice(8, 16)) address = address << 8 | b;
        return new PeerAddress(address, port, v4);
    }

    /// <summary>What the kernel noted beside the datagram: when it came by the wall clock, and how many were dropped before it since the socket opened.</summary>
    internal (TimeSpan? Wall, uint? Dropped) Notes(int index)
    {
        TimeSpan? wall = null;
        uint? dropped = null;
        byte* control = Control(index);
        for (nuint at = 0; at + 16 <= headers[index].ControlLength;)
        {
            nuint length = *(nuint*)(control + at);
            int level = *(int*)(control + at + 8), type = *(int*)(control + at + 12);
            if (length < 16) break;
            if (level == SocketLevel && type == TimestampNs && length >= 32) wall = ((BootClock.Timespec*)(control + at + 16))->ToTimeSpan();
            if (level == SocketLevel && type == DropCount && length >= 20) dropped = *(uint*)(control + at + 16);
            at += (length + 7) & ~(nuint)7;
        }
        return (wall, dropped);
    }

    internal MessageHeader* Prepare()
    {
        for (int i = 0; i < Capacity; i++)
        {
            vectors[i] = new IoVector { Base = memory + i * MaxDatagram, Length = MaxDatagram };
            headers[i] = new MessageHeader
            {
                Name = Name(i),
                NameLength = NameLength,
                Vectors = vectors + i,
                VectorCount = 1,
                Control = Control(i),
                ControlLength = ControlLength,
            };
        }
        return headers;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(memory);
        NativeMemory.Free(headers);
        NativeMemory.Free(vectors);
    }

    private byte* Name(int index) => memory + Capacity * MaxDatagram + index * NameLength;
    private byte* Control(int index) => memory + Capacity * (MaxDatagram + NameLength) + index * ControlLength;

    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>`struct mmsghdr` of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        private readonly uint padding0;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
        private readonly int padding1;
        public uint Received;
        private readonly uint padding2;
    }
}
