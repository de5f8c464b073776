using CtfService.Api.Idempotency;
using CtfService.Api.Security;
using CtfService.Api.Telemetry;
using CtfService.Inference;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>Settings: where they come from, what they may be, and what they mean to the host.</summary>
internal static class SettingsExtensions
{
    /// <summary>The host's own shutdown must outlast the worker's, or the drained answers are cut off.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromSeconds(5);

    /// <summary>What a connection may send ahead of what is read; Kestrel's own default, 1 MiB, is much for ten thousand of them.</summary>
    private const int RequestBufferBytes = 128 * 1_024;

    public static void AddSettings(this WebApplicationBuilder builder, string[] args)
    {
        // ASPNETCORE_URLS ranks below appsettings.json by default, so our "Urls" would silently win over it.
        builder.Configuration.AddEnvironmentVariables("ASPNETCORE_").AddCommandLine(args);

        var services = builder.Services;
        services.AddCheckedOptions<ModelOptions>(ModelOptions.SectionName);
        services.AddSingleton<IValidateOptions<ModelOptions>, AliasesAreNames>();
        services.AddCheckedOptions<InferenceOptions>(InferenceOptions.SectionName);
        services.AddCheckedOptions<LimitsOptions>(LimitsOptions.SectionName);
        services.AddCheckedOptions<IdempotencyOptions>(IdempotencyOptions.SectionName);
        services.AddSingleton<IValidateOptions<LimitsOptions>, LimitsFitTheQueue>();
        services.AddSingleton<IValidateOptions<LimitsOptions>, UploadsFitTheirBuffer>();
        services.AddCheckedOptions<TelemetryOptions>(TelemetryOptions.SectionName);
        services.AddCheckedOptions<SecurityOptions>(SecurityOptions.SectionName);
        services.AddSingleton<IValidateOptions<SecurityOptions>, SecurityOptionsRules>();
        services.AddSingleton<IValidateOptions<SecurityOptions>, ReachableNeedsKeys>();

        services.AddOptions<KestrelServerOptions>()
            .Configure<LimitsOptions>((server, limits) =>
            {
                server.AddServerHeader = false;
                server.Limits.MaxRequestBodySize = limits.MaxRequestBodyBytes;
                server.Limits.MaxRequestBufferSize = Math.Max(RequestBufferBytes, limits.MaxHeaderBytes); // of each connection
                server.Limits.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
                server.Limits.MaxRequestHeaderCount = limits.MaxHeaders;
                server.Limits.RequestHeadersTimeout = limits.HeaderTimeout;
                server.Limits.MaxConcurrentConnections = limits.MaxConnections;
            });
        services.AddOptions<HostOptions>()
            .Configure<InferenceOptions>((host, inference) => host.ShutdownTimeout = inference.ShutdownBudget + ShutdownMargin);
    }

    /// <summary>Binds a section, refuses keys it does not know, checks ranges at start, and hands out the value itself.</summary>
    private static void AddCheckedOptions<TOptions>(this IServiceCollection services, string section)
        where TOptions : class
    {
        services.AddOptions<TOptions>()
            .BindConfiguration(section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>>(new OptionsRanges<TOptions>(section));
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<TOptions>>().Value);
    }
}
