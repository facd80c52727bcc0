using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Journal;

/// <summary>Files that are whole or not there, also after a power cut.</summary>
internal static partial class DurableFile
{
    private const int ReadOnly = 0, CloseOnExec = 0x80000;
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a new file (mode 0600), syncs it and its folder. Replaces an old one in one step.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Private };
        using (var file = new FileStream(temporary, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
        SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Makes the folder's names durable.</summary>
    public static void SyncFolder(string folder) => OnFolder(folder, Fsync);

    /// <summary>Writes everything dirty of the file system that holds the folder to disk.</summary>
    public static void SyncFileSystem(string folder) => OnFolder(folder, Syncfs);

    private static void OnFolder(string folder, Func<int, int> sync)
    {
        int descriptor = Open(folder, ReadOnly | CloseOnExec);
        if (descriptor < 0) throw new IOException($"cannot open {folder}: {Marshal.GetLastPInvokeErrorMessage()}");
        try
        {
            if (sync(descriptor) != 0) throw new IOException($"cannot sync {folder}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        finally { _ = Close(descriptor); }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);
    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int Syncfs(int descriptor);
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
