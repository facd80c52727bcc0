using System.CommandLine;
using Pipeline.Api.OpenApi;

namespace Pipeline.Api.Commands;

/// <summary>`pipeline openapi`: prints the API's description, for `docs/api/openapi.json`. Starts nothing.</summary>
internal static class OpenApiCommand
{
    public static Command Create(Action<IServiceCollection, PipelineOptions> addMeetings)
    {
        var command = new Command("openapi", "Print the OpenAPI document.") { Hidden = true };
        command.SetAction(async (_, ct) =>
        {
            await using var app = PipelineHost.Build([], addMeetings);
            await Console.Out.WriteLineAsync(await ApiDocument.WriteAsync(app.Services, ct));
        });
        return command;
    }
}
