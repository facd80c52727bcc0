using System.CommandLine;
using Pipeline.Api;
using Pipeline.Api.Commands;
using Pipeline.Api.Replay;

var root = new RootCommand("Records meetings and writes down what was said.");
ServeCommand.Into(root, EmbeddedEdition.Add);
root.Add(ServeCommand.Into(new Command("serve", "Run the server in the foreground (default)."), EmbeddedEdition.Add));
root.Add(ReplayCommand.Create());
root.Add(DemoCommand.Create());
root.Add(JournalCommand.Create());
root.Add(SearchCommand.Create(EmbeddedEdition.Add));
root.Add(RebuildCommand.Create());
root.Add(OpenApiCommand.Create(EmbeddedEdition.Add));

// The host itself answers SIGTERM and Ctrl-C, and takes the time it needs.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
