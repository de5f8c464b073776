using CtfService.Api.Configuration;
using CtfService.Api.Validation;
using Microsoft.AspNetCore.Mvc;

namespace CtfService.Api.Bodies;

/// <summary>
/// Receives an upload before any other component reads it, if there is capacity (<see cref="UploadGate"/>), so that all later components read the same
/// copy. Applies to endpoints with <see cref="UploadExtensions.WithUpload"/>.
/// </summary>
internal sealed class UploadMiddleware(RequestDelegate next, UploadGate gate, LimitsOptions limits)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<UploadEndpoint>() is not { } endpoint)
        {
            await next(http);
            return;
        }

        var most = limits.MaxUploadBodyBytes(endpoint.Files);
        var announced = http.Request.ContentLength ?? most;
        using var upload = gate.Enter(announced <= most ? announced : throw UploadReader.TooLarge(limits, endpoint.Files));
        http.Request.Body = await ReceiveAsync(upload, endpoint, http);
        http.Features.Set(upload);
        await next(http);
    }

    private async Task<Stream> ReceiveAsync(Upload upload, UploadEndpoint endpoint, HttpContext http)
    {
        try
        {
            return await upload.ReceiveAsync(http.Request.Body, http.RequestAborted);
        }
        catch (Exception tooLarge) when (tooLarge is NotSupportedException or BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge })
        {
            throw UploadReader.TooLarge(limits, endpoint.Files);
        }
        catch (IOException damaged)
        {
            throw UploadReader.Malformed(damaged);
        }
    }
}

/// <summary>Marks an endpoint that accepts uploads.</summary>
/// <param name="Files">The largest number of files in one upload.</param>
internal sealed record UploadEndpoint(int Files);

/// <summary>Adds the reception of uploads to the pipeline and to endpoints.</summary>
internal static class UploadExtensions
{
    public static IServiceCollection AddUploads(this IServiceCollection services) => services
        .AddSingleton<UploadGate>()
        .AddSingleton<UploadReader>()
        .AddSingleton<PictureReader>();

    /// <summary>Runs after authentication, so that unknown callers use no capacity, and before anything reads the body.</summary>
    public static void UseUploads(this WebApplication app) => app.UseMiddleware<UploadMiddleware>();

    /// <param name="files">The largest number of files in one upload.</param>
    public static RouteHandlerBuilder WithUpload(this RouteHandlerBuilder route, LimitsOptions limits, int files = 1) =>
        route.WithMetadata(new UploadEndpoint(files), new RequestSizeLimitAttribute(limits.MaxUploadBodyBytes(files)));
}
