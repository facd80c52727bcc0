namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>One track's samples as a file with its index in front lists them (ISO/IEC 14496-12 §8.6 and 8.7). Not thread-safe.</summary>
internal sealed class SampleTable
{
    private readonly RunTable durations = new(), shownLater = new();
    private readonly List<uint> lengths = [], syncs = [];
    private readonly List<(long Offset, uint Samples)> chunks = [];
    private bool reordered, showsEarlier;

    public int Count => lengths.Count;
    /// <summary>Of all samples one after the other, in ticks of the track's clock.</summary>
    public long Duration { get; private set; }
    /// <summary>When the last one shown ends: later than <see cref="Duration"/> where pictures are decoded before they are shown.</summary>
    public long End { get; private set; }

    /// <summary>The samples that follow lie one behind the other.</summary>
    /// <param name="offset">Of the first of them, from the first sample of the file.</param>
    public void BeginChunk(long offset) => chunks.Add((offset, 0));

    /// <param name="duration">Until the next is decoded, in ticks.</param>
    /// <param name="later">How many ticks after it is decoded it is shown.</param>
    public void Add(uint duration, uint length, bool isSync, int later)
    {
        lengths.Add(length);
        if (isSync) syncs.Add((uint)lengths.Count);
        durations.Add(duration);
        shownLater.Add((uint)later);
        (reordered, showsEarlier) = (reordered || later != 0, showsEarlier || later < 0);
        End = Math.Max(End, Duration + later + duration);
        Duration += duration;
        chunks[^1] = chunks[^1] with { Samples = chunks[^1].Samples + 1 };
    }

    /// <summary>Moves all that follows; the last sample is shown for longer.</summary>
    public void Wait(uint ticks)
    {
        durations.ExtendLast(ticks);
        Duration += ticks;
    }

    /// <summary>Everything of `stbl` but what the samples are.</summary>
    /// <param name="firstSample">Where in the file the first sample of all tracks lies.</param>
    public void Write(BoxBuilder stbl, long firstSample)
    {
        stbl.Full("stts", 0, 0, durations.Write);
        if (reordered) stbl.Full("ctts", (byte)(showsEarlier ? 1 : 0), 0, shownLater.Write);
        if (syncs.Count < Count)
        {
            stbl.Full("stss", 0, 0, b =>
            {
                b.U32((uint)syncs.Count);
                foreach (uint sample in syncs) b.U32(sample);
            });
        }
        stbl.Full("stsz", 0, 0, b =>
        {
            b.U32(0).U32((uint)Count);
            foreach (uint length in lengths) b.U32(length);
        });
        int[] changes = [.. Enumerable.Range(0, chunks.Count).Where(n => n == 0 || chunks[n].Samples != chunks[n - 1].Samples)];
        stbl.Full("stsc", 0, 0, b =>
        {
            b.U32((uint)changes.Length);
            foreach (int n in changes) b.U32((uint)n + 1).U32(chunks[n].Samples).U32(1);
        });
        stbl.Full("co64", 0, 0, b =>
        {
            b.U32((uint)chunks.Count);
            foreach (var chunk in chunks) b.U64(firstSample + chunk.Offset);
        });
    }

    /// <summary>How many samples in a row have the same value.</summary>
    private sealed class RunTable
    {
        private readonly List<(uint Count, uint Value)> runs = [];

        public void Add(uint value)
        {
            if (runs.Count > 0 && runs[^1].Value == value) runs[^1] = (runs[^1].Count + 1, value);
            else runs.Add((1, value));
        }

        public void ExtendLast(uint by)
        {
            var (count, value) = runs[^1];
            if (count == 1) runs.RemoveAt(runs.Count - 1);
            else runs[^1] = (count - 1, value);
            Add(value + by);
        }

        public void Write(BoxBuilder box)
        {
            box.U32((uint)runs.Count);
            foreach (var (count, value) in runs) box.U32(count).U32(value);
        }
    }
}
