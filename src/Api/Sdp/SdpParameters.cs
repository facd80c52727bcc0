using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;
using NewTrack = Pipeline.Api.Meetings.NewTrack;

namespace Pipeline.Api.Sdp;

/// <summary>Who an offer is of. For the API's description: <see cref="TryRead"/> does the reading.</summary>
internal sealed record SdpParameters(
    [property: FromQuery(Name = "participant"), Description("Id of who sends it; else the offer's CNAME, session name or user name")] string? Participant,
    [property: FromQuery(Name = "name"), Description("What captions call them; else the m-line's title, or the session's name")] string? Name,
    [property: FromQuery(Name = "from"), Description("CIDR of the sender; else the offer's connection address")] string? From)
{
    /// <summary>Null when there is nothing to refuse.</summary>
    public static Problem? TryRead(IQueryCollection parameters, out OfferedBy by)
    {
        var fields = new QueryFields(parameters);
        by = new OfferedBy(Person(fields, "participant"), Person(fields, "name"), fields.Text("from"));
        if (by.From is { } from && !NewTrack.IsNetwork(from)) fields.Invalid("from", "must be a CIDR such as 192.0.2.0/24");
        return fields.Refusal();
    }

    private static string? Person(QueryFields fields, string name)
    {
        string? text = fields.Text(name);
        if (text is not null && (JsonFields.Characters(text) is 0 or > NewTrack.LongestName || text.Any(char.IsControl)))
            fields.Invalid(name, $"must have 1 to {NewTrack.LongestName} characters, none of them a control character");
        return text;
    }
}
