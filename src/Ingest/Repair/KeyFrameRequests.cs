namespace Pipeline.Ingest.Repair;

/// <summary>
/// When to ask a sender for a whole picture: at once, then with growing pauses as long as none comes. One costs its sender as much as
/// a second of others, and costs everybody else it sends to.
/// </summary>
public sealed class KeyFrameRequests
{
    private const int MostDoublings = 3;
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(500);

    private TimeSpan asked = TimeSpan.FromDays(-1);
    private int vain;                                                                // requests since one was needed

    /// <param name="isNeeded">Nothing can be shown before a whole picture comes.</param>
    /// <returns>True: ask now.</returns>
    public bool TakeDue(bool isNeeded, TimeSpan now)
    {
        if (!isNeeded) vain = 0;
        var pause = LeastPause * (1 << Math.Clamp(vain - 1, 0, MostDoublings));
        if (!isNeeded || now - asked < pause) return false;
        vain++;
        asked = now;
        return true;
    }
}
