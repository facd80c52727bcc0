using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Ingest.Journal;

/// <summary>Wraps keys with a key that never leaves it: shaped like a key management service.</summary>
public interface IKeyVault
{
    /// <param name="purpose">Bound to the wrapped key: it opens for the same purpose only.</param>
    byte[] Wrap(ReadOnlySpan<byte> key, string purpose);
    /// <exception cref="CryptographicException">Another vault wrapped it, for another purpose, or it is damaged.</exception>
    byte[] Unwrap(ReadOnlySpan<byte> wrapped, string purpose);
}

/// <summary>The node's key in a file of its own, outside the data: whoever has only the data has nothing.</summary>
public sealed class FileKeyVault : IKeyVault
{
    private const string FileName = "node.key";
    private readonly byte[] nodeKey;

    /// <summary>Whether a node's key is in the folder: a vault made over it makes none.</summary>
    public static bool HasKey(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <param name="folder">Made if absent (mode 0700), as is `node.key` in it (mode 0600).</param>
    /// <exception cref="InvalidDataException">`node.key` is there and is no key.</exception>
    public FileKeyVault(string folder)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            DurableFile.Write(path, Encoding.ASCII.GetBytes(Convert.ToHexString(RandomNumberGenerator.GetBytes(32))));
        }
        try { nodeKey = Convert.FromHexString(File.ReadAllText(path).Trim()); }
        catch (FormatException e) { throw new InvalidDataException($"{path} is not a key: 64 hexadecimal digits are expected", e); }
        if (nodeKey.Length != 32) throw new InvalidDataException($"{path} is not a key: 64 hexadecimal digits are expected");
    }

    public byte[] Wrap(ReadOnlySpan<byte> key, string purpose) => KeyWrap.Seal(nodeKey, key, purpose);
    public byte[] Unwrap(ReadOnlySpan<byte> wrapped, string purpose) => KeyWrap.Open(nodeKey, wrapped, purpose);
}

/// <summary>A key, or any small secret, under another key: version, nonce, AES-256-GCM ciphertext, tag.</summary>
internal static class KeyWrap
{
    private const byte Version = 1;
    private const int Nonce = 12, Tag = 16;

    public static byte[] Seal(ReadOnlySpan<byte> under, ReadOnlySpan<byte> secret, string purpose)
    {
        var sealedBytes = new byte[1 + Nonce + secret.Length + Tag];
        sealedBytes[0] = Version;
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(1, Nonce));
        using var aes = new AesGcm(under, Tag);
        aes.Encrypt(sealedBytes.AsSpan(1, Nonce), secret, sealedBytes.AsSpan(1 + Nonce, secret.Length), sealedBytes.AsSpan(^Tag..), Encoding.UTF8.GetBytes(purpose));
        return sealedBytes;
    }

    /// <exception cref="CryptographicException">It is damaged, or sealed under another key or for another purpose.</exception>
    public static byte[] Open(ReadOnlySpan<byte> under, ReadOnlySpan<byte> sealedBytes, string purpose)
    {
        if (sealedBytes.Length < 1 + Nonce + Tag || sealedBytes[0] != Version) throw new CryptographicException("not a wrapped key");
        var secret = new byte[sealedBytes.Length - 1 - Nonce - Tag];
        using var aes = new AesGcm(under, Tag);
        aes.Decrypt(sealedBytes.Slice(1, Nonce), sealedBytes[(1 + Nonce)..^Tag], sealedBytes[^Tag..], secret, Encoding.UTF8.GetBytes(purpose));
        return secret;
    }
}
