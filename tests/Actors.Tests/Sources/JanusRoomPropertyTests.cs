using Pipeline.Actors.Sources.Janus;
using Xunit.Abstractions;

namespace Pipeline.Actors.Tests.Sources;

/// <summary>
/// Whatever happens in a room, and however late it is told, in the end every stream that is published has one forwarder and one track, and
/// there is no other of either.
/// </summary>
public sealed class JanusRoomPropertyTests(ITestOutputHelper output)
{
    private const int Stories = 3000, Length = 60;

    [Fact]
    public void Nothing_is_doubled_and_nothing_left_behind()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        for (int n = 0; n < Stories; n++)
        {
            var story = new Story(new Random(seed + n));
            try
            {
                for (int i = 0; i < Length; i++) story.Go();
                story.Settle();
            }
            catch (Exception e) { throw new InvalidOperationException($"seed {seed + n}: {string.Join(" ", story.Told)}", e); }
        }
    }

    /// <summary>A Janus, a meeting and a watcher between them, whose messages are delivered when chance will have it.</summary>
    private sealed class Story(Random chance)
    {
        private const int Port = 26000, Elsewhere = 30000;
        private static readonly JanusId[] People = [JanusId.Of(1), JanusId.Of(2), JanusId.Of("three")];
        private static readonly string[] Mids = ["0", "1"];

        private readonly Dictionary<JanusId, Dictionary<string, StreamNews>> published = [];
        private readonly List<(JanusId Feed, string Mid, ForwarderNews Forwarder)> forwarders = [];
        private readonly Queue<RoomNews> underWay = new();
        private readonly Dictionary<uint, OpenForward> open = [];
        private readonly HashSet<uint> ended = [];
        private readonly HashSet<FeedStream> unwanted = [];                          // somebody ended its track, and it stays published
        private bool isConnected;
        private long nextStream = 1;
        private uint nextSsrc = 1;
        private JanusRoom? room;

        public List<string> Told { get; } = [];

        public void Go()
        {
            var feed = People[chance.Next(People.Length)];
            string mid = Mids[chance.Next(Mids.Length)];
            switch (chance.Next(13))
            {
                case 0 or 1: Publish(feed, mid); break;
                case 2: Disable(feed, mid); break;
                case 3: Leave(feed); break;
                case 4: Leave(feed); Publish(feed, mid); break;                      // published again, and it is told later
                case 5: Lose(); break;
                case 6: Restart(); break;
                case 7: Lose(); room = null; Note("recorder restarts"); break;
                case 8: EndByHand(); break;
                case 9: Compare(); break;
                case 10: Foreign(feed); break;
                default: Deliver(); break;
            }
        }

        public void Settle()
        {
            Compare();                                                               // connects where it is not
            while (underWay.Count > 0) Deliver();
            Compare();
            foreach (var (feed, streams) in published)
            {
                foreach (var (mid, stream) in streams)
                {
                    var ours = forwarders.Where(f => f.Feed == feed && f.Mid == mid && f.Forwarder.Port == Port).ToList();
                    var tracks = open.Values.Where(t => t.Stream == new FeedStream(feed, mid)).ToList();
                    bool isWanted = !stream.Disabled && !unwanted.Contains(new FeedStream(feed, mid));
                    Assert.Equal(isWanted ? 1 : 0, ours.Count);
                    Assert.Equal(ours.Select(f => (uint)f.Forwarder.Ssrc!), tracks.Select(t => t.Ssrc));
                }
            }
            Assert.All(open.Values, t => Assert.Contains(forwarders, f => f.Forwarder.Ssrc == t.Ssrc));
            Assert.Equal(open.Count, forwarders.Count(f => f.Forwarder.Port == Port));
            Assert.Empty(stoppedForeigners);
        }

        private readonly HashSet<long> foreigners = [], stoppedForeigners = [];

        private void Note(string what) => Told.Add($"[{what}]");

        private void Publish(JanusId feed, string mid)
        {
            Note($"{feed} publishes {mid}");
            if (!published.TryGetValue(feed, out var streams)) published[feed] = streams = [];
            streams[mid] = JanusRoomTests.Mic(mid);
            Tell(JanusRoomTests.Published(JanusRoomTests.Says(feed, null, [.. streams.Values])));
        }

        private void Disable(JanusId feed, string mid)
        {
            if (!published.TryGetValue(feed, out var streams) || !streams.TryGetValue(mid, out var stream)) return;
            Note($"{feed} disables {mid}");
            streams[mid] = stream with { Disabled = true };
            if (chance.Next(2) == 0) forwarders.RemoveAll(f => f.Feed == feed && f.Mid == mid);
            Tell(JanusRoomTests.Published(JanusRoomTests.Says(feed, null, [.. streams.Values])));
        }

        private void Leave(JanusId feed)
        {
            if (!published.Remove(feed)) return;
            Note($"{feed} leaves");
            forwarders.RemoveAll(f => f.Feed == feed);
            for (int times = chance.Next(1, 4); times > 0; times--)
                Tell(JanusRoomTests.Gone(chance.Next(3) switch { 0 => "unpublished", 1 => "leaving", _ => "kicked" }, feed));
        }

        private void Lose()
        {
            Note("connection lost");
            isConnected = false;
            underWay.Clear();
        }

        private void Restart()
        {
            Note("Janus restarts");
            Lose();
            foreach (var feed in published.Keys.ToList()) published.Remove(feed);
            forwarders.Clear();
        }

        /// <summary>Only what the watcher knows: before that it is a stranger's, and stopped as one.</summary>
        private void EndByHand()
        {
            if (!isConnected || underWay.Count > 0 || open.Count == 0) return;
            var track = open.Values.ElementAt(chance.Next(open.Count));
            if (!room!.Forwards.Any(f => f.Ssrc == track.Ssrc)) return;
            Note($"track {track.Ssrc} is ended");
            open.Remove(track.Ssrc);
            ended.Add(track.Ssrc);
            unwanted.Add(track.Stream);
            Compare();
        }

        private void Foreign(JanusId feed)
        {
            if (!published.TryGetValue(feed, out var streams)) return;
            foreigners.Add(nextStream);
            forwarders.Add((feed, streams.Keys.First(), new ForwarderNews { StreamId = nextStream++, Host = "127.0.0.1", Port = Elsewhere, Ssrc = 1 }));
        }

        private void Compare()
        {
            Note(isConnected ? "compares" : "enters");
            var listed = forwarders.GroupBy(f => f.Feed).Select(g => new PublisherNews { PublisherId = g.Key, Forwarders = [.. g.Select(f => f.Forwarder)] }).ToList();
            if (isConnected)
            {
                Do(room!.Compared(listed, open.Values));
                return;
            }
            isConnected = true;
            if (room is null) unwanted.Clear();                                      // who ended what is not remembered
            unwanted.RemoveWhere(s => !IsPublished(s));                              // gone and back unseen, it is the same to the watcher
            room ??= new JanusRoom(Port, host => host == "127.0.0.1", JanusMedia.Of, () => nextSsrc++);
            Do(room.Joined([.. published.Select(p => JanusRoomTests.Says(p.Key, null, [.. p.Value.Values]))], listed, open.Values));
        }

        private void Deliver()
        {
            if (!underWay.TryDequeue(out var news)) return;
            foreach (var gone in new[] { news.Unpublished, news.Leaving, news.Kicked }) unwanted.RemoveWhere(s => s.Feed == gone);
            foreach (var said in news.Publishers ?? []) unwanted.RemoveWhere(s => s.Feed == said!.Id && !said.Streams!.Any(x => x!.Mid == s.Mid && !x.Disabled));
            Do(room!.Hear(news));
        }

        private bool IsPublished(FeedStream s) =>
            published.TryGetValue(s.Feed, out var streams) && streams.TryGetValue(s.Mid, out var stream) && !stream.Disabled;

        private void Tell(RoomNews news)
        {
            if (isConnected) underWay.Enqueue(news);
        }

        private void Do(IReadOnlyList<RoomStep> steps)
        {
            foreach (var step in steps)
            {
                switch (step)
                {
                    case RoomStep.StopForward s:
                        if (foreigners.Contains(s.StreamId)) stoppedForeigners.Add(s.StreamId);
                        forwarders.RemoveAll(f => f.Feed == s.Feed && f.Forwarder.StreamId == s.StreamId);
                        break;
                    case RoomStep.EndTrack e:
                        Assert.True(open.Remove(e.Ssrc), $"{e.Ssrc} was not open");
                        ended.Add(e.Ssrc);
                        break;
                    case RoomStep.BeginTrack b:
                        Assert.DoesNotContain(b.What.Ssrc, ended);
                        open.Add(b.What.Ssrc, new OpenForward(b.What.Stream, b.What.Ssrc, b.What.Media.Codec));
                        break;
                    case RoomStep.Forward { What: var what }:
                        if (IsPublished(what.Stream))
                        {
                            var forwarder = new ForwarderNews { StreamId = nextStream++, Host = "127.0.0.1", Port = Port, Ssrc = what.Ssrc };
                            forwarders.Add((what.Stream.Feed, what.Stream.Mid, forwarder));
                            Do(room!.Forwarded(what, forwarder));
                        }
                        else room!.NotForwarded(what);
                        break;
                }
            }
        }
    }
}
