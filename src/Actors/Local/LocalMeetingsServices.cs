using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Decisions;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Storage.Embedded.Search;
using Pipeline.Actors.Storage.Search;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Local;

public static class LocalMeetingsServices
{
    /// <summary>The archive's name in the data folder.</summary>
    public const string ArchiveFile = "archive.db";

    /// <summary>
    /// The meetings of one node over one SQLite file, as <see cref="IMeetings"/>, taken up when the host starts, their renders, and the node's API keys. Needs an
    /// <see cref="IMediaEngine"/>, an <see cref="ITextSealer"/>, an <see cref="IKeyVault"/>, a <see cref="TimeProvider"/>, logging and metrics.
    /// </summary>
    /// <param name="dataFolder">Of the meetings' folders and the archive, which is opened when the store is first asked for and closed with the container.</param>
    public static IServiceCollection AddLocalMeetings(this IServiceCollection services, string dataFolder) => services
        .AddSingleton<ActorsMetrics>()
        .AddSingleton(s => EmbeddedMeetingStore.Open(
            Path.Combine(dataFolder, ArchiveFile), s.GetRequiredService<ITextSealer>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ActorsMetrics>(),
            s.GetRequiredService<ILogger<EmbeddedMeetingStore>>()))
        .AddSingleton<IMeetingStore>(s => new JournaledMeetingStore(
            s.GetRequiredService<EmbeddedMeetingStore>(), dataFolder, s.GetRequiredService<IKeyVault>(), s.GetRequiredService<ILogger<JournaledMeetingStore>>()))
        .AddSingleton<IApiKeyStore>(s => s.GetRequiredService<EmbeddedMeetingStore>())
        .AddSingleton<ISegmentFeed>(s => s.GetRequiredService<EmbeddedMeetingStore>())
        .AddSingleton<LocalMeetings>()
        .AddSingleton<IMeetings>(s => s.GetRequiredService<LocalMeetings>())
        .AddHostedService(s => s.GetRequiredService<LocalMeetings>())
        .AddSingleton<IJobStore>(s => s.GetRequiredService<EmbeddedMeetingStore>())
        .AddSingleton<RenderQueue>()
        .AddSingleton<IRenders>(s => s.GetRequiredService<RenderQueue>())
        .AddHostedService(s => s.GetRequiredService<RenderQueue>());   // after the meetings: they come first

    /// <summary>Search over what <see cref="AddLocalMeetings"/> keeps, as <see cref="ISearch"/>, followed by a task of the host's.</summary>
    /// <param name="folder">Of the index files; made when there is something to search.</param>
    public static IServiceCollection AddLocalSearch(this IServiceCollection services, string folder) => services
        .AddSingleton(s => new SearchFollower(
            folder, s.GetRequiredService<ISegmentFeed>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ActorsMetrics>(),
            s.GetRequiredService<ILogger<SearchFollower>>()))
        .AddSingleton<ISearch>(s => new EmbeddedSearch(
            folder, s.GetRequiredService<ISegmentFeed>(), s.GetRequiredService<SearchFollower>(), s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ActorsMetrics>()))
        .AddHostedService(s => s.GetRequiredService<SearchFollower>());
}
