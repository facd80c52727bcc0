using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Storage.Embedded.Search;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Local;

public static class LocalMeetingsServices
{
    /// <summary>
    /// The meetings of one node over one SQLite file, as <see cref="IMeetings"/>, taken up when the host starts, their renders, and the node's API keys. Needs an
    /// <see cref="IMediaEngine"/>, an <see cref="ITextSealer"/>, a <see cref="TimeProvider"/>, logging and metrics.
    /// </summary>
    /// <param name="databasePath">Opened when the store is first asked for; closed with the container.</param>
    public static IServiceCollection AddLocalMeetings(this IServiceCollection services, string databasePath) => services
        .AddSingleton<ActorsMetrics>()
        .AddSingleton(s => EmbeddedMeetingStore.Open(
            databasePath, s.GetRequiredService<ITextSealer>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ActorsMetrics>(),
            s.GetRequiredService<ILogger<EmbeddedMeetingStore>>()))
        .AddSingleton<IMeetingStore>(s => s.GetRequiredService<EmbeddedMeetingStore>())
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
