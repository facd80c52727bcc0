using System.Security.Cryptography;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Media;

/// <summary>The files of a meeting that is over: which of them lie whole on the disk, and the others once more.</summary>
internal sealed class LostFiles(string dataFolder, Meeting meeting, MeetingKeys keys)
{
    private readonly MeetingFolder folder = new(dataFolder, meeting.Id);

    /// <summary>Where it lies in this data folder, wherever that was when it was made.</summary>
    public string PathOf(MadeFile file) => Path.Combine(folder.Recordings, Path.GetFileName(file.Path));

    /// <summary>Every byte is as it was when it was made.</summary>
    /// <exception cref="IOException">It is there and cannot be read.</exception>
    public async Task<bool> IsWholeAsync(MadeFile file, CancellationToken ct)
    {
        try
        {
            await using var content = SealedFile.OpenWhole(PathOf(file), keys);
            return content.Length == file.Bytes && Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct)) == file.Sha256;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>
    /// Makes those of the journal that are made when a meeting ends. What is made on the way and was not asked for is the same as it was, or
    /// takes its place.
    /// </summary>
    /// <param name="missing">Of those that are made when a meeting ends.</param>
    /// <returns>What was made, and why something was not; null: nothing is missing.</returns>
    /// <exception cref="IOException">The journal cannot be read, or the files not written.</exception>
    public async Task<(IReadOnlyList<MadeFile> Files, string? Failure)> MakeAsync(IReadOnlyList<MadeFile> missing, CancellationToken ct)
    {
        string[] outputs = [.. missing.Select(f => f.Kind switch { "mix" => "mix", "track" or "thumbnail" => "tracks", _ => "" }).Where(o => o.Length > 0).Distinct()];
        var job = meeting.Job([]) with { Spec = meeting.Spec with { Outputs = outputs }, MixIsReady = false };
        var made = await new MeetingFiles(job, folder, keys, meeting.Length(meeting.EndedAt ?? meeting.StartedAt)).MakeAsync(run: null, ready: _ => Task.CompletedTask, ct);
        return (made.Files, made.Failure);
    }
}
