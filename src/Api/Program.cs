using System.CommandLine;
using Pipeline.Actors.Meetings;
using Pipeline.Api;
using Pipeline.Api.Commands;

var root = new RootCommand("Records meetings and writes down what was said.");
ServeCommand.Into(root, AddMeetings);
root.Add(ServeCommand.Into(new Command("serve", "Run the server in the foreground (default)."), AddMeetings));
root.Add(OpenApiCommand.Create(AddMeetings));

// The host itself answers SIGTERM and Ctrl-C, and takes the time it needs.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

// The edition: meetings in this process, the archive in SQLite.
static void AddMeetings(IServiceCollection services, PipelineOptions options) =>
    services.AddSingleton<IMeetings>(_ => throw new InvalidOperationException("This build has no meetings in it."));
