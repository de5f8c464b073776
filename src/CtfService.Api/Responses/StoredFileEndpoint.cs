using CtfService.Api.Errors;

namespace CtfService.Api.Responses;

/// <summary>Marks an endpoint that returns a <see cref="StoredFileResult"/>, for the description of the API.</summary>
internal sealed class StoredFileEndpoint
{
    /// <summary>Media type of the description; a response has that of its file.</summary>
    public const string AnyType = "application/octet-stream";
}

internal static class StoredFileEndpointExtensions
{
    /// <summary>Describes the responses of an endpoint that downloads a stored file.</summary>
    public static void ProducesStoredFile(this RouteHandlerBuilder route) => route
        .WithMetadata(new StoredFileEndpoint())
        .Produces<Stream>(StatusCodes.Status200OK, StoredFileEndpoint.AnyType)
        .Produces<Stream>(StatusCodes.Status206PartialContent, StoredFileEndpoint.AnyType)
        .Produces(StatusCodes.Status304NotModified)
        .ProducesErrors(404, 412, 416, 503);
}
