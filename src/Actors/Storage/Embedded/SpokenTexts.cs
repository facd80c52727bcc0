using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>Opens what was said, for one read of the archive. What is damaged is counted, and keeps nobody from the rest.</summary>
internal sealed class SpokenTexts(ITextSealer sealer)
{
    /// <summary>Could not be opened though its meeting's key is there.</summary>
    public int Damaged { get; private set; }

    /// <summary>What was recognised; null where the meeting's key is destroyed, or it is damaged.</summary>
    public SpokenText? Recognised(MeetingId meeting, byte[] sealedText) =>
        Open(meeting, sealedText) is { } text ? JsonSerializer.Deserialize(text, StoredJson.Default.SpokenText) : null;

    /// <summary>What the second pass heard; null as above.</summary>
    public RefinedText? Refined(MeetingId meeting, byte[] sealedText) =>
        Open(meeting, sealedText) is { } text ? JsonSerializer.Deserialize(text, StoredJson.Default.RefinedText) : null;

    /// <summary>What somebody wrote instead; null as above.</summary>
    public string? Written(MeetingId meeting, byte[] sealedText) => Open(meeting, sealedText) is { } text ? Encoding.UTF8.GetString(text) : null;

    private byte[]? Open(MeetingId meeting, byte[] sealedText)
    {
        try
        {
            return sealer.Open(meeting, sealedText);
        }
        catch (CryptographicException)
        {
            Damaged++;
            return null;
        }
    }
}
