using CtfService.Api.Configuration;
using CtfService.Api.Description;
using CtfService.Api.Endpoints;
using CtfService.Api.Errors;
using CtfService.Api.Models;
using CtfService.Inference;

// The settings and the model that ship lie beside the program, wherever it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddSettings(args);
builder.Services.AddJson();
builder.Services.AddErrors();
builder.Services.AddGenerator();
builder.Services.AddInference();
builder.Services.AddImageEndpoints();
builder.Services.AddApiDescription();

var app = builder.Build();
app.UseErrors();
app.UseApiDescription();
app.MapImageEndpoints();
app.MapClassEndpoints();
app.MapModelEndpoints();
app.MapHealthEndpoints();
app.Run();

/// <summary>Named so that tests can host it.</summary>
public partial class Program;
