using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Pipeline.Api.Tests;

public sealed class OptionsTests
{
    private static PipelineOptions Read(params (string Key, string Value)[] settings) => PipelineOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value)).Build());

    [Fact]
    public void Nothing_set_means_the_contracts_defaults()
    {
        var options = Read();
        Assert.Equal(new PipelineOptions(), options);
        Assert.Equal("http://127.0.0.1:8080", options.Listen);
        Assert.Equal(Path.GetFullPath("data"), options.DataDirectory);
        Assert.Equal(Path.GetFullPath("keys"), options.KeysDirectory);
        Assert.Equal(new PortRange(26000, 26999), options.RtpPorts);
        Assert.Equal("127.0.0.1", options.RtpHost);
        Assert.False(options.AllowPlainRtp);
        Assert.Null(options.Model);
        Assert.Equal((null, null, "whisper-1", false, true), (options.SpeechUrl, options.SpeechKey, options.SpeechModel, options.SpeechGpu, options.Refine));
    }

    [Fact]
    public void Speech_is_recognised_here_or_at_an_endpoint()
    {
        var options = Read(("SPEECH_URL", "https://gpu.example/v1/"), ("SPEECH_KEY", "k-2"), ("SPEECH_MODEL", "large-v3"), ("REFINE", "false"));
        Assert.Equal(("https://gpu.example/v1", "k-2", "large-v3", false), (options.SpeechUrl, options.SpeechKey, options.SpeechModel, options.Refine));
        Assert.True(Read(("MODEL", "base.en"), ("SPEECH_GPU", "true")).SpeechGpu);
        var both = Assert.Throws<OptionsValidationException>(() => Read(("MODEL", "base.en"), ("SPEECH_URL", "https://gpu.example/v1")));
        Assert.Contains("PIPELINE_MODEL", Assert.Single(both.Failures));
    }

    [Fact]
    public void An_empty_setting_is_one_that_is_not_there() =>
        Assert.Equal(new PipelineOptions(), Read(PipelineOptions.Settings.Select(setting => (setting.Key, "")).ToArray()));

    [Fact]
    public void What_is_set_is_taken()
    {
        var options = Read(
            ("LISTEN", "http://*:9000;http://127.0.0.1:9001"), ("DATA", "/var/lib/pipeline"), ("KEYS", "/etc/pipeline/keys/"), ("API_KEY", "k-1"),
            ("RTP_BIND", "0.0.0.0"), ("RTP_HOST", "media.example"), ("RTP_PORTS", "30000-30009"), ("ALLOW_PLAIN_RTP", "True"), ("MODEL", "base.en"),
            ("ON_TERM", "resume"), ("DRAIN_TIMEOUT", "5"), ("PUBLIC_URL", "https://meetings.example/archive/"));
        Assert.Equal("https://meetings.example/archive", options.PublicUrl);
        Assert.Equal("/etc/pipeline/keys", options.KeysDirectory);
        Assert.Equal(IPAddress.Any, options.RtpBind);
        Assert.Equal("media.example", options.RtpHost);
        Assert.Equal(new PortRange(30000, 30009), options.RtpPorts);
        Assert.True(options.AllowPlainRtp);
        Assert.Equal("base.en", options.Model);
        Assert.Equal(TimeSpan.FromSeconds(5), options.DrainTimeout);
    }

    [Fact]
    public void Senders_are_told_the_bind_address_unless_another_is_set() => Assert.Equal("192.0.2.1", Read(("RTP_BIND", "192.0.2.1")).RtpHost);

    [Theory]
    [InlineData("LISTEN", "https://127.0.0.1:8443")]
    [InlineData("LISTEN", "127.0.0.1")]
    [InlineData("LISTEN", "http://127.0.0.1:8080/base")]
    [InlineData("LISTEN", "http://127.0.0.1:99999")]
    [InlineData("KEYS", "data")]
    [InlineData("KEYS", "data/keys")]
    [InlineData("KEYS", "data/../data/keys/")]
    [InlineData("API_KEY", "two words")]
    [InlineData("API_KEY", "schlüssel")]
    [InlineData("PUBLIC_URL", "meetings.example")]
    [InlineData("PUBLIC_URL", "ftp://meetings.example")]
    [InlineData("PUBLIC_URL", "https://meetings.example/?a=b")]
    [InlineData("RTP_BIND", "localhost")]
    [InlineData("RTP_HOST", "not a host")]
    [InlineData("RTP_PORTS", "26000")]
    [InlineData("RTP_PORTS", "26000-")]
    [InlineData("RTP_PORTS", "26001-26999")]
    [InlineData("RTP_PORTS", "26000-26000")]
    [InlineData("RTP_PORTS", "26999-26000")]
    [InlineData("RTP_PORTS", "1000-2000")]
    [InlineData("RTP_PORTS", "26000-70000")]
    [InlineData("ALLOW_PLAIN_RTP", "maybe")]
    [InlineData("ON_TERM", "finish")]
    [InlineData("SPEECH_URL", "gpu.example")]
    [InlineData("SPEECH_URL", "https://user:secret@gpu.example/v1")]
    [InlineData("SPEECH_GPU", "cuda")]
    [InlineData("REFINE", "sometimes")]
    [InlineData("ON_TERM", "explode")]
    [InlineData("DRAIN_TIMEOUT", "0")]
    [InlineData("DRAIN_TIMEOUT", "00:00:30")]
    public void What_cannot_be_is_refused_in_one_sentence(string key, string value)
    {
        string sentence = Assert.Single(Assert.Throws<OptionsValidationException>(() => Read((key, value))).Failures);
        Assert.StartsWith($"PIPELINE_{key} ", sentence);
        Assert.EndsWith(".", sentence);
    }

    [Fact]
    public void Everything_that_cannot_be_is_refused_at_once() =>
        Assert.Equal(3, Assert.Throws<OptionsValidationException>(() => Read(("RTP_PORTS", "x"), ("ON_TERM", "x"), ("LISTEN", "x"))).Failures.Count());

    [Fact]
    public void Keys_that_a_link_leads_into_the_data_are_refused()
    {
        var directory = Directory.CreateTempSubdirectory("pipeline-options-");
        string data = Path.Combine(directory.FullName, "data"), link = Path.Combine(directory.FullName, "link");
        Directory.CreateDirectory(data);
        Directory.CreateSymbolicLink(link, data);
        Assert.Throws<OptionsValidationException>(() => Read(("DATA", data), ("KEYS", Path.Combine(link, "keys"))));
        directory.Delete(recursive: true);
    }

    [Fact]
    public void A_directory_beside_the_data_with_a_longer_name_is_not_inside_it() => Assert.EndsWith("data-keys", Read(("KEYS", "data-keys")).KeysDirectory);

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        var directory = Directory.CreateTempSubdirectory("pipeline-options-");
        File.WriteAllText(Path.Combine(directory.FullName, "appsettings.json"), """{"MODEL":"file","RTP_HOST":"file.example","DRAIN_TIMEOUT":7}""");
        Environment.SetEnvironmentVariable("PIPELINE_DRAIN_TIMEOUT", "8");   // no other test looks at this one
        try
        {
            var settings = PipelineHost.Settings(["--rtp-host", "switch.example", "--RTP_PORTS=30000-30001"], directory.FullName);
            Assert.Equal("file", settings["MODEL"]);
            Assert.Equal("8", settings["DRAIN_TIMEOUT"]);
            Assert.Equal("switch.example", settings["RTP_HOST"]);
            Assert.Equal("30000-30001", settings["RTP_PORTS"]);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PIPELINE_DRAIN_TIMEOUT", null);
            directory.Delete(recursive: true);
        }
    }
}
