namespace Pipeline.Ingest.Journal;

/// <summary>
/// Appends to the file of what was decided about one meeting, whole blocks only: after a failure the next one goes to the same place. Not
/// for two threads at once.
/// </summary>
public sealed class DecisionFile
{
    private readonly string path;
    private readonly MeetingKeys keys;
    private byte[] previous = new byte[DecisionFormat.LinkLength];
    private long length;
    private int next;
    private bool isNew, isRagged;

    private DecisionFile(string path, MeetingKeys keys) => (this.path, this.keys) = (path, keys);

    /// <summary>Goes on behind what is whole: a tail that a killed writer left is cut with the first append. Nothing is written yet.</summary>
    /// <param name="path">In a folder that is there.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static DecisionFile Open(string path, MeetingKeys keys)
    {
        var opened = new DecisionFile(path, keys);
        byte[] file = File.Exists(path) ? File.ReadAllBytes(path) : [];
        var reader = new DecisionReader(path, keys);
        int blocks = 0;
        foreach (var block in reader.Walk(file))
        {
            opened.next = Math.Max(opened.next, block.Index + 1);
            opened.previous = file[(block.End - DecisionFormat.LinkLength)..block.End];
            blocks++;
        }
        opened.length = reader.TornAt ?? file.Length;                                // damage stays where it is, to be reported
        opened.isRagged = opened.length < file.Length;
        opened.isNew = opened.length == 0;
        opened.IsEmpty = blocks == 0;
        return opened;
    }

    /// <summary>No block of it can be read, or none was written.</summary>
    public bool IsEmpty { get; private set; }

    /// <summary>Writes one block; it is durable after <see cref="Sync"/>.</summary>
    /// <exception cref="IOException">The disk did not take it: nothing of it counts.</exception>
    /// <exception cref="UnauthorizedAccessException">The same, for want of a right.</exception>
    public void Append(ReadOnlySpan<byte> data)
    {
        if (length > 0 && !File.Exists(path)) (length, next, previous, isNew, isNamed) = (0, 0, new byte[DecisionFormat.LinkLength], true, false);
        using var aes = keys.DecisionCipher();
        byte[] block = DecisionFormat.Seal(aes, data, next, previous);
        byte[] bytes = isNew ? [.. DecisionFormat.FileHeader(keys.Meeting), .. block] : block;
        if (!File.Exists(path)) new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        if (isRagged) RandomAccess.SetLength(file, length);
        isRagged = true;                                                             // until all of it is there
        RandomAccess.Write(file, bytes, length);
        (isRagged, isNew, IsEmpty) = (false, false, false);
        length += bytes.Length;
        next++;
        previous = block[^DecisionFormat.LinkLength..];
    }

    /// <summary>Makes what was appended to these files durable: one by one while they are few, else all that the file system has to write.</summary>
    /// <param name="folder">On the file system that holds them.</param>
    /// <exception cref="IOException">The disk did not take it.</exception>
    public static void Sync(IReadOnlyCollection<DecisionFile> files, string folder)
    {
        if (files.Count > MaxSyncedAlone || files.Any(file => !file.isNamed))
        {
            DurableFile.SyncFileSystem(folder);
            foreach (var file in files) file.isNamed = true;
            return;
        }
        foreach (var appended in files)
        {
            using var file = File.OpenHandle(appended.path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            DurableFile.Sync(file);
        }
    }

    /// <summary>More of them one by one take longer than everything at once.</summary>
    private const int MaxSyncedAlone = 4;
    /// <summary>Its name is durable, and those of the folders it is in.</summary>
    private bool isNamed;
}
