using CtfService.Api.Configuration;
using CtfService.Api.Hosting;
using CtfService.Api.Idempotency;
using CtfService.Api.Security;
using CtfService.Api.Studio;
using CtfService.Api.Telemetry;
using CtfService.Inference.Queue;
using CtfService.Jobs;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CtfService.Api;

/// <summary>Reads and validates the settings, and applies those that concern the host.</summary>
internal static class SettingsExtensions
{
    /// <summary>The host's shutdown must last longer than the worker's, so that the last responses are sent.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromSeconds(5);

    /// <summary>Read-ahead buffer of one connection. Kestrel's default of 1 MiB is too much for ten thousand connections.</summary>
    private const int RequestBufferBytes = 128 * 1_024;

    /// <summary>Limits the connections to the files that the process can open; without a free file, Kestrel would retry forever.</summary>
    private static long MostConnections => ProcessLimits.OpenFiles is { } files ? Math.Max(1, files - ProcessLimits.OwnFiles) : long.MaxValue;

    public static void AddSettings(this WebApplicationBuilder builder, string[] args)
    {
        builder.Configuration.AddSettingSources(args);
        AddOptions(builder.Services);
        AddServerOptions(builder.Services);
    }

    /// <summary>Checks every setting. Call before the host is built, which would report the first wrong section only.</summary>
    /// <exception cref="OptionsValidationException">Settings are wrong. If several sections are, the exception is an AggregateException.</exception>
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
        services.AddSingleton<IValidateOptions<ModelOptions>, ModelDevicesValidator>();
        services.AddCheckedOptions<InferenceOptions>(InferenceOptions.SectionName);
        services.AddCheckedOptions<LimitsOptions>(LimitsOptions.SectionName);
        services.AddCheckedOptions<IdempotencyOptions>(IdempotencyOptions.SectionName);
        services.AddSingleton<IValidateOptions<LimitsOptions>, QueueCapacityValidator>();
        services.AddSingleton<IValidateOptions<LimitsOptions>, UploadBufferValidator>();
        services.AddCheckedOptions<StorageOptions>(StorageOptions.SectionName);
        services.AddSingleton<IValidateOptions<StorageOptions>, ConnectionStringValidator>();
        services.AddJobOptionRules();
        services.AddCheckedOptions<JobsOptions>(JobsOptions.SectionName);
        services.AddCheckedOptions<TelemetryOptions>(TelemetryOptions.SectionName);
        services.AddSingleton<IValidateOptions<TelemetryOptions>, LogLevelsValidator>();
        services.AddCheckedOptions<StudioOptions>(StudioOptions.SectionName);
        services.AddCheckedOptions<SecurityOptions>(SecurityOptions.SectionName);
        services.AddSingleton<IValidateOptions<SecurityOptions>, SecurityOptionsValidator>();
        services.AddSingleton<IValidateOptions<SecurityOptions>, ListenAddressesValidator>();
        services.AddSingleton<IValidateOptions<SecurityOptions>, NetworkExposureValidator>();
        services.AddSingleton<IValidateOptions<ModelOptions>>(provider => new SectionNamesValidator(
            provider.GetRequiredService<IConfiguration>(),
            [
                ModelOptions.SectionName, InferenceOptions.SectionName, LimitsOptions.SectionName,
                IdempotencyOptions.SectionName, StorageOptions.SectionName, JobsOptions.SectionName, TelemetryOptions.SectionName, SecurityOptions.SectionName,
                StudioOptions.SectionName,
            ]));
    }

    private static void AddServerOptions(IServiceCollection services)
    {
        services.AddOptions<KestrelServerOptions>()
            .Configure<LimitsOptions>((server, limits) =>
            {
                server.AddServerHeader = false;
                server.Limits.MaxRequestBodySize = limits.MaxRequestBodyBytes;
                server.Limits.MaxRequestBufferSize = Math.Max(RequestBufferBytes, limits.MaxHeaderBytes); // per connection
                server.Limits.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
                server.Limits.MaxRequestHeaderCount = limits.MaxHeaders;
                server.Limits.RequestHeadersTimeout = limits.HeaderTimeout;
                server.Limits.MaxConcurrentConnections = Math.Min(limits.MaxConnections, MostConnections);
            });
        services.AddOptions<HostOptions>()
            .Configure<InferenceOptions>((host, inference) => host.ShutdownTimeout = inference.ShutdownBudget + ShutdownMargin);
    }

    /// <summary>
    /// Binds a section, rejects unknown keys and unreadable values, checks ranges at start, and registers the options record itself.
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
