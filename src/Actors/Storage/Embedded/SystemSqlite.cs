using System.Runtime.InteropServices;
using SQLitePCL;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>The system's own SQLite, in place of a bundled one: it gets the distribution's security fixes.</summary>
internal static class SystemSqlite
{
    private static readonly string[] Names = ["libsqlite3.so.0", "libsqlite3.0.dylib", "libsqlite3.dylib", "winsqlite3.dll"];
    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>Once for the process, before the first connection. Throws `DllNotFoundException` where there is no SQLite.</summary>
    public static void Use() => _ = Loaded.Value;

    private static bool Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, assembly, path) =>
        {
            if (name != "e_sqlite3") return 0;
            foreach (string candidate in Names)
                if (NativeLibrary.TryLoad(candidate, assembly, path, out nint library)) return library;
            return 0;   // the runtime then says which library it wanted
        });
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    }
}
