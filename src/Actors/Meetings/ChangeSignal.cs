namespace Pipeline.Actors.Meetings;

/// <summary>
/// Tells any number of readers that there is something new to read; what it is they read elsewhere, at their own pace.
/// Whoever takes <see cref="Next"/> before reading misses nothing.
/// </summary>
public sealed class ChangeSignal
{
    private TaskCompletionSource next = New();

    /// <summary>Completes at the next pulse.</summary>
    public Task Next => Volatile.Read(ref next).Task;

    public void Pulse() => Interlocked.Exchange(ref next, New()).SetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
