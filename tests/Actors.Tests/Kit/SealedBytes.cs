using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Tests.Kit;

internal static class SealedBytes
{
    /// <summary>One bit of the last byte; twice is as before. Of several corrections it is the last one's.</summary>
    /// <param name="table">`segments` or `corrections`.</param>
    public static void TurnBit(string database, string table, Meeting meeting, long sequence)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT revision, sealed FROM {table} WHERE meeting = $meeting AND sequence = $sequence ORDER BY revision DESC LIMIT 1";
        command.Parameters.AddWithValue("$meeting", meeting.Id.ToString());
        command.Parameters.AddWithValue("$sequence", sequence);
        using var reader = command.ExecuteReader();
        Assert.True(reader.Read());
        (long revision, byte[] bytes) = (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
        reader.Close();
        bytes[^1] ^= 1;
        command.CommandText = $"UPDATE {table} SET sealed = $sealed WHERE meeting = $meeting AND sequence = $sequence AND revision = $revision";
        command.Parameters.AddWithValue("$sealed", bytes);
        command.Parameters.AddWithValue("$revision", revision);
        Assert.Equal(1, command.ExecuteNonQuery());
    }
}
