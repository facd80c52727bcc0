using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Sources.Janus;

namespace Pipeline.Actors.Tests.Sources;

/// <summary>
/// A Janus with one VideoRoom, in memory: it takes and gives the messages of its WebSocket API, as 1.1.2 does. Clients of all kinds share it;
/// a test publishes, leaves, and makes it die.
/// </summary>
internal sealed class FakeJanus(JanusId room)
{
    private readonly Lock gate = new();
    private readonly List<Client> clients = [];
    private readonly SortedDictionary<string, Feed> feeds = [];
    private long nextId = 1000;
    private bool roomExists = true;

    public string? Secret { get; init; }
    public string? Pin { get; init; }
    public string? ApiSecret { get; init; }
    public string? AdminKey { get; init; }

    /// <summary>Pulses with everything that happens here.</summary>
    public ChangeSignal Changes { get; } = new();

    /// <summary>Everything it was asked, as JSON.</summary>
    public List<string> Asked { get; } = [];

    public async Task UntilAsync(Func<bool> holds)
    {
        while (true)
        {
            var next = Changes.Next;
            if (holds()) return;
            await next.WaitAsync(TimeSpan.FromSeconds(60));                          // only so that a broken test ends
        }
    }

    /// <summary>Answers nothing from now on, as a process that is stopped.</summary>
    public bool IsStuck { get; set; }

    public sealed record Stream(string Mid, string Codec, string Type = "audio", bool Disabled = false, string? Description = null, bool Simulcast = false);

    public sealed record Forward(long Id, string Mid, string Host, int Port, uint Ssrc, int Pt, string? Crypto, int? RtcpPort = null, bool Simulcast = false);

    /// <summary>Where it takes requests for key frames.</summary>
    public const int FeedbackPort = 57401;

    private sealed class Feed(JanusId id, string display)
    {
        public JanusId Id => id;
        public string Display => display;
        public List<Stream> Streams { get; set; } = [];
        public List<Forward> Forwards { get; } = [];
        public List<(string What, Forward Which)> Log { get; } = [];
    }

    /// <summary>One connection; what is written to <see cref="Out"/> goes to the client, and it is completed when the connection ends.</summary>
    public sealed class Client
    {
        public Channel<byte[]> Out { get; } = Channel.CreateUnbounded<byte[]>();
        public bool IsInRoom { get; set; }
        public long Session { get; set; }
        public long Handle { get; set; }
    }

    public int Watchers { get { lock (gate) return clients.Count(c => c.IsInRoom); } }

    public IReadOnlyList<Forward> Forwards(JanusId? of = null)
    {
        lock (gate) return [.. feeds.Values.Where(f => of is null || f.Id == of).SelectMany(f => f.Forwards)];
    }

    public Client Connect()
    {
        lock (gate)
        {
            var client = new Client();
            clients.Add(client);
            return client;
        }
    }

    /// <summary>The client's connection ended: its session goes, what is forwarded stays.</summary>
    public void Disconnect(Client client)
    {
        lock (gate) clients.Remove(client);
        client.Out.Writer.TryComplete();
        Changes.Pulse();
    }

    /// <summary>The network between ends every connection.</summary>
    public void Drop()
    {
        lock (gate)
            foreach (var client in clients.ToList()) Disconnect(client);
    }

    /// <summary>It died and was started anew: nothing is left but its configuration.</summary>
    /// <param name="withRoom">The room is in it.</param>
    public void Restart(bool withRoom = true)
    {
        lock (gate)
        {
            Drop();
            feeds.Clear();
            roomExists = withRoom;
        }
    }

    public void CreateRoom() { lock (gate) roomExists = true; }

    public void DestroyRoom()
    {
        lock (gate)
        {
            feeds.Clear();
            roomExists = false;
            Tell(new JsonObject { ["videoroom"] = "destroyed", ["room"] = Id(room) });
            foreach (var client in clients) client.IsInRoom = false;
        }
    }

    /// <summary>Somebody publishes these streams; or has others now than before, and then those that stay keep their forwarders.</summary>
    public void Publish(JanusId feed, string display, params Stream[] streams)
    {
        lock (gate)
        {
            if (!feeds.TryGetValue(feed.Text, out var publisher)) feeds[feed.Text] = publisher = new Feed(feed, display);
            publisher.Streams = [.. streams];
            publisher.Forwards.RemoveAll(f => streams.All(s => s.Mid != f.Mid));
            Tell(new JsonObject { ["videoroom"] = "event", ["room"] = Id(room), ["publishers"] = new JsonArray(Describe(publisher)) });
        }
    }

    public void Unpublish(JanusId feed, string how = "unpublished", int times = 2)
    {
        lock (gate)
        {
            feeds.Remove(feed.Text);
            for (int i = 0; i < times; i++) Tell(new JsonObject { ["videoroom"] = "event", ["room"] = Id(room), [how] = Id(feed) });
        }
    }

