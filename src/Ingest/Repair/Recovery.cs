namespace Pipeline.Ingest.Repair;

/// <summary>How a packet came that did not come by itself.</summary>
public enum Recovery
{
    /// <summary>It came by itself.</summary>
    None,
    /// <summary>Another packet carried it (RFC 2198).</summary>
    Redundancy,
    /// <summary>It was sent again (RFC 4588).</summary>
    Retransmission,
}
