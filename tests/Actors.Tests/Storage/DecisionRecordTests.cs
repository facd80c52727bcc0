using System.Reflection;
using System.Text.Json.Serialization;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Tests.Storage;

public sealed class DecisionRecordTests
{
    [Fact]
    public void Every_event_has_a_name_in_the_journal()
    {
        var named = typeof(MeetingEvent).GetCustomAttributes<JsonDerivedTypeAttribute>().ToDictionary(a => a.DerivedType, a => a.TypeDiscriminator);
        Assert.Equal(
            typeof(MeetingEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(MeetingEvent))).Select(t => t.Name).Order(),
            named.Keys.Select(t => t.Name).Order());
        Assert.Equal(named.Count, named.Values.Distinct().Count());
    }
}
