using Pipeline.Ingest.Srtp;

namespace Pipeline.Api.Sdp;

/// <summary>One `a=crypto` that can be taken (RFC 4568): a suite and the key that the offerer protects its packets with. A secret.</summary>
/// <param name="Tag">Names it in the answer.</param>
/// <param name="Master">Master key and, behind it, master salt.</param>
internal sealed record SdpCrypto(string Tag, SrtpSuite Suite, byte[] Master)
{
    private const string Inline = "inline:";

    /// <summary>Null where it asks for what is not done here: other suites, key identifiers, several keys, packets that are left plain.</summary>
    /// <param name="wrong">Why it is no crypto attribute at all; never repeats the key. Null where it is one.</param>
    public static SdpCrypto? TryRead(string value, out string? wrong)
    {
        wrong = null;
        string[] parts = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 3 || parts[0].Length > 9 || !parts[0].All(char.IsAsciiDigit))
        {
            wrong = "must be \"a=crypto:<tag> <suite> inline:<key>\"";
            return null;
        }
        if (SrtpSuite.Find(parts[1]) is not { } suite || parts[3..].Any(ChangesPackets)) return null;
        if (!parts[2].StartsWith(Inline, StringComparison.OrdinalIgnoreCase))
        {
            wrong = "must hold the key as \"inline:\" and base64";
            return null;
        }
        string[] key = parts[2][Inline.Length..].Split('|');
        if (parts[2].Contains(';') || key.Skip(1).Any(parameter => parameter.Contains(':'))) return null;   // several keys, or an identifier in each packet
        var master = new byte[100];
        if (key[0].Length > 100 || !Convert.TryFromBase64String(key[0], master, out int length)) wrong = "holds a key that is not base64";
        else if (length != suite.MasterLength) wrong = $"must hold {suite.MasterLength} octets for {suite.Name}: a key of {suite.KeyLength} and a salt of {suite.SaltLength}";
        return wrong is null ? new SdpCrypto(parts[0], suite, master[..suite.MasterLength]) : null;
    }

    /// <summary>Session parameters but for hints (RFC 4568 §6.3): key derivation rates and what is left unencrypted or unproven.</summary>
    private static bool ChangesPackets(string parameter) => !parameter.StartsWith("WSH=", StringComparison.Ordinal) && !parameter.StartsWith('-');

    /// <summary>Its text names the suite only.</summary>
    public override string ToString() => Suite.Name;
}
