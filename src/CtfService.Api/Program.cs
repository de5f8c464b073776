using CtfService.Api.Bodies;
using CtfService.Api.Configuration;
using CtfService.Api.Description;
using CtfService.Api.Endpoints;
using CtfService.Api.Errors;
using CtfService.Api.Health;
using CtfService.Api.Idempotency;
using CtfService.Api.Models;
using CtfService.Api.Negotiation;
using CtfService.Api.Security;
using CtfService.Api.Telemetry;
using CtfService.Api.Uploads;
using CtfService.Inference;

if (ReadinessProbe.IsAskedFor(args))
{
    return await ReadinessProbe.RunAsync(args);
}

// The settings and the model that ship lie beside the program, wherever it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddSettings(args);
builder.AddTelemetry();
builder.Services.AddJson();
builder.Services.AddErrors();
builder.Services.AddSecurity();
builder.Services.AddGenerator();
builder.Services.AddInference();
builder.Services.AddHostedService<ReadyNotice>();
builder.Services.AddIdempotency();
builder.Services.AddUploads();
builder.Services.AddImageEndpoints();
builder.Services.AddApiDescription();

using var signals = SecondSignal.Watch();
var app = builder.Build();
app.UseRequestTelemetry();
app.UseHeadRequests();
app.UseSingleContentTypes();
app.UseRouting();
app.UseResponseHeaders();
app.UseErrors();
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
app.Run();
return 0;

/// <summary>Named so that tests can host it.</summary>
public partial class Program;
