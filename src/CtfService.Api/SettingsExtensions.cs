using CtfService.Api.Configuration;
using CtfService.Api.Hosting;
using CtfService.Api.Idempotency;
using CtfService.Api.Security;
using CtfService.Api.Telemetry;
using CtfService.Inference.Queue;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CtfService.Api;

/// <summary>Settings: where they come from, what they may be, and what they mean to the host.</summary>
internal static class SettingsExtensions
{
    /// <summary>The host's own shutdown must outlast the worker's, or the drained answers are cut off.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromSeconds(5);

    /// <summary>What a connection may send ahead of what is read; Kestrel's own default, 1 MiB, is much for ten thousand of them.</summary>
    private const int RequestBufferBytes = 128 * 1_024;

    /// <summary>Without a file left for the next connection the web server would try for ever.</summary>
    private static long MostConnections => ProcessLimits.OpenFiles is { } files ? Math.Max(1, files - ProcessLimits.OwnFiles) : long.MaxValue;

    public static void AddSettings(this WebApplicationBuilder builder, string[] args)
    {
        builder.Configuration.AddSettingSources(args);
        AddOptions(builder.Services);
        AddServerOptions(builder.Services);
    }

    /// <summary>Checks every setting. Before the host is built, which would stop at the first section with a problem.</summary>
    /// <exception cref="OptionsValidationException">Settings are wrong; with several sections, in an <see cref="AggregateException"/>.</exception>
    public static void RequireSettings(this WebApplicationBuilder builder)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(builder.Configuration);
        AddOptions(services);
        using var settings = services.BuildServiceProvider();
        settings.GetRequiredService<IStartupValidator>().Validate();
    }

    private static void AddOptions(IServiceCollection services)
    {
        services.AddCheckedOptions<ModelOptions>(ModelOptions.SectionName);
        services.AddSingleton<IValidateOptions<ModelOptions>, ModelAliasesValidator>();
        services.AddCheckedOptions<InferenceOptions>(InferenceOptions.SectionName);
        services.AddCheckedOptions<LimitsOptions>(LimitsOptions.SectionName);
        services.AddCheckedOptions<IdempotencyOptions>(IdempotencyOptions.SectionName);
        services.AddSingleton<IValidateOptions<LimitsOptions>, QueueCapacityValidator>();
        services.AddSingleton<IValidateOptions<LimitsOptions>, UploadBufferValidator>();
        services.AddCheckedOptions<TelemetryOptions>(TelemetryOptions.SectionName);
        services.AddSingleton<IValidateOptions<TelemetryOptions>, LogLevelsValidator>();
        services.AddCheckedOptions<SecurityOptions>(SecurityOptions.SectionName);
        services.AddSingleton<IValidateOptions<SecurityOptions>, SecurityOptionsValidator>();
        services.AddSingleton<IValidateOptions<SecurityOptions>, ListenAddressesValidator>();
        services.AddSingleton<IValidateOptions<SecurityOptions>, NetworkExposureValidator>();
        services.AddSingleton<IValidateOptions<ModelOptions>>(provider => new SectionNamesValidator(
            provider.GetRequiredService<IConfiguration>(),
            [
                ModelOptions.SectionName, InferenceOptions.SectionName, LimitsOptions.SectionName,
                IdempotencyOptions.SectionName, TelemetryOptions.SectionName, SecurityOptions.SectionName,
            ]));
    }

    private static void AddServerOptions(IServiceCollection services)
    {
        services.AddOptions<KestrelServerOptions>()
            .Configure<LimitsOptions>((server, limits) =>
            {
                server.AddServerHeader = false;
                server.Limits.MaxRequestBodySize = limits.MaxRequestBodyBytes;
                server.Limits.MaxRequestBufferSize = Math.Max(RequestBufferBytes, limits.MaxHeaderBytes); // of each connection
                server.Limits.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
                server.Limits.MaxRequestHeaderCount = limits.MaxHeaders;
                server.Limits.RequestHeadersTimeout = limits.HeaderTimeout;
                server.Limits.MaxConcurrentConnections = Math.Min(limits.MaxConnections, MostConnections);
            });
        services.AddOptions<HostOptions>()
            .Configure<InferenceOptions>((host, inference) => host.ShutdownTimeout = inference.ShutdownBudget + ShutdownMargin);
    }

    /// <summary>
    /// Binds a section, refuses keys it does not know and values that it cannot read, checks ranges at start, and hands out the value itself.
    /// </summary>
    private static void AddCheckedOptions<TOptions>(this IServiceCollection services, string section)
        where TOptions : class, new()
    {
        services.AddSingleton(provider => new SettingsSection<TOptions>(provider.GetRequiredService<IConfiguration>(), section));
        services.AddOptions<TOptions>().Configure<SettingsSection<TOptions>>((options, settings) => settings.Fitting.Bind(options)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>>(provider => provider.GetRequiredService<SettingsSection<TOptions>>());
        services.AddSingleton<IValidateOptions<TOptions>>(new OptionsRangeValidator<TOptions>(section));
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<TOptions>>().Value);
    }
}
