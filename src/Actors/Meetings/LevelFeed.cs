using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Meetings;

/// <summary>The newest levels of one meeting, for any number of readers: each reading is made once, and only while somebody reads.</summary>
public sealed class LevelFeed
{
    private readonly ChangeSignal changed = new();
    private LevelReading? newest;
    private int readers;

    public bool HasReaders => Volatile.Read(ref readers) > 0;
    /// <summary>Null before the first; of a meeting nobody has read for a while it is old.</summary>
    public LevelReading? Newest => Volatile.Read(ref newest);
    /// <summary>Completes with the next reading.</summary>
    public Task Next => changed.Next;

    public void Publish(LevelReading reading)
    {
        Volatile.Write(ref newest, reading);
        changed.Pulse();
    }

    /// <summary>Readings are made until what is returned is disposed.</summary>
    public IDisposable Listen() => new Listener(this);

    private sealed class Listener : IDisposable
    {
        private LevelFeed? feed;

        public Listener(LevelFeed feed)
        {
            this.feed = feed;
            Interlocked.Increment(ref feed.readers);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref feed, null) is { } left) Interlocked.Decrement(ref left.readers);
        }
    }
}
