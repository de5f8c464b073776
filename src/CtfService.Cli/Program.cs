using System.CommandLine;
using CtfService.Cli.Commands;

var root = new RootCommand("Train, convert, evaluate and measure coarse-to-fine image models.") { TrainTokenizerCommand.Create() };
return await root.Parse(args).InvokeAsync();
