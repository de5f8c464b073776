using CtfService.Api.Configuration;
using CtfService.Api.Validation;
using Microsoft.AspNetCore.Mvc;

namespace CtfService.Api.Uploads;

/// <summary>
/// Receives an upload before anything else looks at it, if there is room (<see cref="UploadGate"/>), so that everything behind reads the one copy. For
/// endpoints that ask for it by <see cref="UploadExtensions.WithUpload"/>.
/// </summary>
internal sealed class UploadMiddleware(RequestDelegate next, UploadGate gate, LimitsOptions limits)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<UploadEndpoint>() is null)
        {
            await next(http);
            return;
        }

        var most = limits.MaxUploadBodyBytes;
        var announced = http.Request.ContentLength ?? most;
        using var upload = gate.Enter(announced <= most ? announced : throw UploadReader.TooLarge(limits));
        http.Request.Body = await ReceiveAsync(upload, http);
        http.Features.Set(upload);
        await next(http);
    }

    private async Task<Stream> ReceiveAsync(Upload upload, HttpContext http)
    {
        try
        {
            return await upload.ReceiveAsync(http.Request.Body, http.RequestAborted);
        }
        catch (Exception tooLarge) when (tooLarge is NotSupportedException or BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge })
        {
            throw UploadReader.TooLarge(limits);
        }
        catch (IOException damaged)
        {
            throw UploadReader.Malformed(damaged);
        }
    }
}

/// <summary>Marks an endpoint whose body is an upload.</summary>
internal sealed class UploadEndpoint;

/// <summary>Uploads: where they are received, and by which endpoints.</summary>
internal static class UploadExtensions
{
    public static IServiceCollection AddUploads(this IServiceCollection services) => services
        .AddSingleton<UploadGate>()
        .AddSingleton<UploadReader>()
        .AddSingleton<PictureReader>();

    /// <summary>After sign-in, so that strangers take no room; before whatever reads the body.</summary>
    public static void UseUploads(this WebApplication app) => app.UseMiddleware<UploadMiddleware>();

    public static RouteHandlerBuilder WithUpload(this RouteHandlerBuilder route, LimitsOptions limits) =>
        route.WithMetadata(new UploadEndpoint(), new RequestSizeLimitAttribute(limits.MaxUploadBodyBytes));
}
