using System.CommandLine;
using System.Globalization;
using CtfService.Trials.Trials;

CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
var root = new RootCommand(
    "Trials of jobs, keys, clusters and load with real processes: kills, databases that restart, disks that fill, floods, callers who hang up. "
    + "Each starts and stops all that it needs. Exit code 0: everything held. 1: something did not. Run with -c Release.");
root.Add(KillTrial.Create());
root.Add(EmbeddedKillTrial.Create());
root.Add(LatencyTrial.Create());
root.Add(FairnessTrial.Create());
root.Add(KeysTrial.Create());
root.Add(FaultsTrial.Create());
root.Add(EngineFaultsTrial.Create());
root.Add(StartupTrial.Create());
root.Add(StartsTrial.Create());
root.Add(StopsTrial.Create());
root.Add(ClusterTrial.Create());
root.Add(RollingTrial.Create());
root.Add(GatewayTrial.Create());
root.Add(ReplayTrial.Create());
root.Add(OverloadTrial.Create());
root.Add(HangUpsTrial.Create());
root.Add(LimitsTrial.Create());
root.Add(SoakTrial.Create());

// After Ctrl+C a trial stops its processes and deletes its folders.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
