using System.Net;
using Microsoft.Extensions.Options;

namespace Pipeline.Api;

/// <summary>One setting: `PIPELINE_` + <paramref name="Key"/> in the environment, the key itself in `appsettings.json`.</summary>
public sealed record Setting(string Key, string Help)
{
    /// <summary>As typed on the command line: `--rtp-ports`.</summary>
    public string Switch => "--" + Key.ToLowerInvariant().Replace('_', '-');
}

/// <summary>Ports from <paramref name="First"/>, an even one, to <paramref name="Last"/>. A meeting takes an even one and the odd one above.</summary>
public readonly record struct PortRange(int First, int Last);

/// <summary>What a node is told at start: checked then, and refused rather than repaired.</summary>
public sealed record PipelineOptions
{
    public static readonly IReadOnlyList<Setting> Settings =
    [
        new("LISTEN", "where HTTP is served (http://127.0.0.1:8080)"),
        new("DATA", "directory of meetings and the archive (./data)"),
        new("KEYS", "directory of the node's keys, never inside the data (./keys)"),
        new("API_KEY", "the first admin key (else one is generated, kept with the keys, told once)"),
        new("PUBLIC_URL", "where people reach the page, for links to it (as the request for a link was sent)"),
        new("RTP_BIND", "address that RTP is received on (127.0.0.1)"),
        new("RTP_HOST", "address that senders are told (the bind address)"),
        new("RTP_PORTS", "UDP ports of meetings, two each (26000-26999)"),
        new("ALLOW_PLAIN_RTP", "true: take plain RTP from anywhere, not only from loopback or a track's `from`"),
        new("MODEL", "speech model, a path or a name (none: no captions)"),
        new("SPEECH_URL", "an OpenAI-compatible speech endpoint in the place of a model, such as https://gpu.example/v1 (none)"),
        new("SPEECH_KEY", "its API key (none)"),
        new("SPEECH_MODEL", "the model to ask it for (whisper-1)"),
        new("SPEECH_GPU", "true: the speech engine of this machine takes its GPU, where it was built for one (false)"),
        new("REFINE", "false: no second, better pass over what was said once a meeting is over (true)"),
        new("ON_TERM", "what SIGTERM means for running meetings: resume (resume)"),
        new("DRAIN_TIMEOUT", "seconds that running meetings may take to finish under ON_TERM=finish (30)"),
    ];

    /// <summary>One address or several, separated by semicolons.</summary>
    public string Listen { get; init; } = "http://127.0.0.1:8080";
    /// <summary>Absolute.</summary>
    public string DataDirectory { get; init; } = Path.GetFullPath("data");
    /// <summary>Absolute, outside the data.</summary>
    public string KeysDirectory { get; init; } = Path.GetFullPath("keys");
    /// <summary>Null: the generated one of the keys directory.</summary>
    public string? ApiKey { get; init; }
    /// <summary>Without a slash at its end. Null: as a request was sent.</summary>
    public string? PublicUrl { get; init; }
    public IPAddress RtpBind { get; init; } = IPAddress.Loopback;
    public string RtpHost { get; init; } = "127.0.0.1";
    /// <summary>Below the ephemeral range, off other servers' habits.</summary>
    public PortRange RtpPorts { get; init; } = new(26000, 26999);
    public bool AllowPlainRtp { get; init; }
    public string? Model { get; init; }
    /// <summary>Another machine's speech engine, without a slash at its end; null: <see cref="Model"/> is used here.</summary>
    public string? SpeechUrl { get; init; }
    public string? SpeechKey { get; init; }
    public string SpeechModel { get; init; } = "whisper-1";
    public bool SpeechGpu { get; init; }
    /// <summary>Recognise what was said once more when a meeting is over.</summary>
    public bool Refine { get; init; } = true;
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <exception cref="OptionsValidationException">With one sentence for each setting that cannot be.</exception>
    public static PipelineOptions Read(IConfiguration settings)
    {
        var reader = new SettingsReader(settings);
        string data = FullPath(reader.Text("DATA") ?? "data");
        string keys = FullPath(reader.Text("KEYS") ?? "keys");
        if (IsInside(RealPath(keys), RealPath(data)))
            reader.Refuse("KEYS", keys, $"it must not be inside the data directory {data}, or a copy of the data would hold its own keys");
        if (reader.Text("ON_TERM") is { } onTerm && onTerm != "resume")
            reader.Refuse("ON_TERM", onTerm, onTerm == "finish" ? "finishing meetings at SIGTERM is not built yet; only \"resume\" is" : "it must be \"resume\"");

        if (reader.Text("SPEECH_URL") is { } endpoint && reader.Text("MODEL") is not null)
            reader.Refuse("SPEECH_URL", endpoint, "there is PIPELINE_MODEL too: speech is recognised here or there, not both");

        var bind = reader.Address("RTP_BIND") ?? IPAddress.Loopback;
        var options = new PipelineOptions
        {
            Listen = reader.Listen("LISTEN") ?? "http://127.0.0.1:8080",
            DataDirectory = data,
            KeysDirectory = keys,
            ApiKey = reader.Token("API_KEY"),
            PublicUrl = reader.WebAddress("PUBLIC_URL"),
            RtpBind = bind,
            RtpHost = reader.Host("RTP_HOST") ?? bind.ToString(),
            RtpPorts = reader.Ports("RTP_PORTS") ?? new PortRange(26000, 26999),
            AllowPlainRtp = reader.Flag("ALLOW_PLAIN_RTP") ?? false,
            Model = reader.Text("MODEL"),
            SpeechUrl = reader.WebAddress("SPEECH_URL"),
            SpeechKey = reader.Token("SPEECH_KEY"),
            SpeechModel = reader.Text("SPEECH_MODEL") ?? "whisper-1",
            SpeechGpu = reader.Flag("SPEECH_GPU") ?? false,
            Refine = reader.Flag("REFINE") ?? true,
            DrainTimeout = reader.Seconds("DRAIN_TIMEOUT", 1, 3600) ?? TimeSpan.FromSeconds(30),
        };
        return reader.Refusals.Count == 0 ? options : throw new OptionsValidationException("PIPELINE", typeof(PipelineOptions), reader.Refusals);
    }