    /// <summary>As another program asked.</summary>
    public void ForwardElsewhere(JanusId feed, int port, uint ssrc)
    {
        lock (gate) feeds[feed.Text].Forwards.Add(new Forward(++nextId, feeds[feed.Text].Streams[0].Mid, "127.0.0.1", port, ssrc, 96, null));
    }

    /// <summary>A forwarder is gone and nobody was told.</summary>
    public void LoseForwards(JanusId feed) { lock (gate) feeds[feed.Text].Forwards.Clear(); }

    public void Kick(Client? client = null)
    {
        lock (gate)
        {
            foreach (var gone in clients.Where(c => client is null || c == client).ToList())
            {
                gone.IsInRoom = false;
                Send(gone, Event(gone, new JsonObject { ["videoroom"] = "event", ["room"] = Id(room), ["leaving"] = "ok", ["reason"] = "kicked" }));
            }
        }
    }

    /// <summary>Something that is no JSON, and something that is none of the protocol's.</summary>
    public void TellNonsense()
    {
        lock (gate)
        {
            foreach (var client in clients)
            {
                client.Out.Writer.TryWrite("{\"janus\":"u8.ToArray());
                client.Out.Writer.TryWrite("{\"janus\":\"event\",\"plugindata\":{\"data\":{\"videoroom\":\"event\",\"publishers\":[null,{\"id\":null},{\"id\":{}}]}}}"u8.ToArray());
                client.Out.Writer.TryWrite("{\"janus\":\"event\",\"plugindata\":{\"data\":{\"videoroom\":\"event\",\"publishers\":[null,{\"streams\":[null]}]}}}"u8.ToArray());
            }
        }
    }

    public void Receive(Client client, ReadOnlySpan<byte> message)
    {
        var request = JsonNode.Parse(message)!.AsObject();
        lock (gate)
        {
            Asked.Add(request.ToJsonString());
            if (IsStuck)
            {
                Changes.Pulse();
                return;
            }
            if (ApiSecret is not null && (string?)request["apisecret"] != ApiSecret)
            {
                Send(client, Reply(request, "error", ("error", new JsonObject { ["code"] = 403, ["reason"] = "Unauthorized request (wrong or missing secret/token)" })));
                return;
            }
            switch ((string?)request["janus"])
            {
                case "create":
                    client.Session = ++nextId;
                    Send(client, Reply(request, "success", ("data", new JsonObject { ["id"] = client.Session })));
                    break;
                case "attach":
                    client.Handle = ++nextId;
                    Send(client, Reply(request, "success", ("data", new JsonObject { ["id"] = client.Handle })));
                    break;
                case "keepalive": Send(client, Reply(request, "ack")); break;
                case "destroy":
                    client.IsInRoom = false;
                    Send(client, Reply(request, "success"));
                    break;
                case "message":
                    var body = request["body"]!.AsObject();
                    if ((string?)body["request"] == "join")
                    {
                        Send(client, Reply(request, "ack"));
                        Send(client, Reply(request, "event", ("sender", client.Handle), ("plugindata", Plugin(Join(client, body)))));
                    }
                    else Send(client, Reply(request, "success", ("sender", client.Handle), ("plugindata", Plugin(Answer(body)))));
                    break;
            }
        }
        Changes.Pulse();
    }

    private JsonObject Join(Client client, JsonObject body)
    {
        if (WhyNot(body) is { } error) return error;
        if (Pin is not null && (string?)body["pin"] != Pin) return Error(433, "Unauthorized (wrong pin)");
        client.IsInRoom = true;
        return new JsonObject
        {
            ["videoroom"] = "joined",
            ["room"] = Id(room),
            ["id"] = ++nextId,
            ["publishers"] = new JsonArray([.. feeds.Values.Where(f => f.Streams.Count > 0).Select(Describe)]),
            ["attendees"] = new JsonArray(),
        };
    }

