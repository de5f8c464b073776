using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Api.Hosting;
using CtfService.Jobs.Store;

namespace CtfService.Api.Idempotency;

/// <summary>Adds idempotent requests: repeating one replays its response.</summary>
internal static class IdempotencyExtensions
{
    /// <summary>Adds the store that the settings choose: the memory of this process, or the database.</summary>
    public static void AddIdempotency(this WebApplicationBuilder builder)
    {
        if (builder.Configuration.HasJobs())
        {
            builder.Services.AddSingleton<KeyedJobs>();
        }

        if (!builder.Configuration.KeepsResponsesInDatabase())
        {
            builder.Services.AddSingleton<IIdempotencyStore, MemoryIdempotencyStore>();
            return;
        }

        builder.Services.AddSingleton<ResponseStoreWatch>();
        builder.Services.AddSingleton<ResponseUpkeep>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ResponseUpkeep>());
        builder.Services.AddSingleton<IIdempotencyStore, SharedIdempotencyStore>();
    }

    /// <summary>Returns false if the memory of this process keeps the responses.</summary>
    public static bool KeepsResponsesInDatabase(this IConfiguration configuration) =>
        new SettingsSection<StorageOptions>(configuration, StorageOptions.SectionName).Value.KeepsStateInDatabase();

    /// <summary>Runs after error handling and authentication, which it depends on, and before the endpoints.</summary>
    public static void UseIdempotency(this WebApplication app) => app.UseMiddleware<IdempotencyMiddleware>();

    /// <summary>
    /// Makes the endpoint support the header <c>Idempotency-Key</c>. Not for streamed responses, because the response is buffered until complete.
    /// </summary>
    public static RouteHandlerBuilder WithIdempotency(this RouteHandlerBuilder route)
    {
        route.ProducesErrors(StatusCodes.Status422UnprocessableEntity);
        return route.WithMetadata(new IdempotentEndpoint());
    }
}

/// <summary>Marks an endpoint that supports the header.</summary>
internal sealed class IdempotentEndpoint;
