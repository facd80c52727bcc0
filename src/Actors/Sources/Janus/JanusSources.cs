using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>Sources of all meetings of a node.</summary>
public sealed class JanusSources : IMeetingSources, IDisposable
{
    /// <summary>Meetings whose forwarders could not be taken back at their end, and are tried again. Of more it is only said.</summary>
    private const int MaxGoingOn = 256;

    private readonly CancellationTokenSource stopping = new();
    private int goingOn;
    private readonly string host;
    private readonly IMediaEngine engine;
    private readonly TimeProvider clock;
    private readonly ActorsMetrics metrics;
    private readonly ILogger<JanusSources> log;
    private readonly Func<SourceSpec, IJanusDoor> doors;
    private readonly Random chance;

    /// <param name="host">Where senders are told to send to.</param>
    public JanusSources(string host, IMediaEngine engine, TimeProvider clock, ActorsMetrics metrics, ILogger<JanusSources> log)
        : this(host, engine, clock, metrics, log, spec => new JanusWebSocketDoor(new Uri(spec.Url), clock), Random.Shared) { }

    /// <param name="doors">How to get at a Janus.</param>
    internal JanusSources(
        string host, IMediaEngine engine, TimeProvider clock, ActorsMetrics metrics, ILogger<JanusSources> log, Func<SourceSpec, IJanusDoor> doors, Random chance) =>
        (this.host, this.engine, this.clock, this.metrics, this.log, this.doors, this.chance) = (host, engine, clock, metrics, log, doors, chance);

    public IMeetingSource Watch(Meeting meeting, ISourcedMeeting owner) => new JanusSource(meeting, owner, Parts(meeting));

    public IMeetingSource CleanUp(Meeting meeting) => new JanusSource(meeting, null, Parts(meeting));

    /// <summary>What is still to be taken back is left to those who publish.</summary>
    public void Dispose() => stopping.Cancel();

    private JanusParts Parts(Meeting meeting)
    {
        var spec = meeting.Spec.Source ?? throw new ArgumentException("The meeting has no source.", nameof(meeting));
        return new JanusParts(doors(spec), spec.Room, host, () => Open(meeting.Id, spec), clock, chance, metrics, log, engine.HoldPort, TryGoOn);
    }

    private bool TryGoOn(Func<CancellationToken, Task> work)
    {
        if (Interlocked.Increment(ref goingOn) > MaxGoingOn || stopping.IsCancellationRequested)
        {
            Interlocked.Decrement(ref goingOn);
            return false;
        }
        _ = Task.Run(async () =>
        {
            await work(stopping.Token);
            Interlocked.Decrement(ref goingOn);
        });
        return true;
    }

    private SourceSecrets Open(MeetingId meeting, SourceSpec spec)
    {
        if (spec.Sealed is null) return new SourceSecrets();
        try { return JsonSerializer.Deserialize(engine.OpenSecret(meeting, spec.Sealed), JanusJson.Default.SourceSecrets)!; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException) { throw new JanusException(JanusFault.NoKey, e); }
    }
}
