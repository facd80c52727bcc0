using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Ingest.Journal;

/// <summary>Files that are whole or not there, also after a power cut.</summary>
public static partial class DurableFile
{
    private const int ReadOnly = 0, CloseOnExec = 0x80000;

    /// <summary>Writes a new file (mode 0600), syncs it and its folder. Replaces an old one in one step.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content) => Write(DiskFiles.Instance, path, content);

    internal static void Write(IJournalFiles files, string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + ".new";
        using (var file = files.Create(temporary))
        {
            file.Write(content, 0);
            file.Sync();
        }
        files.Rename(temporary, path);
        files.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Makes what is in the file durable. Other than the runtime's own it does not take a file system that became read-only for one that needs no syncing.</summary>
    public static void Sync(SafeFileHandle file)
    {
        if (Fsync(file) != 0) throw new IOException($"cannot sync: {Marshal.GetLastPInvokeErrorMessage()}");
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
    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);
    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int Syncfs(int descriptor);
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
