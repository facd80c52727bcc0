namespace Pipeline.Ingest.Recording;

/// <summary>
/// Tells a program that is stuck from one that nobody asks for anything: it was handed something, or told that nothing more comes, and neither takes nor gives
/// any. It is looked at now and then: a machine that stood still has not looked. Thread-safe.
/// </summary>
/// <param name="looks">So many in a row at which nothing had moved make it stuck.</param>
internal sealed class Standstill(int looks)
{
    private readonly Lock gate = new();
    private int owed, idle;
    private bool moved, storing;

    /// <summary>It has something to take, or to end.</summary>
    public void Handed() { lock (gate) owed++; }

    /// <summary>It took that.</summary>
    public void Taken() { lock (gate) (owed, moved) = (owed - 1, true); }

    /// <summary>It gave something. Until that is stored, it is not the one who is waited for.</summary>
    public void Made() { lock (gate) (storing, moved) = (true, true); }

    public void Stored() { lock (gate) (storing, moved) = (false, true); }

    /// <returns>True when it is stuck.</returns>
    public bool Look()
    {
        lock (gate)
        {
            idle = owed > 0 && !storing && !moved ? idle + 1 : 0;
            moved = false;
            return idle >= looks;
        }
    }
}
