using Pipeline.Actors;
using Pipeline.Actors.Local;
using Pipeline.Actors.Media;
using Pipeline.Actors.Sources;
using Pipeline.Actors.Sources.Janus;
using Pipeline.Actors.Storage;
using Pipeline.Ingest;
using Pipeline.Ingest.Journal;
using Pipeline.Transcribe;
using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Endpoint;
using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Api;

/// <summary>One machine: meetings in this process, the archive in SQLite, speech in a worker process beside it.</summary>
internal static partial class EmbeddedEdition
{
    public static void Add(IServiceCollection services, PipelineOptions options)
    {
        services.AddSingleton(_ => DataFolderLock.Take(options.DataDirectory));
        services.AddSingleton<IKeyVault>(_ => NodeKey.Open(options.KeysDirectory, options.DataDirectory));
        services.AddSingleton<ITextSealer>(s =>
        {
            _ = s.GetRequiredService<DataFolderLock>();   // the archive, which needs this, is opened before the engine
            return new MeetingTextSealer(options.DataDirectory, s.GetRequiredService<IKeyVault>());
        });
        services.AddSingleton<IngestMetrics>();
        services.AddSingleton<TranscribeMetrics>();
        if (options.SpeechUrl is { } url) services.AddSingleton<ISpeechRecognizer>(s => Endpoint(s, options, url));
        else if (options.Model is { } model) services.AddSingleton<ISpeechRecognizer>(s => Recognizer(s, options, model));
        services.AddSingleton<IMediaEngine>(s => Engine(s, options));
        services.AddSingleton<IMeetingSources>(s => new JanusSources(
            options.RtpHost, s.GetRequiredService<IMediaEngine>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ActorsMetrics>(),
            s.GetRequiredService<ILogger<JanusSources>>()));
        services.AddLocalMeetings(options.DataDirectory);
        services.AddLocalSearch(Path.Combine(options.DataDirectory, "search"));
    }

    private static WhisperRecognizer Recognizer(IServiceProvider services, PipelineOptions options, string model)
    {
        var recognizer = new WhisperRecognizer(
            new WhisperOptions { Model = model, UseGpu = options.SpeechGpu }, services.GetRequiredService<TranscribeMetrics>(), new SocketsHttpHandler(),
            services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<WhisperRecognizer>>());
        recognizer.Start();
        return recognizer;
    }

    private static EndpointRecognizer Endpoint(IServiceProvider services, PipelineOptions options, string url)
    {
        var recognizer = new EndpointRecognizer(
            new SpeechEndpointOptions { Url = url, Key = options.SpeechKey, Model = options.SpeechModel }, services.GetRequiredService<TranscribeMetrics>(),
            OutgoingHttp.Handler(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<EndpointRecognizer>>());
        recognizer.Start();
        return recognizer;
    }

    private static MediaEngine Engine(IServiceProvider services, PipelineOptions options)
    {
        _ = services.GetRequiredService<DataFolderLock>();   // before anything in the folder is taken up
        var log = services.GetRequiredService<ILogger<MediaEngine>>();
        if (options.Model is null && options.SpeechUrl is null) NoModel(log);
        var speech = services.GetService<ISpeechRecognizer>() is { } recognizer
            ? new SpeechServices(recognizer, services.GetRequiredService<TranscribeMetrics>(), services.GetRequiredService<ILogger<CaptionPipeline>>())
            : null;
        var media = new MediaEngineOptions
        {
            DataFolder = options.DataDirectory,
            BindAddress = options.RtpBind,
            Ports = (options.RtpPorts.First, options.RtpPorts.Last),
            AllowPlainRtp = options.AllowPlainRtp,
            RefinesTranscripts = options.Refine,
        };
        return new MediaEngine(
            media, services.GetRequiredService<IKeyVault>(), speech, services.GetRequiredService<IngestMetrics>(), services.GetRequiredService<TimeProvider>(), log);
    }

    [LoggerMessage(LogLevel.Warning,
        "No speech model is set, so there are no captions: set PIPELINE_MODEL to a ggml model file, or to a name such as base.en, or PIPELINE_SPEECH_URL to a speech endpoint")]
    private static partial void NoModel(ILogger logger);
}
