using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Codecs;

/// <summary>The part of libopus 1.3 that is used here (opus.h, opus_defines.h). Negative results are errors.</summary>
internal static unsafe partial class LibOpus
{
    private const string Library = "libopus.so.0";

    public const int ApplicationVoip = 2048;
    public const int SetBitrate = 4002, SetInbandFec = 4012, SetPacketLossPercent = 4014, SetDtx = 4016, GetLookahead = 4027, ResetState = 4028;

    [LibraryImport(Library, EntryPoint = "opus_decoder_create")]
    public static partial nint DecoderCreate(int sampleRate, int channels, out int error);
    [LibraryImport(Library, EntryPoint = "opus_decoder_destroy")]
    public static partial void DecoderDestroy(nint decoder);
    /// <returns>Samples per channel decoded, or a negative error.</returns>
    [LibraryImport(Library, EntryPoint = "opus_decode_float")]
    public static partial int DecodeFloat(nint decoder, byte* packet, int length, float* pcm, int frameSize, int decodeFec);

    [LibraryImport(Library, EntryPoint = "opus_encoder_create")]
    public static partial nint EncoderCreate(int sampleRate, int channels, int application, out int error);
    [LibraryImport(Library, EntryPoint = "opus_encoder_destroy")]
    public static partial void EncoderDestroy(nint encoder);
    /// <returns>Length of the packet in bytes, or a negative error.</returns>
    [LibraryImport(Library, EntryPoint = "opus_encode_float")]
    public static partial int EncodeFloat(nint encoder, float* pcm, int frameSize, byte* packet, int capacity);

    // The control functions take C varargs. On the ABIs we run on (SysV x86-64, AArch64 Linux) an int or pointer passed as a
    // named third argument travels in the same register.
    [LibraryImport(Library, EntryPoint = "opus_encoder_ctl")]
    public static partial int EncoderSet(nint encoder, int request, int value);
    [LibraryImport(Library, EntryPoint = "opus_encoder_ctl")]
    public static partial int EncoderGet(nint encoder, int request, out int value);
    [LibraryImport(Library, EntryPoint = "opus_decoder_ctl")]
    public static partial int DecoderControl(nint decoder, int request);

    [LibraryImport(Library, EntryPoint = "opus_strerror")]
    private static partial nint ErrorText(int error);
    public static string Describe(int error) => Marshal.PtrToStringUTF8(ErrorText(error)) ?? $"error {error}";
}

/// <summary>Owns an `OpusDecoder*`.</summary>
internal sealed class OpusDecoderHandle() : SafeHandle(0, ownsHandle: true)
{
    public static OpusDecoderHandle Create(int sampleRate, int channels)
    {
        var handle = new OpusDecoderHandle();
        handle.SetHandle(LibOpus.DecoderCreate(sampleRate, channels, out int error));
        return error == 0 ? handle : throw new InvalidOperationException($"libopus made no decoder: {LibOpus.Describe(error)}");
    }
    public override bool IsInvalid => handle == 0;
    protected override bool ReleaseHandle() { LibOpus.DecoderDestroy(handle); return true; }
}

/// <summary>Owns an `OpusEncoder*`.</summary>
internal sealed class OpusEncoderHandle() : SafeHandle(0, ownsHandle: true)
{
    public static OpusEncoderHandle Create(int sampleRate, int channels)
    {
        var handle = new OpusEncoderHandle();
        handle.SetHandle(LibOpus.EncoderCreate(sampleRate, channels, LibOpus.ApplicationVoip, out int error));
        return error == 0 ? handle : throw new InvalidOperationException($"libopus made no encoder: {LibOpus.Describe(error)}");
    }
    public override bool IsInvalid => handle == 0;
    protected override bool ReleaseHandle() { LibOpus.EncoderDestroy(handle); return true; }
}
