using CtfService.Cli;
using CtfService.Cli.Shell;

return await CommandLine.RunAsync(args, Terminal.OfProcess());
