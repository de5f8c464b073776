using System.Reflection;
using CtfService.Api;
using CtfService.Api.Hosting;
using CtfService.Api.Telemetry;
using CtfService.Inference;

try
{
    ProcessLimits.Require(); // first: with too few resources, anything can fail
    if (ReadinessProbe.IsAskedFor(args))
    {
        return await ReadinessProbe.RunAsync(args);
    }

    using var signals = StopSignals.Watch();
    var ownsProcess = Assembly.GetEntryAssembly() == typeof(Program).Assembly; // not in the host of another program, such as a test
    var app = Service.Build(args, signals, ownsProcess);
    FirstLoad? first = null;
    if (ownsProcess) // another program listens elsewhere
    {
        await ListenCheck.RequireAsync(app.Configuration);
        await StoreCheck.RequireAsync(app.Services);
        first = FirstLoad.Watch(app.Services);
    }

    app.StartTelemetry();
    app.Services.StartLoading(); // beside the rest of the start
    Service.Route(app);
    await app.RunAsync();
    first?.ThrowIfRefused();
    return 0;
}
catch (Exception error) when (StartFailures.Describe(error) is { } problems)
{
    return StartFailures.Report(problems, StartFailures.ExitCodeOf(error));
}

/// <summary>Public so that tests can host the service.</summary>
public partial class Program;
