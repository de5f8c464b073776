using CtfService.Api.Responses;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace CtfService.Api.Description;

/// <summary>Describes downloads of stored files: the headers that they read and send, and the bodies.</summary>
internal static class DownloadDescription
{
    private static readonly IReadOnlyList<(string Name, string Description)> RequestHeaders =
    [
        (HeaderNames.Range, "The bytes to send, such as `bytes=1000-`; the response is then 206. Several ranges at once get the whole file."),
        (HeaderNames.IfRange, "The ETag of the file that the range belongs to. If it is another file, the whole file is sent."),
        (HeaderNames.IfNoneMatch, "The ETag of an earlier response. The response is 304 if the file is the same."),
    ];

    private static readonly IReadOnlyList<(string Name, string Description)> ResponseHeaders =
    [
        (HeaderNames.ETag, "Identifies the file, which never changes."),
        (HeaderNames.ContentDisposition, "`attachment`, with the name of the file."),
        (HeaderNames.AcceptRanges, "`bytes`."),
    ];

    public static void Describe(OpenApiOperation operation, IReadOnlyCollection<object> endpointMetadata)
    {
        if (!endpointMetadata.OfType<StoredFileEndpoint>().Any())
        {
            return;
        }

        var others = (operation.Parameters ?? []).Where(parameter => parameter.In != ParameterLocation.Header);
        operation.Parameters = [.. others, .. RequestHeaders.Select(Parameter)];
        foreach (var (status, response) in operation.Responses ?? [])
        {
            if (status is "200" or "206" or "304" && response is OpenApiResponse { Headers: { } headers })
            {
                AddHeaders(headers, isPart: status == "206");
            }
        }
    }

    private static void AddHeaders(IDictionary<string, IOpenApiHeader> headers, bool isPart)
    {
        foreach (var (name, description) in ResponseHeaders)
        {
            headers[name] = Header(description);
        }

        if (isPart)
        {
            headers[HeaderNames.ContentRange] = Header("The bytes that are sent, and the length of the file.");
        }
    }

    private static OpenApiHeader Header(string description) => new() { Description = description, Schema = Text() };

    private static IOpenApiParameter Parameter((string Name, string Description) header) =>
        new OpenApiParameter { Name = header.Name, In = ParameterLocation.Header, Description = header.Description, Schema = Text() };

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };
}
