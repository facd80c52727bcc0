using System.Collections.Concurrent;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Storage;

/// <summary>
/// Spoken text under its meeting's key, the one its journal is under: destroying that key makes both unreadable. Keys that were opened
/// are kept for the next text, as a search opens many; each is used only after a look at the meeting's folder that found the file it
/// was read from, so that none is of use once its file is gone.
/// </summary>
/// <param name="dataFolder">Where the meetings' folders are.</param>
public sealed class MeetingTextSealer(string dataFolder, IKeyVault vault) : ITextSealer
{
    private readonly ConcurrentDictionary<MeetingId, (DateTime Written, MeetingKeys Keys)> opened = new();

    /// <summary>At most; five of the largest pages of hits. Over it all are dropped, and those in use are soon there again.</summary>
    internal int Kept { get; init; } = 1000;

    internal int Held => opened.Count;

    public byte[] Seal(MeetingId meeting, ReadOnlySpan<byte> text) => Keys(meeting).SealText(text);

    public byte[]? Open(MeetingId meeting, ReadOnlySpan<byte> sealedText)
    {
        MeetingKeys keys;
        try { keys = Keys(meeting); }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException) { return null; }
        return keys.OpenText(sealedText);
    }

    private MeetingKeys Keys(MeetingId meeting)
    {
        var folder = new MeetingFolder(dataFolder, meeting);
        var file = new FileInfo(folder.Key);
        var written = file.Exists ? file.LastWriteTimeUtc : default;                 // before it is read: a newer file is read again
        if (opened.TryGetValue(meeting, out var known))
        {
            if (known.Written == written) return known.Keys;
            opened.TryRemove(meeting, out _);
        }
        var keys = folder.OpenKeys(vault);
        if (opened.Count >= Kept) opened.Clear();
        opened[meeting] = (written, keys);
        return keys;
    }
}
