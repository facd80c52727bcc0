using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Ingest.Files;

/// <summary>A small document that another program of this user reads as a file, and that lies on no disk (memfd_create(2)). Gone when it is disposed.</summary>
public sealed partial class MemoryFile : IDisposable
{
    private const uint CloseOnExec = 1;

    private readonly SafeFileHandle file;

    /// <exception cref="IOException">There is no memory.</exception>
    public MemoryFile(ReadOnlySpan<byte> content)
    {
        int descriptor = Create("document", CloseOnExec);
        if (descriptor < 0) throw new IOException($"cannot make a file in memory: {Marshal.GetLastPInvokeErrorMessage()}");
        file = new SafeFileHandle(descriptor, ownsHandle: true);
        Path = $"/proc/{Environment.ProcessId}/fd/{descriptor}";
        try { RandomAccess.Write(file, content, 0); }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whoever opens it reads from its beginning.</summary>
    public string Path { get; }

    public void Dispose() => file.Dispose();

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Create(string name, uint flags);
}
