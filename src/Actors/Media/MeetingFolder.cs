using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Media;

/// <summary>Where one meeting's data lies.</summary>
public sealed class MeetingFolder(string dataFolder, MeetingId id)
{
    public string Path { get; } = System.IO.Path.Combine(dataFolder, "meetings", id.ToString());
    public MeetingId Id => id;
    public string Journal => System.IO.Path.Combine(Path, "journal");
    /// <summary>In the journal's folder, beside the segments: what was decided about the meeting.</summary>
    public const string DecisionsName = "decisions";

    public string Decisions => System.IO.Path.Combine(Journal, DecisionsName);
    public string Recordings => System.IO.Path.Combine(Path, "recordings");
    public string Key => System.IO.Path.Combine(Path, MeetingKeys.FileName);

    /// <exception cref="IOException">The disk is full or broken.</exception>
    public MeetingKeys OpenOrCreateKeys(IKeyVault vault) => MeetingKeys.OpenOrCreate(Path, id.Value, vault);

    /// <summary>Whatever lies here of one render: its file has the recording's id for a name.</summary>
    public void DeleteRender(RecordingId id)
    {
        if (!Directory.Exists(Recordings)) return;
        foreach (string path in Directory.EnumerateDirectories(Recordings, $"{id}.*")) Directory.Delete(path, recursive: true);
        foreach (string path in Directory.EnumerateFiles(Recordings, $"{id}.*")) File.Delete(path);
    }

    /// <summary>What a crash left of files that were being made; of a render, whoever makes it again takes it.</summary>
    public void DeleteUnfinished()
    {
        foreach (string path in Directory.Exists(Recordings) ? Directory.EnumerateFiles(Recordings, "*.part") : [])
            if (!RecordingId.TryParse(System.IO.Path.GetFileName(path).Split('.')[0], out _)) File.Delete(path);
    }

    /// <summary>Of a meeting that nothing was written for, a key may lie here.</summary>
    public void DeleteUnused()
    {
        if (Directory.Exists(Path) && !Directory.Exists(Journal)) Directory.Delete(Path, recursive: true);
    }

    /// <summary>Of a meeting that nobody was told of: what a disk that then refused had taken of its journal.</summary>
    public void DeleteJournal()
    {
        if (Directory.Exists(Journal)) Directory.Delete(Journal, recursive: true);
    }

    /// <summary>Meetings of which a folder lies here and no journal in it.</summary>
    public static IReadOnlyList<MeetingId> Unused(string dataFolder)
    {
        string meetings = System.IO.Path.Combine(dataFolder, "meetings");
        List<MeetingId> unused = [];
        foreach (string path in Directory.Exists(meetings) ? Directory.EnumerateDirectories(meetings) : [])
            if (MeetingId.TryParse(System.IO.Path.GetFileName(path), out var id) && !Directory.Exists(new MeetingFolder(dataFolder, id).Journal)) unused.Add(id);
        return unused;
    }

    /// <exception cref="FileNotFoundException">The key was destroyed, or there never was such a meeting.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is under another node's key.</exception>
    public MeetingKeys OpenKeys(IKeyVault vault) => MeetingKeys.Open(Path, id.Value, vault);
}
