namespace CtfService.Api.Contracts;

/// <summary>Media types of requests and responses, other than those of image files.</summary>
internal static class MediaTypes
{
    public const string Json = "application/json";

    public const string Form = "multipart/form-data";

    public const string EventStream = "text/event-stream";
}
