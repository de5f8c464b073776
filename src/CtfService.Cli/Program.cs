using CtfService.Cli;

return await CommandLine.RunAsync(args, Terminal.OfProcess());
