using System.Security.Cryptography;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Recording;

public enum RenderedKind { Mix, Track, Waveform, Thumbnail }

/// <summary>One file made of a meeting. It lies at its final place, whole and sealed.</summary>
/// <param name="Codec">As the contract names it.</param>
/// <param name="Track">The track's number; null for what is of all of them.</param>
/// <param name="Bytes">Of its content.</param>
/// <param name="Sha256">Of its content.</param>
public sealed record RenderedFile(RenderedKind Kind, string Codec, int? Track, string Path, long Bytes, string Sha256)
{
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<RenderedFile> AtAsync(RenderedKind kind, string codec, int? track, string path, MeetingKeys keys, CancellationToken ct)
    {
        await using var file = SealedFile.OpenWhole(path, keys);
        byte[] hash = await SHA256.HashDataAsync(file, ct);
        return new RenderedFile(kind, codec, track, path, file.Length, Convert.ToHexStringLower(hash));
    }

    /// <summary>Writes a meeting's waveform where its other files are.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static async Task<RenderedFile> OfAsync(Waveform waveform, string folder, MeetingKeys keys, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        string path = System.IO.Path.Combine(folder, "waveform.json");
        using (var file = PartFile.Create(path, keys))
        {
            await waveform.SaveAsync(file.Content, ct);
            file.Complete();
        }
        return await AtAsync(RenderedKind.Waveform, "json", null, path, keys, ct);
    }
}
