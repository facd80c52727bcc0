using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Pipeline.Transcribe.Whisper;

/// <summary>What a configured model turned out to be.</summary>
internal abstract partial record ModelFile
{
    private ModelFile() { }

    /// <summary>A file that begins as a model does.</summary>
    public sealed record Found(string Path) : ModelFile;

    /// <summary>A well-known model that is not on this machine.</summary>
    public sealed record Fetchable(string Name, Uri Address, string Sha256, long Length, string Destination) : ModelFile;

    /// <param name="Reason">One sentence for the operator, naming the path.</param>
    public sealed record Missing(string Reason) : ModelFile;

    // Names, lengths and SHA-256 of the files as published at huggingface.co/ggerganov/whisper.cpp.
    private static readonly Dictionary<string, (string Sha256, long Length)> WellKnown = new(StringComparer.Ordinal)
    {
        ["tiny"] = ("be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21", 77_691_713),
        ["tiny.en"] = ("921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f", 77_704_715),
        ["base"] = ("60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe", 147_951_465),
        ["base.en"] = ("a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002", 147_964_211),
        ["small"] = ("1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b", 487_601_967),
        ["small.en"] = ("c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d", 487_614_201),
    };

    /// <param name="model">A path, or a name such as <c>base.en</c>.</param>
    /// <param name="folder">Where a name is looked for, as <c>ggml-NAME.bin</c>.</param>
    public static ModelFile Resolve(string model, string folder)
    {
        if (string.IsNullOrWhiteSpace(model)) return new Missing("No speech model is set: set PIPELINE_MODEL to a model file or to a name such as base.en.");
        if (File.Exists(model) || !IsName(model)) return Check(Path.GetFullPath(model));

        string path = Path.Combine(folder, $"ggml-{model}.bin");
        if (File.Exists(path)) return Check(path);
        return WellKnown.TryGetValue(model, out var known)
            ? new Fetchable(model, new Uri($"https://huggingface.co/ggerganov/whisper.cpp/resolve/main/ggml-{model}.bin"), known.Sha256, known.Length, path)
            : new Missing($"The speech model '{model}' is not at {path}, and there is no hash to check a download against: put the file there, or set PIPELINE_MODEL to a file.");
    }

    /// <summary>Lower-case hexadecimal.</summary>
    public static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }

    private static ModelFile Check(string path)
    {
        if (Directory.Exists(path)) return new Missing($"The speech model {path} is a folder, not a file.");
        if (!File.Exists(path)) return new Missing($"The speech model {path} does not exist.");
        try
        {
            using var file = File.OpenRead(path);
            Span<byte> magic = stackalloc byte[4];
            // 0x67676d6c, "ggml", as a little-endian number.
            return file.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic.SequenceEqual("lmgg"u8)
                ? new Found(path)
                : new Missing($"{path} is not a Whisper model in ggml format.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Missing($"The speech model {path} cannot be read ({e.Message}).");
        }
    }

    private static bool IsName(string model) => NamePattern().IsMatch(model) && !model.EndsWith(".bin", StringComparison.Ordinal);

    [GeneratedRegex(@"^[a-z0-9][a-z0-9._-]{0,63}$")]
    private static partial Regex NamePattern();
}
