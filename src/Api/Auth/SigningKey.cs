using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Pipeline.Api.Auth;

/// <summary>What the node signs sessions and viewer tokens with: 256 random bits in the keys directory. Deleting the file voids them all.</summary>
internal sealed record SigningKey(byte[] Bits)
{
    public const string FileName = "token.key";
    private const int Length = 32;

    /// <summary>The kept key; a new one where there is none.</summary>
    /// <exception cref="OptionsValidationException">When the file holds no key, or others could read it.</exception>
    public static SigningKey Open(PipelineOptions options)
    {
        var file = new KeyFile(Path.Combine(options.KeysDirectory, FileName), "The token key");
        if (file.Read() is { } kept)
        {
            var bits = new byte[Length];
            return Convert.FromHexString(kept, bits, out int read, out int written) == System.Buffers.OperationStatus.Done && read == kept.Length && written == Length
                ? new SigningKey(bits)
                : throw file.Refused("is not a key: 64 hexadecimal digits are expected");
        }
        var made = new SigningKey(RandomNumberGenerator.GetBytes(Length));
        file.Create(Convert.ToHexStringLower(made.Bits));
        return made;
    }
}
