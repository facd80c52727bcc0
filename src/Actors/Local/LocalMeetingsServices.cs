using Microsoft.Extensions.DependencyInjection;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Embedded;

namespace Pipeline.Actors.Local;

public static class LocalMeetingsServices
{
    /// <summary>
    /// The meetings of one node over one SQLite file, as <see cref="IMeetings"/>, taken up when the host starts, and its API keys. Needs an
    /// <see cref="IMediaEngine"/>, an <see cref="ITextSealer"/>, a <see cref="TimeProvider"/>, logging and metrics.
    /// </summary>
    /// <param name="databasePath">Opened when the store is first asked for; closed with the container.</param>
    public static IServiceCollection AddLocalMeetings(this IServiceCollection services, string databasePath) => services
        .AddSingleton<ActorsMetrics>()
        .AddSingleton(s => EmbeddedMeetingStore.Open(
            databasePath, s.GetRequiredService<ITextSealer>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ActorsMetrics>()))
        .AddSingleton<IMeetingStore>(s => s.GetRequiredService<EmbeddedMeetingStore>())
        .AddSingleton<IApiKeyStore>(s => s.GetRequiredService<EmbeddedMeetingStore>())
        .AddSingleton<LocalMeetings>()
        .AddSingleton<IMeetings>(s => s.GetRequiredService<LocalMeetings>())
        .AddHostedService(s => s.GetRequiredService<LocalMeetings>());
}
