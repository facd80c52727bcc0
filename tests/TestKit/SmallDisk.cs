using System.Diagnostics;

namespace Pipeline.TestKit;

/// <summary>A file system in memory that holds little, mounted where one process and its children alone see it.</summary>
/// <param name="Bytes">What it holds.</param>
public sealed record SmallDisk(long Bytes)
{
    private const string Ballast = "ballast";

    /// <summary>False where somebody who is nobody may not make a mount namespace.</summary>
    public static async Task<bool> IsPossibleAsync()
    {
        try
        {
            using var tried = Process.Start(new ProcessStartInfo("unshare", ["-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]) { RedirectStandardError = true })!;
            await tried.StandardError.ReadToEndAsync();
            await tried.WaitForExitAsync();
            return tried.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception) { return false; }               // there is no `unshare`
    }

    /// <returns>The command line that runs the other with this disk in a folder.</returns>
    internal string[] Holding(string folder, IReadOnlyList<string> command) =>
        ["unshare", "-Urm", "sh", "-c", "mkdir -p \"$1\" && mount -t tmpfs -o size=\"$2\",mode=700 tmpfs \"$1\" && shift 2 && exec \"$@\"", "sh", folder, $"{Bytes}", .. command];

    /// <summary>Leaves not a byte free.</summary>
    /// <param name="process">One that sees the disk.</param>
    public static void Fill(int process, string folder)
    {
        using var ballast = new FileStream(Seen(process, folder), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] zeros = new byte[1 << 20];
        for (int size = zeros.Length; size > 0; size = size > 4096 ? 4096 : 0)
        {
            try
            {
                while (true) ballast.Write(zeros, 0, size);
            }
            catch (IOException) { /* not another one of these */ }
        }
    }

    /// <summary>Gives the room back.</summary>
    public static void Free(int process, string folder) => File.Delete(Seen(process, folder));

    private static string Seen(int process, string folder) => Path.Combine($"/proc/{process}/root", folder.TrimStart('/'), Ballast);
}
