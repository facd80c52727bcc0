using System.CommandLine;

namespace Pipeline.Api.Replay;

/// <summary>The command line of <c>pipeline demo</c>: a server, a meeting played into it, and what came of it.</summary>
public static class DemoCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "What to play: as for `pipeline replay`." };
        var once = new Option<bool>("--once") { Description = "End when the meeting is over; status 0 only if its captions and recordings are really there." };
        var command = new Command("demo", "Start a server, record a simulated meeting with it, and show what came out.") { path, once };
        command.SetAction((parsed, ct) => DemoRun.RunAsync(
            parsed.GetRequiredValue(path), parsed.GetValue(once), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, ct));
        return command;
    }
}
