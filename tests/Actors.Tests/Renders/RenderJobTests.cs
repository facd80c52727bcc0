using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Tests.Renders;

public sealed class RenderJobTests
{
    private static readonly DateTimeOffset Now = new(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);
    private static readonly JobError Error = new("encoder_failed", "ffmpeg ended with status 1");
    private static readonly RenderJob New = new()
    {
        Id = JobId.New(Now),
        Tenant = new TenantId("acme"),
        Meeting = MeetingId.New(Now),
        Recording = RecordingId.New(Now),
        Request = new RenderRequest(null, null, TimeSpan.Zero, TimeSpan.FromSeconds(5), 0, 0, RenderFormat.Ogg),
        CreatedAt = Now,
    };

    [Fact]
    public void What_fails_is_tried_again_after_ten_seconds_then_after_a_minute_then_no_more()
    {
        var first = New.Begin().Fail(Error, canRetry: true, Now);
        Assert.Equal((JobStatus.Queued, Now.AddSeconds(10), Error), (first.Status, first.NotBefore, first.Error));
        Assert.False(first.IsDue(Now.AddSeconds(9.9)));
        Assert.True(first.IsDue(Now.AddSeconds(10)));

        var second = first.Begin().Fail(Error, canRetry: true, Now);
        Assert.Equal((JobStatus.Queued, Now.AddSeconds(60)), (second.Status, second.NotBefore));

        var third = second.Begin().Fail(Error, canRetry: true, Now);
        Assert.Equal((JobStatus.Failed, true, Now), (third.Status, third.IsOver, third.EndedAt));
    }

    [Fact]
    public void What_trying_again_cannot_help_fails_at_once() =>
        Assert.Equal(JobStatus.Failed, New.Begin().Fail(Error, canRetry: false, Now).Status);

    [Fact]
    public void A_job_that_is_tried_again_and_made_has_no_error()
    {
        var made = New.Begin().Fail(Error, canRetry: true, Now).Begin().Complete(Now);
        Assert.Equal((JobStatus.Completed, null, 2), (made.Status, made.Error, made.Attempts));
    }

    [Fact]
    public void A_start_takes_up_what_was_running_but_not_for_ever()
    {
        Assert.Equal(New, New.TakeUp(Now));
        var job = New;
        for (int n = 1; n < RenderJob.MaxAttempts; n++)
        {
            job = job.Begin().TakeUp(Now);
            Assert.Equal((JobStatus.Queued, n), (job.Status, job.Attempts));
        }
        job = job.Begin().TakeUp(Now);
        Assert.Equal((JobStatus.Failed, "interrupted"), (job.Status, job.Error!.Code));
    }
}
