using System.Runtime.InteropServices;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// The C shim around whisper.cpp (Native/pipeline_whisper.h), which the set-up builds. Its structs are ours and flat; each begins
/// with its own size, so a library of another version refuses instead of reading garbage.
/// </summary>
internal static unsafe partial class LibWhisper
{
    private const string Library = "pipeline_whisper";

    public const int Layout = 3;
    public const int Ok = 0, StateLost = -7, BadLayout = -100, Exception = -101, BadArgument = -102, NoRoom = -103;

    static LibWhisper() =>
        NativeLibrary.SetDllImportResolver(typeof(LibWhisper).Assembly, static (name, _, _) =>
            name == Library ? NativeLibrary.Load(LibraryPath()) : 0);

    /// <summary><c>PIPELINE_WHISPER_LIB</c> where it is set, else the name that the set-up links in the cache folder for this layout.</summary>
    public static string LibraryPath() =>
        Environment.GetEnvironmentVariable("PIPELINE_WHISPER_LIB") is { Length: > 0 } path
            ? path
            : Path.Combine(CacheFolder.Path, $"libpipeline_whisper.{Layout}.so");

    [StructLayout(LayoutKind.Sequential)]
    public struct Options
    {
        public int Size, Threads, AudioContext, MaxTokens, BeamSize;
        public float TemperatureStep;
        public int Translate, Reserved;
        public byte* Language, Prompt;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Token
    {
        public int TextOffset, TextLength, StartCentiseconds, EndCentiseconds;
        public float Probability;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Output
    {
        public int Size, TokenCapacity, TextCapacity, TokenCount, TextLength, Reserved;
        public fixed byte Language[8];
        public Token* Tokens;
        public byte* Text;
    }

    [LibraryImport(Library, EntryPoint = "pw_layout")]
    public static partial int LibraryLayout();
    [LibraryImport(Library, EntryPoint = "pw_engine_version")]
    private static partial nint EngineVersionText();
    public static string EngineVersion() => Marshal.PtrToStringUTF8(EngineVersionText()) ?? "";

    [LibraryImport(Library, EntryPoint = "pw_model_load", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ModelLoad(string path, int useGpu);
    [LibraryImport(Library, EntryPoint = "pw_model_free")]
    public static partial void ModelFree(nint model);
    [LibraryImport(Library, EntryPoint = "pw_model_audio_context")]
    public static partial int ModelAudioContext(nint model);
    [LibraryImport(Library, EntryPoint = "pw_state_new")]
    public static partial nint StateNew(nint model);
    [LibraryImport(Library, EntryPoint = "pw_state_free")]
    public static partial void StateFree(nint state);
    /// <returns><see cref="Ok"/> or a negative code; after <see cref="StateLost"/> the state is already free.</returns>
    [LibraryImport(Library, EntryPoint = "pw_run")]
    public static partial int Run(nint model, nint state, float* samples, int count, Options* options, Output* output);

    [LibraryImport(Library, EntryPoint = "pw_last_error")]
    private static partial void LastErrorText(byte* text, int capacity);
    public static string LastError()
    {
        const int capacity = 512;
        byte* text = stackalloc byte[capacity];
        LastErrorText(text, capacity);
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }
}
