using System.CommandLine;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Api.Commands;

namespace Pipeline.Api.Tests;

public sealed partial class NodeTests : IAsyncLifetime
{
    private ApiServer server = null!;

    public async Task InitializeAsync() => server = await ApiServer.StartAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task The_process_is_healthy_when_it_answers()
    {
        var answer = await server.Stranger.GetAsync("/healthz");
        Assert.Equal("""{"status":"ok"}""", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_node_is_ready_when_it_takes_meetings()
    {
        Assert.Equal("""{"status":"ready"}""", await server.Stranger.GetStringAsync("/readyz"));
        server.Meetings.IsReady = false;
        var answer = await server.Stranger.GetAsync("/readyz");
        await answer.IsProblemAsync(503, "no_capacity");
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task An_address_of_another_machine_ends_the_start()
    {
        using var folder = new TemporaryFolder();
        await using var app = PipelineHost.Build(
            ["--API_KEY=k", $"--KEYS={folder["keys"]}", "--LISTEN=http://127.0.0.1:0", "--RTP_BIND=192.0.2.7"],
            (services, _) => services.AddSingleton<IMeetings>(new FakeMeetings()).AddSingleton<IApiKeyStore>(new FakeApiKeys()).AddLogging(logging => logging.ClearProviders()));
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());
        Assert.Contains("PIPELINE_RTP_BIND", Assert.Single(refused.Failures));
    }

    [Fact]
    public async Task A_node_that_is_told_to_stop_while_it_starts_closes_what_it_began_and_ends_well()
    {
        using var folder = new TemporaryFolder();
        var interrupted = new InterruptedStart();
        var serve = ServeCommand.Into(new RootCommand(), (services, _) => services
            .AddSingleton<IMeetings>(new FakeMeetings()).AddSingleton<IApiKeyStore>(new FakeApiKeys()).AddLogging(logging => logging.ClearProviders())
            .AddHostedService(s => interrupted.Of(s.GetRequiredService<IHostApplicationLifetime>())));

        int status = await serve.Parse(["--listen", "http://127.0.0.1:0", "--api-key", "k", "--keys", folder["keys"]]).InvokeAsync();

        Assert.Equal((0, true), (status, interrupted.Stopped));
    }

    [Fact]
    public async Task Metrics_are_in_Prometheus_text_format()
    {
        await server.CreateAsync();
        var answer = await server.Stranger.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        string text = await answer.Content.ReadAsStringAsync();
        Assert.EndsWith("\n", text);
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Assert.True(Comment().IsMatch(line) || Sample().IsMatch(line), line);
        foreach (string name in new[] { "process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds", "dotnet_gc_collections_total" })
            Assert.Contains($"\n{name}", text);
        // A request is counted when its answer is out, which can be after its client goes on.
        const string Counted = "(?m)^http_server_request_duration_seconds_count\\{.*http_route=\"/v1/meetings/?\".*\\} 1$";
        for (int tries = 0; tries < 1000 && !Regex.IsMatch(text, Counted); tries++) text = await server.Stranger.GetStringAsync("/metrics");
        Assert.Matches(Counted, text);
        Assert.DoesNotContain("127.0.0.1", text);
    }

    [Fact]
    public async Task Each_kind_of_instrument_is_written_as_its_kind()
    {
        using var meter = server.Services.GetRequiredService<IMeterFactory>().Create("Pipeline.Test");
        var packets = meter.CreateCounter<long>("pipeline.test.packets", "{packet}", "Packets\nseen.");
        packets.Add(2, new("kind", "a\"b\\c\nd"), new("also", 1));
        packets.Add(3, new("also", 1), new KeyValuePair<string, object?>("kind", "a\"b\\c\nd"));
        var open = meter.CreateUpDownCounter<int>("pipeline.test.open");
        open.Add(5);
        open.Add(-2);
        meter.CreateObservableCounter("pipeline.test.sent", () => 7L, "By");
        meter.CreateObservableGauge("pipeline.test.level", () => -1.5);
        var wait = meter.CreateHistogram("pipeline.test.wait", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        foreach (double value in new[] { 0.5, 1, 1.5, 3 }) wait.Record(value);

        await server.Stranger.GetStringAsync("/metrics");   // a second reading must not count the observable ones twice
        string text = await server.Stranger.GetStringAsync("/metrics");
        Assert.Contains("# HELP pipeline_test_packets_total Packets seen.\n# TYPE pipeline_test_packets_total counter\n", text);
        Assert.Contains("pipeline_test_packets_total{also=\"1\",kind=\"a\\\"b\\\\c\\nd\"} 5\n", text);
        Assert.Contains("# TYPE pipeline_test_open gauge\npipeline_test_open 3\n", text);
        Assert.Contains("# TYPE pipeline_test_sent_bytes_total counter\npipeline_test_sent_bytes_total 7\n", text);
        Assert.Contains("pipeline_test_level -1.5\n", text);
        Assert.Contains(
            """
            # TYPE pipeline_test_wait_seconds histogram
            pipeline_test_wait_seconds_bucket{le="1"} 2
            pipeline_test_wait_seconds_bucket{le="2"} 3
            pipeline_test_wait_seconds_bucket{le="+Inf"} 4
            pipeline_test_wait_seconds_sum 6
            pipeline_test_wait_seconds_count 4

            """, text);
    }

    [Fact]
    public async Task Tags_without_bound_are_bounded()
    {
        using var meter = server.Services.GetRequiredService<IMeterFactory>().Create("Pipeline.Test");
        var counter = meter.CreateCounter<long>("pipeline.test.wild");
        for (int i = 0; i < 5000; i++) counter.Add(1, new KeyValuePair<string, object?>("id", i));
        string text = await server.Stranger.GetStringAsync("/metrics");
        Assert.Equal(1000, Regex.Count(text, "(?m)^pipeline_test_wild_total\\{"));
    }

    [GeneratedRegex("^# (HELP [a-z_]+ .*|TYPE [a-z_]+ (counter|gauge|histogram))$")]
    private static partial Regex Comment();

    [GeneratedRegex("""^[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? (-?[0-9.E+-]+|\+Inf|NaN)$""")]
    private static partial Regex Sample();

    /// <summary>SIGTERM comes while it starts.</summary>
    private sealed class InterruptedStart : IHostedService
    {
        private IHostApplicationLifetime? lifetime;

        public bool Stopped { get; private set; }

        public InterruptedStart Of(IHostApplicationLifetime node)
        {
            lifetime = node;
            return this;
        }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime!.StopApplication();
            cancellationToken.ThrowIfCancellationRequested();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Stopped = true;
            return Task.CompletedTask;
        }
    }
}
