using System.Text;

namespace Pipeline.Ingest.Srtp;

/// <summary>What a sender protects its packets with. A secret: its text names the suite only.</summary>
/// <param name="Master">The master key and, behind it, the master salt; as long as the suite says.</param>
/// <param name="RollOver">How often the sender's sequence numbers have wrapped so far, as far as is known.</param>
public sealed record SrtpParameters(SrtpSuite Suite, ReadOnlyMemory<byte> Master, uint RollOver)
{
    private bool PrintMembers(StringBuilder text)
    {
        text.Append(Suite.Name);
        return true;
    }
}
