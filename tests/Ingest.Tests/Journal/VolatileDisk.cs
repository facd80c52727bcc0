using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Tests.Journal;

/// <summary>
/// A file system in memory that promises no more than POSIX does: what was not synced when the power goes is there or not, sector by
/// sector and in any order, and of a folder's names some of the last ones may be missing. A sync takes effect when it is
/// <see cref="Complete"/>: until then the power may go as if it had not begun.
/// </summary>
/// <param name="root">There from the beginning; everything is below it.</param>
internal sealed class VolatileDisk(string root) : IJournalFiles
{
    private const int Sector = 512;

    private readonly Dictionary<string, Folder> folders = new() { [root] = new Folder() };
    private readonly List<Action> syncing = [];

    /// <summary>What was being synced is safe from here on.</summary>
    public void Complete()
    {
        foreach (var done in syncing) done();
        syncing.Clear();
    }

    public void CreateFolder(string path)
    {
        if (folders.ContainsKey(path)) return;
        string parent = Path.GetDirectoryName(path)!;
        CreateFolder(parent);
        folders[path] = new Folder();
        folders[parent].Do(names => names[Path.GetFileName(path)] = null);
        SyncFolder(parent);
    }

    public IJournalFile Create(string path)
    {
        var file = new Content();
        folders[Path.GetDirectoryName(path)!].Do(names => names[Path.GetFileName(path)] = file);
        return new OpenFile(this, file);
    }

    public void Rename(string from, string to) => folders[Path.GetDirectoryName(from)!].Do(names =>
    {
        if (names.Remove(Path.GetFileName(from), out var file)) names[Path.GetFileName(to)] = file;
    });

    public void SyncFolder(string path) => syncing.Add(folders[path].Sync());

    public void SyncAll(string folder)
    {
        foreach (var one in folders.Values)
        {
            foreach (var file in one.Now.Values.OfType<Content>()) syncing.Add(file.Sync());
            syncing.Add(one.Sync());
        }
    }

    /// <summary>What is left when the power goes now, written to a real folder.</summary>
    public void Cut(Random random, string target) => Leave(root, target, random);

    private void Leave(string folder, string target, Random random)
    {
        Directory.CreateDirectory(target);
        foreach (var (name, file) in folders[folder].Left(random))
        {
            if (file is null) Leave(Path.Combine(folder, name), Path.Combine(target, name), random);
            else File.WriteAllBytes(Path.Combine(target, name), file.Left(random));
        }
    }

    /// <summary>Names, null for a folder's; and what was done to them since they were synced.</summary>
    private sealed class Folder
    {
        private readonly Dictionary<string, Content?> safe = [];
        private readonly List<Action<Dictionary<string, Content?>>> since = [];

        public Dictionary<string, Content?> Now { get; } = [];

        public void Do(Action<Dictionary<string, Content?>> change)
        {
            change(Now);
            since.Add(change);
        }

        public Action Sync()
        {
            var began = since.ToList();
            return () =>
            {
                foreach (var change in began.Where(since.Remove)) change(safe);
            };
        }

        public Dictionary<string, Content?> Left(Random random)
        {
            var left = new Dictionary<string, Content?>(safe);
            foreach (var change in since.Take(random.Next(since.Count + 1))) change(left);
            return left;
        }
    }

    private sealed class Content
    {
        private byte[] now = new byte[4096], safe = [];
        private int length, dirtyFrom = int.MaxValue;

        public void Write(ReadOnlySpan<byte> bytes, int offset)
        {
            if (now.Length < offset + bytes.Length) Array.Resize(ref now, Math.Max(offset + bytes.Length, 2 * now.Length));
            bytes.CopyTo(now.AsSpan(offset));
            length = Math.Max(length, offset + bytes.Length);
            dirtyFrom = Math.Min(dirtyFrom, offset);
        }

        public Action Sync()
        {
            if (dirtyFrom == int.MaxValue) return () => { };
            byte[] began = now[..length];
            dirtyFrom = int.MaxValue;
            return () => safe = began.Length >= safe.Length ? began : safe;          // of two that overlap the later one
        }

        /// <summary>Sectors written since are there or not; where the file became longer and a sector is not there, it holds zeros.</summary>
        public byte[] Left(Random random)
        {
            int longest = Math.Max(length, safe.Length);
            var left = new byte[random.Next(4) switch { 0 => safe.Length, 1 => longest, _ => random.Next(safe.Length, longest + 1) }];
            safe.AsSpan(0, Math.Min(safe.Length, left.Length)).CopyTo(left);
            int likely = random.Next(101);
            for (int at = 0; at < left.Length; at += Sector)
            {
                int end = Math.Min(at + Sector, left.Length);
                if (random.Next(100) < likely) now.AsSpan(at, end - at).CopyTo(left.AsSpan(at));
            }
            return left;
        }
    }

    private sealed class OpenFile(VolatileDisk disk, Content file) : IJournalFile
    {
        private bool closed;

        public void Write(ReadOnlySpan<byte> bytes, long offset) => file.Write(bytes, (int)offset);

        public void Sync()
        {
            ObjectDisposedException.ThrowIf(closed, this);
            disk.syncing.Add(file.Sync());
        }

        public void Dispose() => closed = true;
    }
}
