using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Storage;

/// <summary>Spoken text under its meeting's key, the one its journal is under: destroying that key makes both unreadable.</summary>
/// <param name="dataFolder">Where the meetings' folders are.</param>
public sealed class MeetingTextSealer(string dataFolder, IKeyVault vault) : ITextSealer
{
    public byte[] Seal(MeetingId meeting, ReadOnlySpan<byte> text) => new MeetingFolder(dataFolder, meeting).OpenKeys(vault).SealText(text);

    public byte[]? Open(MeetingId meeting, ReadOnlySpan<byte> sealedText)
    {
        MeetingKeys keys;
        try { keys = new MeetingFolder(dataFolder, meeting).OpenKeys(vault); }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException) { return null; }
        return keys.OpenText(sealedText);
    }
}
