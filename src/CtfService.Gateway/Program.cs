using CtfService.Gateway;
using CtfService.Gateway.Configuration;

if (ReadinessProbe.IsAskedFor(args))
{
    return await ReadinessProbe.RunAsync(args);
}

try
{
    var app = GatewayHost.Build(args);
    await app.RunAsync();
    return 0;
}
catch (Exception error) when (StartFailures.Describe(error) is { } problems)
{
    return StartFailures.Report(problems);
}