    private static string FullPath(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    /// <summary>Links followed: a link to the data is the data.</summary>
    private static string RealPath(string path)
    {
        if (Path.GetDirectoryName(path) is not { } parent) return path;
        var here = new DirectoryInfo(Path.Combine(RealPath(parent), Path.GetFileName(path)));
        return here.Exists && here.ResolveLinkTarget(returnFinalTarget: true) is { } target ? target.FullName : here.FullName;
    }

    private static bool IsInside(string path, string directory) =>
        path == directory || path.StartsWith(Path.TrimEndingDirectorySeparator(directory) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                          || directory == Path.GetPathRoot(directory);
}

/// <summary>Reads settings one by one and collects what is refused. An empty setting is one that is not there.</summary>
internal sealed class SettingsReader(IConfiguration settings)
{
    private readonly List<string> refusals = [];

    public IReadOnlyList<string> Refusals => refusals;

    public void Refuse(string key, string value, string why) => refusals.Add($"PIPELINE_{key} is \"{value}\": {why}.");

    public string? Text(string key) => settings[key] is { Length: > 0 } text ? text : null;

    public string? Listen(string key)
    {
        if (Text(key) is not { } text) return null;
        foreach (string address in text.Split(';'))
        {
            try
            {
                var binding = BindingAddress.Parse(address);
                if (binding.Scheme == "http" && binding.PathBase.Length == 0 && binding.Port is >= 0 and <= 65535) continue;
            }
            catch (FormatException) { }
            Refuse(key, text, "it must be an address such as http://127.0.0.1:8080 (put a proxy in front for https)");
            break;
        }
        return text;
    }

    /// <summary>Without a slash at its end.</summary>
    public string? WebAddress(string key)
    {
        if (Text(key) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Query.Length + url.Fragment.Length + url.UserInfo.Length == 0)
            return url.AbsoluteUri.TrimEnd('/');
        Refuse(key, text, "it must be a web address such as https://meetings.example");
        return null;
    }

    /// <summary>RFC 6750 §2.1: what can stand after `Bearer`.</summary>
    public string? Token(string key)
    {
        var text = Text(key);
        if (text is not null && !text.All(c => char.IsAsciiLetterOrDigit(c) || "-._~+/=".Contains(c)))
            refusals.Add($"PIPELINE_{key} cannot be sent in a header: only letters, digits and - . _ ~ + / = can.");   // its value is nobody's business
        return text;
    }

    public IPAddress? Address(string key)
    {
        if (Text(key) is not { } text) return null;
        if (IPAddress.TryParse(text, out var address)) return address;
        Refuse(key, text, "it must be an IP address of this machine, such as 127.0.0.1 or 0.0.0.0");
        return null;
    }

    public string? Host(string key)
    {
        var text = Text(key);
        if (text is not null && Uri.CheckHostName(text) == UriHostNameType.Unknown) Refuse(key, text, "it must be a host name or an IP address");
        return text;
    }

    public PortRange? Ports(string key)
    {
        if (Text(key) is not { } text) return null;
        string[] ends = text.Split('-', StringSplitOptions.TrimEntries);
        if (ends.Length != 2 || !ushort.TryParse(ends[0], out ushort first) || !ushort.TryParse(ends[1], out ushort last))
            Refuse(key, text, "it must be two port numbers such as 26000-26999");
        else if (first < 1024) Refuse(key, text, "it must begin at 1024 or above");
        else if (first % 2 != 0) Refuse(key, text, "it must begin with an even port, since a meeting takes an even one and the odd one above");
        else if (last <= first) Refuse(key, text, "it must hold at least two ports, since a meeting takes two");
        else return new PortRange(first, last);
        return null;
    }

    public bool? Flag(string key)
    {
        switch (Text(key)?.ToLowerInvariant())
        {
            case null: return null;
            case "true" or "1": return true;
            case "false" or "0": return false;
            default:
                Refuse(key, Text(key)!, "it must be true or false");
                return null;
        }
    }

    public TimeSpan? Seconds(string key, int least, int most)
    {
        if (Text(key) is not { } text) return null;
        if (int.TryParse(text, out int seconds) && seconds >= least && seconds <= most) return TimeSpan.FromSeconds(seconds);
        Refuse(key, text, $"it must be a whole number of seconds from {least} to {most}");
        return null;
    }
}
