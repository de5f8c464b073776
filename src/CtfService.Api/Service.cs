using CtfService.Api.Batches;
using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Description;
using CtfService.Api.Endpoints;
using CtfService.Api.Errors;
using CtfService.Api.Hosting;
using CtfService.Api.Idempotency;
using CtfService.Api.Memory;
using CtfService.Api.Models;
using CtfService.Api.Security;
using CtfService.Api.Studio;
using CtfService.Api.Telemetry;
using CtfService.Inference;
using CtfService.Model.Memory;
using Microsoft.Extensions.Options;

namespace CtfService.Api;

/// <summary>The parts of the service, and the middleware that each request passes.</summary>
internal static class Service
{
    /// <summary>Builds the host after it has checked all settings; does not start it.</summary>
    /// <param name="signals">The signals that stop the host.</param>
    /// <param name="ownsProcess">True if the process is the service's alone and may end when a device hangs.</param>
    /// <param name="replace">Replaces parts, as a program that injects faults does; null for none.</param>
    /// <exception cref="StartRefusedException">The settings file is missing.</exception>
    /// <exception cref="OptionsValidationException">Settings are wrong. If several sections are, the exception is an AggregateException.</exception>
    public static WebApplication Build(string[] args, StopSignals signals, bool ownsProcess = false, Action<IServiceCollection>? replace = null)
    {
        NativeHeap.LimitArenas();

        // The shipped settings and model are in the program's folder, regardless of the current folder.
        StartFailures.RequireSettingsFile(AppContext.BaseDirectory);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddSettings(args);
        builder.RequireSettings();
        builder.FitIntoContainer();
        builder.Services.AddHostedService(provider => new MemoryTrim(NativeHeap.Trim, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<IHostLifetime>(signals);
        builder.AddTelemetry();
        builder.Services.AddJson();
        builder.Services.AddErrors();
        builder.Services.AddSecurity();
        builder.Services.AddGenerator();
        builder.Services.AddInference();
        if (ownsProcess)
        {
            builder.Services.AddStuckExit(services => exitCode => FinalExit.End(services.GetRequiredService<ILoggerFactory>(), exitCode));
        }

        builder.AddSharedState();
        builder.AddJobs();
        builder.Services.AddHostedService<ReadyNotice>();
        builder.Services.AddRequestWarmUp();
        builder.AddIdempotency();
        builder.Services.AddSingleton<UnsentResponses>();
        builder.Services.AddUploads();
        builder.Services.AddImageEndpoints();
        if (builder.Configuration.HasJobs())
        {
            builder.Services.AddFileEndpoints();
            builder.Services.AddBatches();
            builder.Services.AddDatasetEndpoints();
        }

        builder.Services.AddApiDescription();

        replace?.Invoke(builder.Services);
        var app = builder.Build();
        signals.AttachTo(app.Lifetime);
        return app;
    }

    /// <summary>Sets what each request passes, in order. Call before the host is started.</summary>
    public static void Route(WebApplication app)
    {
        app.UseRequestTelemetry();
        app.UseRequestWarmUp();
        app.UseHeadRequests();
        app.UseSingleContentTypes();
        app.UseRouting();
        app.UseResponseHeaders();
        app.UseErrors();
        app.UseSending();
        app.UseRequestBodies();
        app.UseSecurity();
        app.UsePlainBodies();
        app.UseUploads();
        app.UseIdempotency();
        app.UseApiDescription();
        var guarded = app.MapGuarded();
        guarded.MapImageEndpoints();
        if (app.Configuration.HasJobs())
        {
            guarded.MapFileEndpoints();
            guarded.MapBatchEndpoints();
            guarded.MapDatasetEndpoints();
        }

        guarded.MapClassEndpoints();
        guarded.MapModelEndpoints();
        guarded.MapStatusEndpoints();
        guarded.MapAdminEndpoints();
        guarded.MapKeyEndpoints();
        app.MapHealthEndpoints();
        app.MapStudio();
        app.MapMetrics();
    }
}