    private JsonObject Answer(JsonObject body)
    {
        if (WhyNot(body) is { } error) return error;
        if (Secret is not null && (string?)body["secret"] != Secret) return Error(433, "Unauthorized (wrong secret)");
        if (AdminKey is not null && (string?)body["request"] != "listforwarders" && (string?)body["admin_key"] != AdminKey) return Error(433, "Unauthorized (wrong admin_key)");
        switch ((string?)body["request"])
        {
            case "listforwarders":
                return new JsonObject
                {
                    ["videoroom"] = "forwarders",
                    ["room"] = Id(room),
                    ["publishers"] = new JsonArray([.. feeds.Values.Where(f => f.Forwards.Count > 0).Select(f => new JsonObject
                    {
                        ["publisher_id"] = Id(f.Id),
                        ["display"] = f.Display,
                        ["forwarders"] = new JsonArray([.. f.Forwards.Select(Describe)]),
                    })]),
                };
            case "rtp_forward":
                if (!feeds.TryGetValue(body["publisher_id"]!.ToString(), out var feed)) return Error(428, "No such feed");
                var made = new JsonArray();
                foreach (var asked in body["streams"]!.AsArray())
                {
                    string mid = (string)asked!["mid"]!;
                    if (feed.Streams.FirstOrDefault(s => s.Mid == mid) is not { } stream) continue;   // skipped without a word
                    bool simulcast = (bool?)asked["simulcast"] ?? false;
                    if (simulcast && !stream.Simulcast) throw new InvalidOperationException("Nothing at all would be forwarded.");
                    var forward = new Forward(
                        ++nextId, mid, (string)body["host"]!, (int)asked["port"]!, (uint)(long)asked["ssrc"]!, (int)asked["pt"]!, (string?)body["srtp_crypto"], (int?)asked["rtcp_port"], simulcast);
                    feed.Forwards.Add(forward);
                    made.Add(Describe(forward));
                }
                return new JsonObject { ["videoroom"] = "rtp_forward", ["room"] = Id(room), ["publisher_id"] = Id(feed.Id), ["forwarders"] = made };
            case "stop_rtp_forward":
                if (!feeds.TryGetValue(body["publisher_id"]!.ToString(), out var of)) return Error(428, "No such feed");
                return of.Forwards.RemoveAll(f => f.Id == (long)body["stream_id"]!) > 0
                    ? new JsonObject { ["videoroom"] = "stop_rtp_forward", ["room"] = Id(room) }
                    : Error(428, "No such stream");
            default: return Error(423, "Unknown request");
        }
    }

    private JsonObject? WhyNot(JsonObject body) =>
        roomExists && body["room"]!.ToJsonString() == Id(room).ToJsonString() ? null : Error(426, "No such room");

    private void Tell(JsonObject data)
    {
        foreach (var client in clients.Where(c => c.IsInRoom)) Send(client, Event(client, data));
    }

    private static JsonObject Event(Client client, JsonObject data) => new()
    {
        ["janus"] = "event",
        ["session_id"] = client.Session,
        ["sender"] = client.Handle,
        ["plugindata"] = Plugin((JsonObject)data.DeepClone()),
    };

    private static void Send(Client client, JsonObject message) => client.Out.Writer.TryWrite(JsonSerializer.SerializeToUtf8Bytes(message));

    private static JsonObject Reply(JsonObject request, string janus, params ReadOnlySpan<(string Name, JsonNode Value)> members)
    {
        var reply = new JsonObject { ["janus"] = janus, ["transaction"] = (string?)request["transaction"] };
        foreach (var (name, value) in members) reply[name] = value;
        return reply;
    }

    private static JsonObject Plugin(JsonObject data) => new() { ["plugin"] = "janus.plugin.videoroom", ["data"] = data };
    private static JsonObject Error(int code, string why) => new() { ["videoroom"] = "event", ["error_code"] = code, ["error"] = why };
    private static JsonValue Id(JanusId id) => id.IsNumber ? JsonValue.Create(long.Parse(id.Text)) : JsonValue.Create(id.Text);

    private static JsonObject Describe(Feed feed) => new()
    {
        ["id"] = Id(feed.Id),
        ["display"] = feed.Display,
        ["streams"] = new JsonArray([.. feed.Streams.Select((s, i) =>
        {
            var stream = new JsonObject { ["type"] = s.Type, ["mindex"] = i, ["mid"] = s.Mid, ["codec"] = s.Codec };
            if (s.Disabled) stream["disabled"] = true;
            if (s.Simulcast) stream["simulcast"] = true;
            if (s.Description is { } description) stream["description"] = description;
            return stream;
        })]),
    };

    private static JsonObject Describe(Forward f)
    {
        var forward = new JsonObject { ["stream_id"] = f.Id, ["host"] = f.Host, ["port"] = f.Port, ["type"] = "audio", ["pt"] = f.Pt, ["ssrc"] = f.Ssrc };
        if (f.RtcpPort is { } port) (forward["local_rtcp_port"], forward["remote_rtcp_port"]) = (FeedbackPort, port);
        return forward;
    }
}

/// <summary>Gets at a fake Janus without a network.</summary>
internal sealed class FakeDoor(FakeJanus janus) : IJanusDoor
{
    public bool IsShut { get; set; }
    public IPAddress Peer { get; init; } = IPAddress.Loopback;

    public Task<JanusLine> ConnectAsync(CancellationToken ct) => IsShut
        ? Task.FromException<JanusLine>(new JanusException(JanusFault.Unreachable))
        : Task.FromResult(new JanusLine(new Line(janus, janus.Connect()), Peer));

    private sealed class Line(FakeJanus janus, FakeJanus.Client client) : IJanusTransport
    {
        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken ct)
        {
            janus.Receive(client, message.Span);
            return ValueTask.CompletedTask;
        }

        public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken ct)
        {
            try { return await client.Out.Reader.ReadAsync(ct); }
            catch (ChannelClosedException) { return null; }
        }

        public ValueTask DisposeAsync()
        {
            janus.Disconnect(client);
            return ValueTask.CompletedTask;
        }
    }
}
