namespace Pipeline.Api.Auth;

/// <summary>Marks an endpoint whose answer lets whoever has it in as its caller may come in: it is given to nobody else.</summary>
internal sealed record CredentialAnswer;

internal static class CredentialAnswerExtensions
{
    public static TBuilder AnswersCredential<TBuilder>(this TBuilder endpoints) where TBuilder : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new CredentialAnswer());
}
