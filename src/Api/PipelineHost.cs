using Microsoft.AspNetCore.Server.Kestrel.Core;
using Pipeline.Actors.Storage;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Captions;
using Pipeline.Api.Events;
using Pipeline.Api.Idempotency;
using Pipeline.Api.Jobs;
using Pipeline.Api.Json;
using Pipeline.Api.Keys;
using Pipeline.Api.Levels;
using Pipeline.Api.Live;
using Pipeline.Api.Meetings;
using Pipeline.Api.Minutes;
using Pipeline.Api.Node;
using Pipeline.Api.NotBuilt;
using Pipeline.Api.OpenApi;
using Pipeline.Api.Page;
using Pipeline.Api.Problems;
using Pipeline.Api.Recordings;
using Pipeline.Api.Sdp;
using Pipeline.Api.Search;
using Pipeline.Api.Sessions;
using Pipeline.Ingest.Net;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Api;

/// <summary>A node: what it is told, what it consists of, and a request's way through it, in order.</summary>
public static class PipelineHost
{
    /// <summary>SIGTERM must be answered within 5 s; what is left is for the process to end in.</summary>
    private static readonly TimeSpan Stopping = TimeSpan.FromSeconds(4);

    /// <param name="args">Settings as `--rtp-ports 26000-26999` or `--RTP_PORTS=26000-26999`.</param>
    /// <param name="addMeetings">Adds <see cref="Actors.Meetings.IMeetings"/>, <see cref="Actors.Renders.IRenders"/>, <see cref="Actors.Storage.Search.ISearch"/> and <see cref="IApiKeyStore"/>: the edition.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">For settings that cannot be.</exception>
    public static WebApplication Build(string[] args, Action<IServiceCollection, PipelineOptions> addMeetings)
    {
        var options = PipelineOptions.Read(Settings(args, Directory.GetCurrentDirectory()));
        // Settings are read once. Watched, the folder it is started in costs an event for each write beneath it, such as the journals'.
        var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
        builder.WebHost.UseUrls(options.Listen);
        builder.WebHost.ConfigureKestrel(Limit);
        AddLogging(builder.Logging);

        var services = builder.Services;
        services.Configure<HostOptions>(host =>
        {
            host.ShutdownTimeout = Stopping;
            host.ServicesStopConcurrently = true;   // a slow download must not cost meetings their time to close files
        });
        services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        services.AddApiDocument();
        services.AddSingleton(options);
        services.AddSingleton<TimeProvider>(new NodeClock());
        services.AddSingleton(s => new ApiKeys(AdminKey.Open(options, Console.Out), s.GetRequiredService<IApiKeyStore>()));
        services.AddSingleton(_ => SigningKey.Open(options));
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<Callers>();
        services.AddSingleton<IIdempotencyStore, MemoryIdempotencyStore>();
        services.AddSingleton<PrometheusMetrics>();
        services.AddSingleton<MinutesMetrics>();
        services.AddSingleton(s => new MinutesOnDemand(s.GetRequiredService<MinutesMetrics>(), MinutesBuilder.Build));
        services.AddHostedService<StartChecks>();
        addMeetings(services, options);

        var app = builder.Build();
        app.UseAnswers();                                // an id, careful headers, problems
        app.UseRouting();
        app.UseMiddleware<Authentication>();
        app.UseMiddleware<RequestBodies>();              // at most 1 MiB
        app.UseMiddleware<IdempotentPosts>();
        Map(app);
        app.UseEndpoints(static _ => { });               // what was just mapped, known before the start: `pipeline openapi` asks
        return app;
    }

    /// <summary>The same settings from three places, later ones winning: `appsettings.json`, `PIPELINE_…`, the command line.</summary>
    internal static IConfiguration Settings(string[] args, string directory) => new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(directory, "appsettings.json"), optional: true)
        .AddEnvironmentVariables("PIPELINE_")
        .AddCommandLine(args, PipelineOptions.Settings.ToDictionary(setting => setting.Switch, setting => setting.Key))
        .Build();

    private static void Map(IEndpointRouteBuilder routes)
    {
        Tagged("Meetings", "/v1").MapMeetings();
        Tagged("Tracks", "/v1").MapTracks();
        Tagged("Tracks", "/v1").MapSdp();
        Tagged("Quality", "/v1").MapQuality();
        Tagged("Captions", "/v1").MapCaptions();
        Tagged("Levels", "/v1").MapLevels();
        Tagged("Transcript", "/v1").MapTranscript();
        Tagged("Minutes", "/v1").MapMinutes();
        Tagged("Recordings", "/v1").MapRecordings();
        Tagged("Recordings", "/v1").MapRenders();
        Tagged("Recordings", "/v1").MapContentLinks();
        Tagged("Jobs", "/v1").MapJobs();
        Tagged("Live", "/v1").MapLive();
        Tagged("Search", "/v1").MapSearch();
        Tagged("Events", "/v1").MapEvents();
        Tagged("Sessions", "/v1").MapSessions();
        Tagged("Sessions", "/v1").MapViewerTokens();
        Tagged("Keys", "/v1").MapKeys();
        Tagged("Node", "").MapNode();
        routes.MapPage();
        routes.MapNotBuilt();
        routes.MapOpenApi($"/openapi/{ApiDocument.Name}.json");

        RouteGroupBuilder Tagged(string tag, string prefix) => routes.MapGroup(prefix).WithTags(tag);
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        // Our own limit is 1 MiB; a body somewhat over it is read to its end, or the client would see a broken connection, not the 413.
        kestrel.Limits.MaxRequestBodySize = 8 * RequestBodies.MaxBytes;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);   // half of Kestrel's: no client of an API types its headers
    }

    private static void AddLogging(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
    }
}
