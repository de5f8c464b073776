using CtfService.Gateway.Configuration;
using CtfService.Gateway.Endpoints;
using CtfService.Gateway.Errors;
using CtfService.Gateway.Forwarding;
using CtfService.Gateway.Replicas;
using CtfService.Gateway.Telemetry;

namespace CtfService.Gateway;

/// <summary>Builds the gateway: its components, and the middleware that each request passes.</summary>
internal static class GatewayHost
{
    /// <summary>Builds the host; its start checks the settings.</summary>
    /// <param name="configure">Changes the host before it is built, for tests.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddSettings(args);
        builder.AddTelemetry();
        builder.Services.AddReplicas();
        builder.Services.AddForwarding();
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseForwardedHeaders();
        app.UseRequestIds();
        app.UseErrors();
        app.UseRouting();
        app.MapHealthEndpoints();
        app.MapMetrics();
        app.MapModelList();
        app.MapRoutesOfOneReplica();
        app.MapForwarding();
        return app;
    }
}
