namespace Pipeline.TestKit;

/// <summary>A program for a test to be run instead of another one.</summary>
public static class ScriptedProgram
{
    /// <param name="script">For the shell; one that ends with `exec` leaves no child behind when it is killed.</param>
    /// <returns>Its path.</returns>
    public static string Write(TemporaryFolder folder, string script)
    {
        string path = folder[$"program-{Guid.NewGuid():N}"];
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }
}
