using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Pipeline.Actors.Sources.Janus;
using Pipeline.Api.Auth;
using Pipeline.Api.Problems;

namespace Pipeline.Api.OpenApi;

/// <summary>The description at `/openapi/v1.json`: made from the endpoints that are mapped, so it says what is built and nothing else.</summary>
internal static class ApiDocument
{
    public const string Name = "v1";
    private const string BearerScheme = "bearer";
    private const string SessionScheme = "session";
    private const string Refusal = "ProblemDto";

    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer(Introduce);
        options.AddOperationTransformer(Complete);
        options.AddSchemaTransformer(NameOwnForms);
    });

    /// <summary>Serialised as it is served.</summary>
    public static async Task<string> WriteAsync(IServiceProvider services, CancellationToken ct)
    {
        var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(ct);
        return await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, ct);
    }

    /// <summary>What is read by hand: `limit` is a number, and `metadata[case]=A-17` a parameter for each key.</summary>
    public static Task WithListParameters(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        WithLimit(operation, context, ct);
        operation.Parameters!.Add(new OpenApiParameter
        {
            Name = "metadata",
            In = ParameterLocation.Query,
            Style = ParameterStyle.DeepObject,
            Explode = true,
            Schema = new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = Text() },
        });
        return Task.CompletedTask;
    }

    /// <summary>`limit` is read by hand, and is a number.</summary>
    public static Task WithLimit(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var limit = operation.Parameters!.OfType<OpenApiParameter>().Single(parameter => parameter.Name == "limit");
        limit.Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "200", Default = 50 };
        return Task.CompletedTask;
    }

    public static Task WithIfMatch(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        AddHeader(operation, "If-Match", "Only if its `ETag` is still one of these.");
        return Task.CompletedTask;
    }

    /// <summary>A body is one thing or an array of them, and so is its answer.</summary>
    public static async Task WithOneOrMany<TAsked, TAnswered>(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        foreach (var (contents, type) in new[] { (operation.RequestBody?.Content, typeof(TAsked)), (operation.Responses?["201"].Content, typeof(TAnswered)) })
        {
            await context.GetOrCreateSchemaAsync(type, cancellationToken: ct);
            var one = new OpenApiSchemaReference(type.Name, context.Document);
            contents!["application/json"].Schema = new OpenApiSchema { OneOf = [one, new OpenApiSchema { Type = JsonSchemaType.Array, Items = one }] };
        }
    }

    /// <summary>All forms but JSON are plain text.</summary>
    public static Task WithTexts(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        foreach (var (mediaType, content) in operation.Responses!["200"].Content!)
            if (mediaType != "application/json") content.Schema = Text();
        return Task.CompletedTask;
    }

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    /// <summary>Our own writing hides from the schema what times and rooms are.</summary>
    private static Task NameOwnForms(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        if (context.JsonTypeInfo.Type == typeof(DateTimeOffset)) schema.Type = JsonSchemaType.String;
        if (context.JsonTypeInfo.Type == typeof(DateTimeOffset?)) schema.Type = JsonSchemaType.String | JsonSchemaType.Null;
        if (context.JsonTypeInfo.Type == typeof(JanusId)) schema.Type = JsonSchemaType.Integer | JsonSchemaType.String;
        return Task.CompletedTask;
    }

    private static Task Introduce(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken ct)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Pipeline",
            Version = Name,
            Description = "Records meetings and writes down what was said.",
        };
        document.Servers = [];   // wherever this document came from
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key or a viewer token." },
            [SessionScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Cookie,
                Name = Credential.Cookie,
                Description = "Of `POST /v1/session`.",
            },
        };
        return Task.CompletedTask;
    }

    /// <summary>What no handler's signature says: refusals, keys and their scopes, and headers that are read before the handler.</summary>
    private static async Task Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        context.Document!.AddComponent(Refusal, await context.GetOrCreateSchemaAsync(typeof(ProblemDto), cancellationToken: ct));
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "A refusal (RFC 9457).",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(Refusal, context.Document) },
            },
        };
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RequiredScope>().LastOrDefault() is { Scope: var scope })
        {
            bool isRead = context.Description.HttpMethod is "GET" or "HEAD";
            operation.Security = [.. (isRead ? [BearerScheme, SessionScheme] : new[] { BearerScheme }).Select(scheme =>
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, context.Document)] = scope is null ? [] : [scope] })];
        }
        if (context.Description.HttpMethod == "POST") AddHeader(operation, "Idempotency-Key", "Asked again with the same key and body, the first answer is given again.");
    }

    private static void AddHeader(OpenApiOperation operation, string name, string description) =>
        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = name,
            In = ParameterLocation.Header,
            Description = description,
            Schema = Text(),
        });
}
