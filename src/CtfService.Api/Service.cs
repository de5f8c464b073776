using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Description;
using CtfService.Api.Endpoints;
using CtfService.Api.Errors;
using CtfService.Api.Hosting;
using CtfService.Api.Http;
using CtfService.Api.Idempotency;
using CtfService.Api.Models;
using CtfService.Api.Security;
using CtfService.Api.Telemetry;
using CtfService.Api.Uploads;
using CtfService.Inference;
using Microsoft.Extensions.Options;

namespace CtfService.Api;

/// <summary>The service put together: what it is made of, and what a request passes.</summary>
internal static class Service
{
    /// <summary>Settings are checked; nothing runs yet.</summary>
    /// <param name="signals">Stop what is built.</param>
    /// <exception cref="StartRefusedException">The settings file is not there.</exception>
    /// <exception cref="OptionsValidationException">Settings are wrong; with several sections, in an <see cref="AggregateException"/>.</exception>
    public static WebApplication Build(string[] args, StopSignals signals)
    {
        // The settings and the model that ship lie beside the program, wherever it is started from.
        StartFailures.RequireSettingsFile(AppContext.BaseDirectory);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddSettings(args);
        builder.RequireSettings();
        builder.Services.AddSingleton<IHostLifetime>(signals);
        builder.AddTelemetry();
        builder.Services.AddJson();
        builder.Services.AddErrors();
        builder.Services.AddSecurity();
        builder.Services.AddGenerator();
        builder.Services.AddInference();
        builder.Services.AddHostedService<ReadyNotice>();
        builder.Services.AddIdempotency();
        builder.Services.AddSingleton<UnsentResponses>();
        builder.Services.AddUploads();
        builder.Services.AddImageEndpoints();
        builder.Services.AddApiDescription();

        var app = builder.Build();
        signals.AttachTo(app.Lifetime);
        app.UseRequestTelemetry();
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
        guarded.MapClassEndpoints();
        guarded.MapModelEndpoints();
        guarded.MapAdminEndpoints();
        app.MapHealthEndpoints();
        app.MapMetrics();
        return app;
    }
}
