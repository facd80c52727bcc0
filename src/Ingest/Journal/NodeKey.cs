using System.Security.Cryptography;

namespace Pipeline.Ingest.Journal;

/// <summary>
/// The node's key and the data under it belong together: a server that came up with another key, or made one because its keys were not
/// where they should be, would open nothing of what is there, and seal what comes under a key that nobody keeps.
/// </summary>
public static class NodeKey
{
    /// <summary>In the data folder: nothing in particular, wrapped by the node's key.</summary>
    public const string CheckName = "node.check";
    private const string Purpose = "data folder";

    /// <summary>Opens the key, and makes one for a data folder that is new.</summary>
    /// <exception cref="IOException">The key is another than the data's, or gone; or a folder cannot be read or written.</exception>
    /// <exception cref="InvalidDataException">`node.key` is there and is no key.</exception>
    public static FileKeyVault Open(string keysFolder, string dataFolder)
    {
        string check = Path.Combine(dataFolder, CheckName), meetings = Path.Combine(dataFolder, "meetings");
        bool hasData = File.Exists(check) || (Directory.Exists(meetings) && Directory.EnumerateDirectories(meetings).Any());
        if (hasData && !FileKeyVault.HasKey(keysFolder))
            throw new IOException($"{keysFolder} holds no node.key, and what is in {dataFolder} was sealed under one. Put it back: without it nothing recorded there can be opened.");

        var vault = new FileKeyVault(keysFolder);
        if (!File.Exists(check))
        {
            DiskFiles.Instance.CreateFolder(dataFolder);
            DurableFile.Write(check, vault.Wrap(RandomNumberGenerator.GetBytes(32), Purpose));
        }
        else if (!IsOpenedBy(vault, check))
            throw new IOException($"The node.key in {keysFolder} is not the one that {dataFolder} was sealed under. Put that back. ({check} says so; delete it if it is that file that is damaged.)");
        return vault;
    }

    private static bool IsOpenedBy(FileKeyVault vault, string check)
    {
        try
        {
            vault.Unwrap(File.ReadAllBytes(check), Purpose);
            return true;
        }
        catch (CryptographicException) { return false; }
    }
}
