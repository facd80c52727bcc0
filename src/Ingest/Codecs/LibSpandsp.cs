using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Codecs;

/// <summary>The part of libspandsp 0.0.6 that is used here (g722.h).</summary>
internal static unsafe partial class LibSpandsp
{
    private const string Library = "libspandsp.so.2";

    public const int BitRate = 64000;

    /// <param name="state">One to begin anew with; 0: a new one.</param>
    /// <param name="options">0: 16 kHz out, an octet for two samples in.</param>
    [LibraryImport(Library, EntryPoint = "g722_decode_init")]
    public static partial nint DecodeInit(nint state, int bitRate, int options);
    [LibraryImport(Library, EntryPoint = "g722_decode_free")]
    public static partial int DecodeFree(nint state);
    /// <returns>Samples written: two for each octet.</returns>
    [LibraryImport(Library, EntryPoint = "g722_decode")]
    public static partial int Decode(nint state, short* pcm, byte* octets, int length);

    private static readonly Lazy<bool> Present = new(() => NativeLibrary.TryLoad(Library, out _));

    /// <param name="why">One sentence for the operator, where it is not.</param>
    public static bool IsPresent([NotNullWhen(false)] out string? why)
    {
        why = Present.Value ? null : "this node has no libspandsp2: install the package libspandsp2 and restart";
        return why is null;
    }
}

/// <summary>Owns a `g722_decode_state_t*`.</summary>
internal sealed class G722DecoderHandle() : SafeHandle(0, ownsHandle: true)
{
    public static G722DecoderHandle Create()
    {
        var handle = new G722DecoderHandle();
        handle.SetHandle(LibSpandsp.DecodeInit(0, LibSpandsp.BitRate, options: 0));
        return handle.IsInvalid ? throw new InvalidOperationException("libspandsp made no decoder") : handle;
    }
    public override bool IsInvalid => handle == 0;
    protected override bool ReleaseHandle() => LibSpandsp.DecodeFree(handle) == 0;
}
