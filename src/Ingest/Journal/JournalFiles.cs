using Microsoft.Win32.SafeHandles;

namespace Pipeline.Ingest.Journal;

/// <summary>
/// What a journal's writer does to the file system, step by step: what is written is safe from a power cut only once its file, and
/// every name on the way to it, has been synced.
/// </summary>
internal interface IJournalFiles
{
    /// <summary>Makes the folder, and syncs those that hold its name and its parents', where it was not there.</summary>
    void CreateFolder(string path);

    /// <summary>A new, empty file; an old one of that name is gone.</summary>
    IJournalFile Create(string path);

    void Rename(string from, string to);

    /// <summary>The folder's names.</summary>
    void SyncFolder(string path);

    /// <summary>Everything of the file system that holds the folder.</summary>
    void SyncAll(string folder);
}

/// <summary>A file being written. All of it throws <see cref="IOException"/> where the disk refuses.</summary>
internal interface IJournalFile : IDisposable
{
    /// <summary>All of the bytes, or an exception.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>What is in the file, not its name.</summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    void Sync();
}

/// <summary>The files there are.</summary>
internal sealed class DiskFiles : IJournalFiles
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static readonly DiskFiles Instance = new();

    public void CreateFolder(string path)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path)) return;
        string parent = Path.GetDirectoryName(path)!;
        CreateFolder(parent);
        Directory.CreateDirectory(path);
        SyncFolder(parent);
    }

    public IJournalFile Create(string path)
    {
        var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        File.SetUnixFileMode(file, Private);
        return new DiskFile(file);
    }

    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public void SyncFolder(string path) => DurableFile.SyncFolder(path);

    public void SyncAll(string folder) => DurableFile.SyncFileSystem(folder);

    private sealed class DiskFile(SafeFileHandle file) : IJournalFile
    {
        public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);
        public void Sync() => DurableFile.Sync(file);
        public void Dispose() => file.Dispose();
    }
}
