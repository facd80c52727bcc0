using System.Text.Json.Serialization;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Renders;

public enum JobStatus { Queued, Running, Completed, Failed, Cancelled }

/// <param name="Code">A stable word.</param>
/// <param name="Detail">One sentence.</param>
public sealed record JobError(string Code, string Detail);

/// <summary>
/// One file that somebody asked for, on its way: what it is, and what became of it. Pure; whoever owns it stores each state before it counts.
/// <code>
/// queued ─ Begin ─▶ running ─ Complete ─▶ completed
///   ▲  │               │ └─ Fail, Cancel ─▶ failed, cancelled
///   │  └─ Cancel       │
///   └─ Fail, TakeUp ───┘
/// </code>
/// </summary>
public sealed record RenderJob
{
    /// <summary>What failed so often does not get better.</summary>
    public const int MaxFailures = 3;
    /// <summary>One that was begun so often and never ended, be it well or badly, is what ends the server.</summary>
    public const int MaxAttempts = 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10), LongestPause = FirstPause * 6;

    public required JobId Id { get; init; }
    public required TenantId Tenant { get; init; }
    public required MeetingId Meeting { get; init; }
    /// <summary>What its file is called, from the beginning: made twice, it is one file.</summary>
    public required RecordingId Recording { get; init; }
    public required RenderRequest Request { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public JobStatus Status { get; init; } = JobStatus.Queued;
    /// <summary>How often it was begun, and how often it ended badly.</summary>
    public int Attempts { get; init; }
    public int Failures { get; init; }
    /// <summary>It is not begun before.</summary>
    public DateTimeOffset NotBefore { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    /// <summary>The last, also of a job that is tried again.</summary>
    public JobError? Error { get; init; }

    [JsonIgnore]
    public bool IsOver => Status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled;

    /// <summary>Also where the wall clock was set back meanwhile.</summary>
    public bool IsDue(DateTimeOffset now) => Status == JobStatus.Queued && (now >= NotBefore || NotBefore > now + LongestPause);

    public RenderJob Begin() => this with { Status = JobStatus.Running, Attempts = Attempts + 1 };

    public RenderJob Complete(DateTimeOffset now) => this with { Status = JobStatus.Completed, EndedAt = now, Error = null };

    public RenderJob Cancel(DateTimeOffset now) => this with { Status = JobStatus.Cancelled, EndedAt = now };

    /// <summary>Queued again, after 10 s and then a minute, where trying again can help.</summary>
    public RenderJob Fail(JobError error, bool canRetry, DateTimeOffset now)
    {
        var failed = this with { Failures = Failures + 1, Error = error };
        return canRetry && failed.Failures < MaxFailures
            ? failed with { Status = JobStatus.Queued, NotBefore = now + FirstPause * Math.Pow(6, Failures) }
            : failed with { Status = JobStatus.Failed, EndedAt = now };
    }

    /// <summary>After a start: what was running begins anew, unless it never came to an end.</summary>
    public RenderJob TakeUp(DateTimeOffset now) => this switch
    {
        { Status: not JobStatus.Running } => this,
        { Attempts: >= MaxAttempts } => this with { Status = JobStatus.Failed, EndedAt = now, Error = new JobError("interrupted", "The server ended each time while this was being made.") },
        _ => this with { Status = JobStatus.Queued },
    };
}
