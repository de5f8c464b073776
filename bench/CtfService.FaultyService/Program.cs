using CtfService.Api;
using CtfService.Api.Hosting;
using CtfService.Api.Telemetry;
using CtfService.FaultyService;
using CtfService.Inference;

// The service itself, with parts of the model that fail on command: POST /faults?kind=KIND&times=N, GET /faults, POST /faults/clock?seconds=N.
// GET /faults/held: what the process holds.
using var signals = StopSignals.Watch();
var (board, clock) = (new FaultBoard(), new MovableClock());
var app = Service.Build(args, signals, ownsProcess: true, services => services.AddFaults(board, clock));
app.StartTelemetry();
app.Services.StartLoading();
Service.Route(app);
app.MapPost("/faults", (FaultKind kind, int times) => board.Arm(kind, times));
app.MapPost("/faults/clock", (double seconds) => clock.Move(TimeSpan.FromSeconds(seconds)));
app.MapGet("/faults", () => board.Fired);
app.MapGet("/faults/held", () => new { Managed = GC.GetTotalMemory(forceFullCollection: true), Tensors = TorchSharp.torch.Tensor.TotalCount });
await app.RunAsync();
