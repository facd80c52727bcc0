using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Tests.Codecs;

/// <summary>libopus' encoder with everything that can be asked of it.</summary>
internal sealed unsafe partial class OpusTool : IDisposable
{
    public const int Voip = 2048, Audio = 2049, LowDelay = 2051;                     // OPUS_APPLICATION_…
    public const int Bitrate = 4002, MaxBandwidth = 4004, Vbr = 4006, Bandwidth = 4008, Dtx = 4016, ForceChannels = 4022, ForceMode = 11002;
    public const int Silk = 1000, Hybrid = 1001, Celt = 1002;                        // MODE_… of opus_private.h
    public const int NarrowBand = 1101, WideBand = 1103, SuperWideBand = 1104, FullBand = 1105;
    private const string Library = "libopus.so.0";

    private readonly int channels;
    private readonly nint encoder;

    public OpusTool(int application, int channels)
    {
        this.channels = channels;
        encoder = Create(48000, channels, application, out int error);
        Assert.Equal(0, error);
    }

    public void Set(int request, int value) => Assert.Equal(0, Control(encoder, request, value));

    /// <param name="pcm">Interleaved.</param>
    public byte[] Encode(ReadOnlySpan<float> pcm)
    {
        var packet = new byte[4000];
        fixed (float* from = pcm)
        fixed (byte* to = packet)
        {
            int length = Encode(encoder, from, pcm.Length / channels, to, packet.Length);
            Assert.True(length > 0, $"libopus: {length}");
            return packet[..length];
        }
    }

    /// <summary>The packet with padding behind its frames.</summary>
    public static byte[] Pad(byte[] packet, int length)
    {
        var padded = new byte[length];
        packet.CopyTo(padded, 0);
        fixed (byte* bytes = padded) Assert.Equal(0, Pad(bytes, packet.Length, length));
        return padded;
    }

    /// <summary>Packets of one configuration as one.</summary>
    public static byte[] Join(params byte[][] packets)
    {
        nint joiner = CreateJoiner();
        var handles = packets.Select(p => GCHandle.Alloc(p, GCHandleType.Pinned)).ToList();   // it keeps what it was given
        try
        {
            foreach (var handle in handles) Assert.Equal(0, Join(joiner, (byte*)handle.AddrOfPinnedObject(), ((byte[])handle.Target!).Length));
            var joined = new byte[4000];
            fixed (byte* to = joined)
            {
                int length = JoinOut(joiner, to, joined.Length);
                Assert.True(length > 0, $"libopus: {length}");
                return joined[..length];
            }
        }
        finally
        {
            foreach (var handle in handles) handle.Free();
            DestroyJoiner(joiner);
        }
    }

    public void Dispose() => Destroy(encoder);

    [LibraryImport(Library, EntryPoint = "opus_encoder_create")]
    private static partial nint Create(int sampleRate, int channels, int application, out int error);
    [LibraryImport(Library, EntryPoint = "opus_encoder_destroy")]
    private static partial void Destroy(nint encoder);
    [LibraryImport(Library, EntryPoint = "opus_encode_float")]
    private static partial int Encode(nint encoder, float* pcm, int frameSize, byte* packet, int capacity);
    [LibraryImport(Library, EntryPoint = "opus_encoder_ctl")]
    private static partial int Control(nint encoder, int request, int value);
    [LibraryImport(Library, EntryPoint = "opus_packet_pad")]
    private static partial int Pad(byte* packet, int length, int newLength);
    [LibraryImport(Library, EntryPoint = "opus_repacketizer_create")]
    private static partial nint CreateJoiner();
    [LibraryImport(Library, EntryPoint = "opus_repacketizer_destroy")]
    private static partial void DestroyJoiner(nint joiner);
    [LibraryImport(Library, EntryPoint = "opus_repacketizer_cat")]
    private static partial int Join(nint joiner, byte* packet, int length);
    [LibraryImport(Library, EntryPoint = "opus_repacketizer_out")]
    private static partial int JoinOut(nint joiner, byte* packet, int capacity);
}
