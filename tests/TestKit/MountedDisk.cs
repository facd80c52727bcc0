using System.Diagnostics;

namespace Pipeline.TestKit;

/// <summary>A file system in memory that holds little, kept by a process that does nothing else.</summary>
public sealed class MountedDisk : IAsyncDisposable
{
    private readonly Process keeper;

    private MountedDisk(Process keeper) => this.keeper = keeper;

    /// <summary>Its uppermost folder, as others see it.</summary>
    public string Path => $"/proc/{keeper.Id}/root/mnt";

    /// <param name="bytes">What it holds.</param>
    /// <returns>Null where that is not possible: <see cref="SmallDisk.IsPossibleAsync"/>.</returns>
    public static async Task<MountedDisk?> TryMountAsync(long bytes)
    {
        if (!await SmallDisk.IsPossibleAsync()) return null;
        string[] command = ["-Urm", "sh", "-c", $"mount -t tmpfs -o size={bytes},mode=700 tmpfs /mnt && echo && exec cat"];
        var keeper = Process.Start(new ProcessStartInfo("unshare", command) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await keeper.StandardOutput.ReadLineAsync();
        return new MountedDisk(keeper);
    }

    public async ValueTask DisposeAsync()
    {
        keeper.StandardInput.Close();
        await keeper.WaitForExitAsync();
        keeper.StandardOutput.Dispose();
        keeper.Dispose();
    }
}
